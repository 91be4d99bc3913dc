//! A template: its sections, read and checked for their shape.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>

mod capability;
mod creation_policy;
mod document;
mod output;
mod parameter;
mod resource;
mod rule;
mod shape;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

pub use capability::Capability;
pub use output::Output;
pub use parameter::{Parameter, ParameterError, ParameterKind};
pub use resource::{DeletionPolicy, ResourceDefinition};
pub use rule::{Assertion, Rule, RuleViolation};
pub(crate) use shape::scalar_text;

/// The largest template that may stand inline in a request, in bytes.
pub const MAX_INLINE_BYTES: usize = 51_200;
/// The largest template that may be read from a bucket, in bytes.
pub const MAX_BYTES: usize = 1_048_576;
/// The largest number of resources in a template.
pub const MAX_RESOURCES: usize = 500;
/// The largest number of parameters in a template.
pub const MAX_PARAMETERS: usize = 200;
/// The largest number of outputs in a template.
pub const MAX_OUTPUTS: usize = 200;
/// The largest number of mappings in a template.
pub const MAX_MAPPINGS: usize = 200;

/// Why a text is no template, in CloudFormation's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TemplateError {
    #[error("Template format error: {format} not well-formed. ({place}): {detail}")]
    NotWellFormed { format: &'static str, place: String, detail: String },
    #[error("Template format error: YAML aliases are not allowed in CloudFormation templates")]
    Aliases,
    #[error("Template format error: {0}")]
    Format(String),
    #[error("Invalid template property or properties [{}]", .0.join(", "))]
    UnknownSections(Vec<String>),
    #[error("Invalid template {section} property '{key}' at [{path}]")]
    UnknownKey { section: &'static str, key: String, path: String },
    #[error("Template error: {0}")]
    Expression(String),
}

/// A template whose sections have the right shape. References between them are checked by [`Template::check`].
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    document: Value,
    parameters: IndexMap<String, Parameter>,
    rules: IndexMap<String, Rule>,
    resources: IndexMap<String, ResourceDefinition>,
    outputs: IndexMap<String, Output>,
    language_extensions: bool,
}

impl Template {
    /// Reads a template in YAML or JSON of at most [`MAX_BYTES`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > MAX_BYTES {
            return Err(TemplateError::Format(format!(
                "a template may have at most {MAX_BYTES} bytes, this one has {}",
                text.len()
            )));
        }
        let document = document::read(text)?;
        let sections = shape::Sections::of(&document)?;
        Ok(Self {
            parameters: parameter::read_all(sections.get("Parameters"))?,
            rules: rule::read_all(sections.get("Rules"))?,
            resources: resource::read_all(sections.get("Resources"))?,
            outputs: output::read_all(sections.get("Outputs"))?,
            language_extensions: sections.language_extensions(),
            text: text.to_owned(),
            document,
        })
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole template as JSON, with the short forms of intrinsics written out.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The template's `Description`, or an empty text.
    #[must_use]
    pub fn description(&self) -> &str {
        self.document.get("Description").and_then(Value::as_str).unwrap_or_default()
    }

    /// The template's `AWSTemplateFormatVersion`, where it has one.
    #[must_use]
    pub fn format_version(&self) -> Option<&str> {
        self.document.get("AWSTemplateFormatVersion").and_then(Value::as_str)
    }

    /// The template's `Metadata`, or `Null`.
    #[must_use]
    pub fn metadata(&self) -> &Value {
        self.document.get("Metadata").unwrap_or(&Value::Null)
    }

    /// The parameters in the order of the template.
    #[must_use]
    pub fn parameters(&self) -> &IndexMap<String, Parameter> {
        &self.parameters
    }

    /// The rules in the order of the template.
    #[must_use]
    pub fn rules(&self) -> &IndexMap<String, Rule> {
        &self.rules
    }

    /// The resources in the order of the template.
    #[must_use]
    pub fn resources(&self) -> &IndexMap<String, ResourceDefinition> {
        &self.resources
    }

    /// The outputs in the order of the template.
    #[must_use]
    pub fn outputs(&self) -> &IndexMap<String, Output> {
        &self.outputs
    }

    /// The named conditions, not evaluated.
    #[must_use]
    pub fn conditions(&self) -> Option<&Map<String, Value>> {
        self.document.get("Conditions").and_then(Value::as_object)
    }

    /// The mappings: name, top-level key, second-level key, value.
    #[must_use]
    pub fn mappings(&self) -> Option<&Map<String, Value>> {
        self.document.get("Mappings").and_then(Value::as_object)
    }

    /// Whether the transform `AWS::LanguageExtensions` is declared.
    #[must_use]
    pub fn language_extensions(&self) -> bool {
        self.language_extensions
    }

    /// The capabilities that must be acknowledged, with the types that ask for them.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>
    #[must_use]
    pub fn capabilities(&self) -> (Option<Capability>, Vec<String>) {
        capability::required(&self.resources)
    }

    /// Evaluates the `Rules` section over parameter values; a parameter that is not in `values` counts with its default.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>
    pub fn check_rules(&self, values: &BTreeMap<String, String>) -> Result<(), Vec<RuleViolation>> {
        rule::check(self, values)
    }
}
