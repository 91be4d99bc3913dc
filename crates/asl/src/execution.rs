use std::time::Duration;

use serde_json::Value;

use crate::Failure;

/// The largest input or output of a state, a task or an execution, in bytes of UTF-8.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub const MAX_PAYLOAD_BYTES: usize = 256 * 1024;

/// Who runs: what the context object tells about the execution and its machine, and what bounds it.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Execution {
    /// `$$.Execution.Id`: the execution's ARN.
    pub id: String,
    /// `$$.Execution.Name`.
    pub name: String,
    /// `$$.Execution.RoleArn`.
    pub role_arn: String,
    /// `$$.StateMachine.Id`: the machine's ARN.
    pub machine_id: String,
    /// `$$.StateMachine.Name`.
    pub machine_name: String,
    /// How long it may run, beside the machine's own `TimeoutSeconds`: five minutes for Express.
    pub timeout: Option<Duration>,
    /// How many events its history may have: 25,000 for Standard; none for Express. The execution fails at the limit.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
    pub max_events: Option<u64>,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With this output.
    Succeeded(Value),
    /// With an error that nothing handled.
    Failed(Failure),
    /// It took longer than the machine or [`Execution::timeout`] allows.
    TimedOut(Failure),
}
