use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::mpsc;
use serde_json::Value;

/// One call that a Task state makes.
#[derive(Debug)]
pub struct TaskCall<'a> {
    /// The name of the state.
    pub state: &'a str,
    /// The state's `Resource`, as it stands in the definition.
    pub resource: &'a str,
    /// What the state passes: its effective input, or what `Parameters` or `Arguments` made.
    pub arguments: Value,
    /// What `Credentials` gave, such as `{"RoleArn": "…"}`.
    pub credentials: Option<Value>,
    /// The context object as the state sees it.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
    pub context: &'a Value,
    /// How often this state was tried before.
    pub retry: u64,
    /// How long the call may take. The interpreter enforces it by dropping the call.
    pub timeout: Option<Duration>,
    /// Tells the interpreter that the work goes on, where the state has `HeartbeatSeconds`.
    pub heartbeat: &'a Heartbeat,
}

/// What a task says when it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskError {
    /// The error name that Retry and Catch match, such as `Lambda.TooManyRequestsException`.
    pub error: String,
    /// What happened, for people; often JSON text.
    pub cause: String,
}

/// What Task states call. The interpreter knows no service: it hands over the resource and the arguments.
///
/// A call ends early by being dropped: when its state times out, a sibling branch fails or the execution is stopped.
#[async_trait]
pub trait Tasks: Send + Sync {
    /// Does the work of one Task state and answers with its result.
    async fn call(&self, call: TaskCall<'_>) -> Result<Value, TaskError>;
}

/// How a task says that it is alive; see [`TaskCall::heartbeat`].
#[derive(Debug)]
pub struct Heartbeat(Mutex<mpsc::Sender<()>>);

impl Heartbeat {
    pub(crate) fn new() -> (Self, mpsc::Receiver<()>) {
        let (sender, receiver) = mpsc::channel(1);
        (Self(Mutex::new(sender)), receiver)
    }

    /// Starts the heartbeat interval anew.
    pub fn beat(&self) {
        if let Ok(mut sender) = self.0.lock() {
            // A full channel holds a beat that has not been seen yet, which says the same.
            let _ = sender.try_send(());
        }
    }
}
