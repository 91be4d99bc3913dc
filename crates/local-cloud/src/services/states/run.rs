//! Running executions.

use std::sync::Arc;
use std::time::Duration;

use asl::{Clock, Event, Failure, Host, Observer, Outcome};
use async_trait::async_trait;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::execution::{Execution, Start};
use super::integration::RoleTasks;
use super::logging::ExecutionLog;
use super::{MachineType, StatesError};
use crate::Services;
use crate::wire::epoch_millis;

/// How long an Express execution may take.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const EXPRESS_TIMEOUT: Duration = Duration::from_mins(5);
/// How many events a Standard execution may have.
const MAX_EVENTS: u64 = 25_000;

/// The machine's clock.
struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Writes events down where they are asked for.
struct Recorder {
    log: Option<ExecutionLog>,
    history: Option<(Arc<Execution>, String)>,
}

impl Recorder {
    fn of(services: &Services, start: &Start, history: Option<Arc<Execution>>) -> Self {
        Self {
            log: ExecutionLog::new(services, &start.revision, &start.arn),
            history: history.map(|execution| (execution, services.context.region.clone())),
        }
    }
}

impl Observer for Recorder {
    fn observe(&self, event: Event) {
        if let Some(log) = &self.log {
            log.write(&event);
        }
        if let Some((execution, region)) = &self.history {
            execution.note(&event, region);
        }
    }

    fn is_watching(&self) -> bool {
        self.log.is_some() || self.history.is_some()
    }
}

/// How a synchronous execution ended.
pub(super) struct Ended {
    pub outcome: Outcome,
    /// Milliseconds since the epoch.
    pub started_at: i64,
    pub stopped_at: i64,
    pub duration: Duration,
}

/// Runs an Express execution to its end. It goes on where the caller no longer waits, as with AWS.
pub(super) async fn run_express(
    services: &Arc<Services>,
    start: Start,
    input: Value,
) -> Result<Ended, StatesError> {
    let (started_at, begun) = (epoch_millis(), Instant::now());
    let permit = services.states.permit()?;
    let (tell, told) = oneshot::channel();
    spawn(services, async move |services| {
        let _permit = permit;
        let recorder = Recorder::of(&services, &start, None);
        let outcome = interpret(&services, &start, MachineType::Express, input, &recorder).await;
        let ended = Ended { outcome, started_at, stopped_at: epoch_millis(), duration: begun.elapsed() };
        // Nobody listens where the caller went away.
        let _gone = tell.send(ended);
    });
    told.await.map_err(|_| StatesError::Stopping)
}

/// Starts an Express execution that nobody waits for; gives its ARN and when it began.
pub(super) fn start_express(
    services: &Arc<Services>,
    start: Start,
    input: Value,
) -> Result<(String, i64), StatesError> {
    let (arn, started_at, permit) = (start.arn.clone(), epoch_millis(), services.states.permit()?);
    spawn(services, async move |services| {
        let _permit = permit;
        let recorder = Recorder::of(&services, &start, None);
        interpret(&services, &start, MachineType::Express, input, &recorder).await;
    });
    Ok((arn, started_at))
}

/// Starts a Standard execution; gives its ARN and when it began.
pub(super) fn start_standard(
    services: &Arc<Services>,
    start: Start,
    input: Value,
) -> Result<(String, i64), StatesError> {
    let permit = services.states.permit()?;
    let (execution, is_new) = services.states.executions.add(Execution::new(start.clone()))?;
    let answer = (execution.arn.clone(), execution.started_at);
    if is_new {
        spawn(services, async move |services| {
            let _permit = permit;
            let recorder = Recorder::of(&services, &start, Some(Arc::clone(&execution)));
            tokio::select! {
                outcome = interpret(&services, &start, MachineType::Standard, input, &recorder) => execution.end(outcome),
                () = execution.stopped.cancelled() => {}
            }
        });
    }
    Ok(answer)
}

/// Stops a Standard execution and gives when it ended.
pub(super) fn stop(services: &Services, execution: &Execution, failure: Failure) -> i64 {
    let (stopped_at, aborted) = execution.stop(failure);
    let log = aborted.then(|| ExecutionLog::new(services, &execution.revision, &execution.arn)).flatten();
    if let (Some(log), Some(event)) = (log, execution.events().last()) {
        log.write_aborted(event);
    }
    stopped_at
}

/// Runs work that ends when the cloud stops.
fn spawn<F: Future<Output = ()> + Send + 'static>(
    services: &Arc<Services>,
    work: impl FnOnce(Arc<Services>) -> F,
) {
    let stopping = services.context.stopping.clone();
    let work = work(Arc::clone(services));
    services.context.tasks.spawn(async move {
        stopping.run_until_cancelled(work).await;
    });
}

async fn interpret(
    services: &Arc<Services>,
    start: &Start,
    kind: MachineType,
    input: Value,
    recorder: &Recorder,
) -> Outcome {
    let role_arn = &start.revision.settings.role_arn;
    let tasks = RoleTasks {
        services: Arc::clone(services),
        role_arn: role_arn.clone(),
        kind,
        session: start.name.clone(),
    };
    let execution = asl::Execution {
        id: start.arn.clone(),
        name: start.name.clone(),
        role_arn: role_arn.clone(),
        machine_id: start.machine_arn.clone(),
        machine_name: start.machine_name.clone(),
        timeout: (kind == MachineType::Express).then_some(EXPRESS_TIMEOUT),
        max_events: (kind == MachineType::Standard).then_some(MAX_EVENTS),
    };
    let host = Host { tasks: &tasks, clock: &SystemClock, observer: recorder };
    start.revision.definition.run(input, &execution, host).await
}
