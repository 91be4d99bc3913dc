use asl::{Clock, Event, Execution, Host, Machine, Observer, Outcome, TaskCall, TaskError, Tasks};
use async_trait::async_trait;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::Instant;

/// How many events an execution may have here; the longest history in Step Functions has 25,000.
const MAX_EVENTS: u64 = 500;

/// Tasks answer with their arguments, or fail where these have a member `fail`. Time jumps when everything waits.
struct World {
    begin: Instant,
    events: AtomicU64,
}

#[async_trait]
impl Tasks for World {
    async fn call(&self, call: TaskCall<'_>) -> Result<Value, TaskError> {
        match call.arguments.get("fail") {
            None => Ok(call.arguments),
            Some(error) => Err(TaskError {
                error: error.as_str().unwrap_or("States.TaskFailed").to_owned(),
                cause: error.to_string(),
            }),
        }
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> OffsetDateTime {
        datetime!(2024-01-01 00:00 UTC)
            .saturating_add(time::Duration::try_from(self.begin.elapsed()).unwrap_or(time::Duration::MAX))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn jitter(&self) -> f64 {
        0.5
    }
}

impl Observer for World {
    fn observe(&self, event: Event) {
        self.events.fetch_max(event.id, Ordering::Relaxed);
    }
}

/// Runs a machine to its end, as an Express execution would run; gives how it ended and how many events it had.
///
/// # Panics
/// The machine's time cannot be made, which nothing in an input can cause.
#[must_use]
pub fn run(machine: &Machine, input: Value) -> (Outcome, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let Ok(runtime) = runtime else { panic!("a runtime without input and output cannot fail to start") };
    runtime.block_on(async {
        let world = World { begin: Instant::now(), events: AtomicU64::new(0) };
        let execution = Execution {
            id: "arn:aws:states:us-east-1:000000000000:execution:machine:run".into(),
            name: "run".into(),
            role_arn: "arn:aws:iam::000000000000:role/role".into(),
            machine_id: "arn:aws:states:us-east-1:000000000000:stateMachine:machine".into(),
            machine_name: "machine".into(),
            timeout: Some(Duration::from_mins(5)),
            max_events: Some(MAX_EVENTS),
        };
        let host = Host { tasks: &world, clock: &world, observer: &world };
        let outcome = machine.run(input, &execution, host).await;
        (outcome, world.events.load(Ordering::Relaxed))
    })
}
