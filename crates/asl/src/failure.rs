use std::fmt::Display;

/// Why a state, a branch or an execution failed: an error name and a text for people.
///
/// Both may be absent, since a Fail state needs neither.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// The error name, such as `States.Timeout` or one of the task's own.
    pub error: Option<String>,
    /// What happened, for people; often JSON text.
    pub cause: Option<String>,
}

/// The error names that the language defines and that the interpreter itself reports or matches.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation>
pub(crate) mod names {
    pub(crate) const ALL: &str = "States.ALL";
    pub(crate) const BRANCH_FAILED: &str = "States.BranchFailed";
    pub(crate) const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
    pub(crate) const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
    pub(crate) const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
    pub(crate) const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
    pub(crate) const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
    pub(crate) const RUNTIME: &str = "States.Runtime";
    pub(crate) const TASK_FAILED: &str = "States.TaskFailed";
    pub(crate) const TIMEOUT: &str = "States.Timeout";
}

impl Failure {
    /// A failure with an error name and a cause.
    pub fn new(error: impl Into<String>, cause: impl Display) -> Self {
        Self { error: Some(error.into()), cause: Some(cause.to_string()) }
    }

    /// An error that neither Retry nor Catch handles.
    pub(crate) fn runtime(cause: impl Display) -> Self {
        Self::new(names::RUNTIME, cause)
    }

    pub(crate) fn query(cause: impl Display) -> Self {
        Self::new(names::QUERY_EVALUATION_ERROR, cause)
    }

    pub(crate) fn error_name(&self) -> &str {
        self.error.as_deref().unwrap_or_default()
    }
}
