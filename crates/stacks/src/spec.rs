//! What is wanted of a stack.

use std::collections::{BTreeMap, BTreeSet};

/// A stack to create or to update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackSpec {
    /// The stack's name, `[a-zA-Z][-a-zA-Z0-9]{0,127}`.
    pub name: String,
    /// The template's text, at most 51,200 bytes.
    pub template_body: String,
    /// Parameter values that the caller gives.
    pub parameters: BTreeMap<String, String>,
    /// Parameters whose deployed value stays (`UsePreviousValue`) where `parameters` gives none.
    pub keep: BTreeSet<String>,
    /// Parameters that take a value from the blackboard: parameter name to blackboard name.
    pub inputs: BTreeMap<String, String>,
    /// Outputs that go to the blackboard under their own names.
    pub outputs: BTreeSet<String>,
    /// The stack's tags, which CloudFormation passes on to its resources.
    pub tags: BTreeMap<String, String>,
    /// `CAPABILITY_IAM`, `CAPABILITY_NAMED_IAM`, `CAPABILITY_AUTO_EXPAND`.
    pub capabilities: Vec<String>,
    /// Whether the stack refuses `DeleteStack`.
    pub termination_protection: bool,
    /// How many REST APIs the template declares; see [`crate::Pacing::rest_api_deletion`].
    pub rest_apis: u32,
}

/// A stack to delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteSpec {
    /// The stack's name or ID.
    pub name: String,
    /// Names of stacks that use this one and must be gone first. A name that is not deleted along is ignored.
    pub after: BTreeSet<String>,
    /// How many REST APIs the stack has; see [`crate::Pacing::rest_api_deletion`].
    pub rest_apis: u32,
}
