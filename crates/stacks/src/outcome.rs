//! How it ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::ResourceEvent;

/// What became of one stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackReport {
    /// The stack's name.
    pub stack: String,
    /// The stack's ID, where the stack exists or existed.
    pub stack_id: Option<String>,
    pub outcome: Outcome,
    /// From the first call to the last, in milliseconds; waiting for inputs does not count.
    pub elapsed_ms: u64,
    /// The stack's outputs; empty where it does not stand.
    pub outputs: BTreeMap<String, String>,
    /// The stack's parameters as deployed; empty where it does not stand.
    pub parameters: BTreeMap<String, String>,
}

/// How an operation on a stack ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    Created,
    Updated,
    /// There was nothing to update.
    Unchanged,
    Deleted,
    /// There was nothing to delete.
    Absent,
    Failed(Failure),
    /// Not begun, because something that it needs is not there.
    Skipped {
        cause: String,
    },
    /// Left as it is, because the caller cancelled; the endpoint goes on with what was begun.
    Interrupted,
}

impl Outcome {
    /// Whether the stack is as the caller wants it.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::Unchanged | Self::Deleted | Self::Absent)
    }
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The stack's status after the failure (`ROLLBACK_COMPLETE`), or `None` where a call was refused before any change.
    pub status: Option<String>,
    /// What failed, in one line.
    pub message: String,
    /// The first resource that failed, where one did.
    pub cause: Option<Cause>,
}

/// The first failure of a resource in an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub logical_id: String,
    pub resource_type: String,
    pub physical_id: Option<String>,
    /// `CREATE_FAILED`, `UPDATE_FAILED`, `DELETE_FAILED`.
    pub status: String,
    pub reason: String,
    /// RFC 3339, UTC.
    pub at: String,
}

impl From<&ResourceEvent> for Cause {
    fn from(event: &ResourceEvent) -> Self {
        Self {
            logical_id: event.logical_id.clone(),
            resource_type: event.resource_type.clone(),
            physical_id: event.physical_id.clone(),
            status: event.status.clone(),
            reason: event.reason.clone().unwrap_or_else(|| "no reason given".to_owned()),
            at: event.at.clone(),
        }
    }
}
