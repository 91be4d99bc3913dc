//! The world of an execution under test: tasks that follow a script, and a clock that jumps.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use asl::{Clock, Event, Execution, Host, Machine, Observer, Outcome, TaskCall, TaskError, Tasks};
use async_trait::async_trait;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::Instant;

/// What a task does when it is called.
#[derive(Clone)]
pub struct Act {
    /// How long it takes, in seconds.
    pub seconds: u64,
    /// After how many seconds each it gives a sign of life.
    pub beat: Option<u64>,
    pub answer: Result<Value, TaskError>,
}

/// Calls take the acts in turn; when none is left, a task answers with its arguments at once.
pub struct World {
    acts: Mutex<VecDeque<Act>>,
    pub calls: Mutex<Vec<Value>>,
    pub events: Mutex<Vec<Event>>,
    jitter: f64,
    begin: Instant,
}

#[async_trait]
impl Tasks for World {
    async fn call(&self, call: TaskCall<'_>) -> Result<Value, TaskError> {
        self.calls.lock().unwrap().push(call.arguments.clone());
        let act = self.acts.lock().unwrap().pop_front();
        let Some(act) = act else { return Ok(call.arguments) };
        let end = Instant::now() + Duration::from_secs(act.seconds);
        while let Some(beat) = act.beat
            && Instant::now() + Duration::from_secs(beat) < end
        {
            tokio::time::sleep(Duration::from_secs(beat)).await;
            call.heartbeat.beat();
        }
        tokio::time::sleep_until(end).await;
        act.answer
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> OffsetDateTime {
        datetime!(2024-01-01 00:00 UTC) + self.begin.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn jitter(&self) -> f64 {
        self.jitter
    }
}

impl Observer for World {
    fn observe(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }
}

/// How an execution went.
pub struct Report {
    pub outcome: Outcome,
    pub elapsed: Duration,
    pub calls: Vec<Value>,
    pub events: Vec<Event>,
}

/// Runs a machine in a time that jumps whenever everything waits.
pub fn run(machine: &Machine, input: Value, acts: Vec<Act>, jitter: f64) -> Report {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let world = World {
            acts: Mutex::new(acts.into()),
            calls: Mutex::default(),
            events: Mutex::default(),
            jitter,
            begin: Instant::now(),
        };
        let execution = Execution {
            id: "arn:aws:states:us-east-1:000000000000:execution:machine:run".into(),
            name: "run".into(),
            role_arn: "arn:aws:iam::000000000000:role/role".into(),
            machine_id: "arn:aws:states:us-east-1:000000000000:stateMachine:machine".into(),
            machine_name: "machine".into(),
            timeout: None,
            max_events: Some(500),
        };
        let host = Host { tasks: &world, clock: &world, observer: &world };
        let outcome = machine.run(input, &execution, host).await;
        Report {
            outcome,
            elapsed: world.begin.elapsed(),
            calls: world.calls.into_inner().unwrap(),
            events: world.events.into_inner().unwrap(),
        }
    })
}
