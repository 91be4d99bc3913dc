//! What callers ask of the engine.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Where the template of a call comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TemplateSource {
    /// The text in the request; at most [`crate::template::MAX_INLINE_BYTES`].
    Inline(String),
    /// The text read from a bucket; at most [`crate::template::MAX_BYTES`].
    Fetched(String),
    /// The template that the stack has.
    #[default]
    Previous,
}

/// The value of a parameter in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterInput {
    Value(String),
    /// The value that the stack has (`UsePreviousValue`).
    Previous,
}

/// What becomes of a stack whose creation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    DoNothing,
    Rollback,
    Delete,
}

impl OnFailure {
    /// `DO_NOTHING`, `ROLLBACK` or `DELETE`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "DO_NOTHING" => Self::DoNothing,
            "ROLLBACK" => Self::Rollback,
            "DELETE" => Self::Delete,
            _ => return None,
        })
    }

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DoNothing => "DO_NOTHING",
            Self::Rollback => "ROLLBACK",
            Self::Delete => "DELETE",
        }
    }
}

/// The input of `CreateStack`, `UpdateStack` and `CreateChangeSet`.
#[derive(Clone, Debug, Default)]
pub struct StackInput {
    /// A name; for updates a stack ID will do as well.
    pub stack_name: String,
    pub template: TemplateSource,
    pub parameters: BTreeMap<String, ParameterInput>,
    pub capabilities: Vec<String>,
    /// `None` keeps the tags of the stack.
    pub tags: Option<BTreeMap<String, String>>,
    pub notification_arns: Option<Vec<String>>,
    pub role_arn: Option<String>,
    pub on_failure: Option<OnFailure>,
    pub disable_rollback: Option<bool>,
    pub retain_except_on_create: bool,
    /// Minutes until creation counts as failed.
    pub timeout_minutes: Option<u32>,
    pub termination_protection: Option<bool>,
    pub client_request_token: Option<String>,
}

impl StackInput {
    /// A digest of everything but the token, which tells whether a token is used for the same call again.
    pub(crate) fn fingerprint(&self, operation: &str) -> String {
        let parameters: BTreeMap<&str, Value> = self
            .parameters
            .iter()
            .map(|(name, value)| match value {
                ParameterInput::Value(value) => (name.as_str(), json!(value)),
                ParameterInput::Previous => (name.as_str(), Value::Null),
            })
            .collect();
        let template = match &self.template {
            TemplateSource::Inline(text) | TemplateSource::Fetched(text) => Some(text),
            TemplateSource::Previous => None,
        };
        let whole = json!([
            operation,
            self.stack_name,
            template,
            parameters,
            self.capabilities,
            self.tags,
            self.notification_arns,
            self.role_arn,
            self.on_failure.map(OnFailure::as_str),
            self.disable_rollback,
            self.timeout_minutes,
        ]);
        hex::encode(Sha256::digest(whole.to_string()))
    }
}

/// The input of `DeleteStack`.
#[derive(Clone, Debug, Default)]
pub struct DeleteInput {
    pub stack_name: String,
    /// Logical IDs that stay behind; only from `DELETE_FAILED`.
    pub retain_resources: Vec<String>,
    /// `FORCE_DELETE_STACK`: resources that cannot be deleted stay behind; only from `DELETE_FAILED`.
    pub force: bool,
    pub client_request_token: Option<String>,
}

/// What a change set does to its stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangeSetKind {
    Create,
    #[default]
    Update,
}

/// The input of `CreateChangeSet`.
#[derive(Clone, Debug, Default)]
pub struct ChangeSetInput {
    pub name: String,
    pub kind: ChangeSetKind,
    pub description: Option<String>,
    pub stack: StackInput,
}

/// The input of `ExecuteChangeSet`.
#[derive(Clone, Debug, Default)]
pub struct ExecuteInput {
    /// A name or an ARN.
    pub change_set: String,
    /// Needed where the change set is given by name.
    pub stack_name: Option<String>,
    pub disable_rollback: Option<bool>,
    pub client_request_token: Option<String>,
}
