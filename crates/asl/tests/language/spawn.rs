//! The future of an execution may move between threads.

use asl::{Clock, Execution, Host, Machine, NoObserver, TaskCall, TaskError, Tasks};
use async_trait::async_trait;
use serde_json::{Value, json};

struct Echo;

#[async_trait]
impl Tasks for Echo {
    async fn call(&self, call: TaskCall<'_>) -> Result<Value, TaskError> {
        Ok(call.arguments)
    }
}

struct Stopped;

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::UNIX_EPOCH
    }

    async fn sleep(&self, _duration: std::time::Duration) {}
}

#[tokio::test]
async fn an_execution_can_be_spawned() {
    let definition = r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem",
        "Arguments": {"n": "{% $states.input.n + 1 %}"}, "Output": "{% $states.result.n * 2 %}", "End": true}}}"#;
    let machine = std::sync::Arc::new(Machine::parse(definition).unwrap());
    let spawned = tokio::spawn(async move {
        let host = Host { tasks: &Echo, clock: &Stopped, observer: &NoObserver };
        machine.run(json!({"n": 20}), &Execution::default(), host).await
    });
    assert_eq!(spawned.await.unwrap(), asl::Outcome::Succeeded(json!(42)));
}
