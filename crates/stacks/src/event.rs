//! What happens while stacks are applied or deleted.

use serde::{Deserialize, Serialize};

use crate::outcome::StackReport;

/// One state change. The serde form is stable: a `type` in snake case beside the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The stack waits for values that are not on the blackboard, or for stacks that must be deleted first.
    Waiting { stack: String, on: Vec<String> },
    /// An operation began. `operation` is `create`, `update` or `delete`; `adopted` tells that somebody else began it.
    Started { stack: String, operation: String, adopted: bool },
    /// The stack stood in a state that admits no update and is brought out of it.
    Recovering { stack: String, status: String, recovery: Recovery },
    /// A resource, or the stack itself, changed its state.
    Resource(ResourceEvent),
    /// The endpoint refused a call for its rate; the call is repeated after so many milliseconds.
    Throttled { stack: String, operation: String, pause_ms: u64 },
    /// Nothing more happens to the stack.
    Finished(StackReport),
}

impl Event {
    /// The name of the stack that the event is about.
    #[must_use]
    pub fn stack(&self) -> &str {
        match self {
            Self::Waiting { stack, .. }
            | Self::Started { stack, .. }
            | Self::Recovering { stack, .. }
            | Self::Throttled { stack, .. } => stack,
            Self::Resource(event) => &event.stack,
            Self::Finished(report) => &report.stack,
        }
    }
}

/// How a stack is brought out of a state that admits no update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Deleted and created again.
    Replace,
    /// `ContinueUpdateRollback`.
    ContinueRollback,
    /// Emptied and deleted once more.
    DeleteAgain,
}

/// An event of a stack, as `DescribeStackEvents` gives it.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceEvent {
    /// The stack's name.
    pub stack: String,
    /// RFC 3339, UTC.
    pub at: String,
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub resource_type: String,
    /// `CREATE_IN_PROGRESS`, `UPDATE_FAILED` …
    pub status: String,
    pub reason: Option<String>,
    /// Whether the event is about the stack as a whole.
    pub of_stack: bool,
}
