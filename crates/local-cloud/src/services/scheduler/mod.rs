//! Amazon's scheduler of events: schedules that invoke functions and start state machines.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html>

mod expression;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use data_plane::function::InvokeOptions;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

pub use expression::{Cron, Expression};
pub use wire::SchedulerService;

use super::lambda::{FunctionReference, LambdaError};
use super::states::{StatesError, start_execution};
use crate::Services;

/// Who assumes the role of a schedule.
pub const PRINCIPAL: &str = "scheduler.amazonaws.com";
/// The pause before the first repetition of a call that failed; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Schedules of one region, by name; each has a task of its own.
#[derive(Default)]
pub struct Scheduler {
    schedules: Mutex<BTreeMap<String, Running>>,
}

struct Running {
    schedule: Schedule,
    stop: CancellationToken,
    counts: Arc<Mutex<Counts>>,
}

/// How often a schedule ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub invoked: u64,
    pub failed: u64,
}

/// A schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub name: String,
    pub arn: String,
    pub description: Option<String>,
    pub expression: Expression,
    /// As the template writes it.
    pub expression_text: String,
    pub enabled: bool,
    pub starts_at: Option<OffsetDateTime>,
    pub ends_at: Option<OffsetDateTime>,
    pub target: Target,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

/// What a schedule does with its target.
///
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Invoke,
    StartExecution,
}

impl Action {
    /// What is done with the target of an ARN; `None` where it is of another kind.
    #[must_use]
    pub fn of(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':').skip(2);
        match (parts.next(), parts.nth(2)) {
            (Some("lambda"), Some("function")) => Some(Self::Invoke),
            (Some("states"), Some("stateMachine")) => Some(Self::StartExecution),
            _ => None,
        }
    }

    /// What the role must allow.
    fn permission(self) -> &'static str {
        match self {
            Self::Invoke => "lambda:InvokeFunction",
            Self::StartExecution => "states:StartExecution",
        }
    }
}

/// What a schedule calls.
#[derive(Clone, Debug)]
pub struct Target {
    /// ARN of a function or a state machine.
    pub arn: String,
    pub role: String,
    /// The payload.
    pub input: String,
    pub retries: u32,
    pub max_age: Duration,
}

impl Scheduler {
    fn schedules(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.schedules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a schedule, or replaces it, and runs it from now on.
    pub fn put(&self, services: &Arc<Services>, schedule: Schedule) {
        let stop = services.context.stopping.child_token();
        let counts = Arc::<Mutex<Counts>>::default();
        let running = Running { schedule: schedule.clone(), stop: stop.clone(), counts: Arc::clone(&counts) };
        if let Some(before) = self.schedules().insert(schedule.name.clone(), running) {
            before.stop.cancel();
        }
        if schedule.enabled {
            let work = run(Arc::downgrade(services), schedule, counts);
            services.context.tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = work => {}
                }
            });
        }
    }

    /// A schedule by name.
    #[must_use]
    pub fn schedule(&self, name: &str) -> Option<Schedule> {
        self.schedules().get(name).map(|running| running.schedule.clone())
    }

    /// How often a schedule ran.
    #[must_use]
    pub fn counts(&self, name: &str) -> Option<Counts> {
        let schedules = self.schedules();
        schedules.get(name).map(|running| *running.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All schedules.
    #[must_use]
    pub fn all(&self) -> Vec<Schedule> {
        self.schedules().values().map(|running| running.schedule.clone()).collect()
    }

    /// Deletes a schedule and says whether there was one.
    pub fn remove(&self, name: &str) -> bool {
        let removed = self.schedules().remove(name);
        if let Some(running) = &removed {
            running.stop.cancel();
        }
        removed.is_some()
    }
}

/// Runs a schedule until it has no next time. One with a rate and without a start runs at once.
async fn run(services: Weak<Services>, schedule: Schedule, counts: Arc<Mutex<Counts>>) {
    let now = OffsetDateTime::now_utc();
    let start = schedule.starts_at.unwrap_or(now);
    let mut after = if start >= now { start - time::Duration::NANOSECOND } else { now };
    while let Some(next) = schedule.expression.next(start, after) {
        if schedule.ends_at.is_some_and(|end| next > end) {
            return;
        }
        let wait = Duration::try_from(next - OffsetDateTime::now_utc()).unwrap_or_default();
        tokio::time::sleep(wait).await;
        let outcome = invoke(&services, &schedule.target).await;
        {
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            match &outcome {
                Ok(()) => counts.invoked += 1,
                Err(_) => counts.failed += 1,
            }
        }
        if let Err(reason) = outcome {
            tracing::warn!(schedule = %schedule.name, %reason, "a schedule could not invoke its target");
        }
        // Times that passed meanwhile are left out.
        after = OffsetDateTime::now_utc().max(next);
    }
}

/// Calls the target, again as long as its retry policy allows where it takes no more for now.
async fn invoke(services: &Weak<Services>, target: &Target) -> Result<(), String> {
    let begun = tokio::time::Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut left = target.retries;
    loop {
        let error = {
            let services = services.upgrade().ok_or("the cloud is stopping")?;
            let action = Action::of(&target.arn).ok_or("the target is of no kind that can be called")?;
            check_role(&services, target, action)?;
            match call(&services, target, action).await {
                Ok(()) => return Ok(()),
                Err(Refused::ForNow(reason)) => reason,
                Err(Refused::ForGood(reason)) => return Err(reason),
            }
        };
        if left == 0 || begun.elapsed() + pause > target.max_age {
            return Err(error);
        }
        left -= 1;
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Why a target was not called.
enum Refused {
    ForNow(String),
    ForGood(String),
}

async fn call(services: &Arc<Services>, target: &Target, action: Action) -> Result<(), Refused> {
    match action {
        Action::Invoke => {
            let reference = FunctionReference::parse(&target.arn);
            let payload = target.input.clone().into();
            match services.lambda.invoke(&reference, payload, InvokeOptions::default()).await {
                // What the function itself says of the event is its own affair.
                Ok(_) => Ok(()),
                Err(LambdaError::Invoke(error)) => Err(Refused::ForNow(error.to_string())),
                Err(error) => Err(Refused::ForGood(error.to_string())),
            }
        }
        Action::StartExecution => match start_execution(services, &target.arn, &target.input) {
            Ok(_) => Ok(()),
            Err(error @ StatesError::ExecutionLimit { .. }) => Err(Refused::ForNow(error.to_string())),
            Err(error) => Err(Refused::ForGood(error.to_string())),
        },
    }
}

fn check_role(services: &Services, target: &Target, action: Action) -> Result<(), String> {
    if !services.iam.trusts(&target.role, PRINCIPAL) {
        return Err(format!("{PRINCIPAL} may not assume the role {}", target.role));
    }
    let action = action.permission();
    if !services.iam.allows(&target.role, action, Some(&target.arn)) {
        return Err(format!(
            "{} is not authorized to perform: {action} on resource: {}",
            target.role, target.arn
        ));
    }
    Ok(())
}
