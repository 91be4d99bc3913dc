//! Runs machines. Everything happens in one future: branches and iterations take turns in it.

mod attempts;
mod choice;
mod data;
mod map;
mod parallel;
mod scope;
mod task;
mod visit;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{Either, select};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::definition::Definition;
use crate::failure::{Failure, names};
use crate::machine::Host;
use crate::{Details, Event, Execution, Outcome, payload};
use scope::Launch;

/// After how many states an execution lets others run.
const STATES_AT_A_TIME: u64 = 16;

/// One execution.
struct Run<'a> {
    execution: &'a Execution,
    host: Host<'a>,
    /// The context object without what belongs to a state.
    context: Value,
    events: AtomicU64,
    states: AtomicU64,
}

pub(crate) async fn run(
    definition: &Definition,
    input: Value,
    execution: &Execution,
    host: Host<'_>,
) -> Outcome {
    let run = Run {
        execution,
        host,
        context: json!({
            "Execution": {
                "Id": execution.id,
                "Input": input,
                "Name": execution.name,
                "RoleArn": execution.role_arn,
                "StartTime": timestamp(host.clock.now()),
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": execution.machine_id, "Name": execution.machine_name},
        }),
        events: AtomicU64::new(0),
        states: AtomicU64::new(0),
    };
    let started = run.emit(0, || Details::ExecutionStarted { input: input.clone() });
    if let Err(failure) = payload::check(&input, "input of the execution") {
        return run.failed(started, failure);
    }
    let limit =
        [definition.timeout_seconds.map(Duration::from_secs), execution.timeout].into_iter().flatten().min();
    let states = scope::run(&run, Launch { scope: &definition.scope, input, outer: None, previous: started });
    let ended = match limit {
        None => states.await,
        Some(limit) => match select(states, host.clock.sleep(limit)).await {
            Either::Left((ended, _)) => ended,
            Either::Right(_) => {
                let failure = Failure { error: Some(names::TIMEOUT.to_owned()), cause: None };
                run.emit(run.events.load(Ordering::Relaxed), || Details::ExecutionTimedOut(failure.clone()));
                return Outcome::TimedOut(failure);
            }
        },
    };
    match ended {
        Ok((output, last)) => {
            run.emit(last, || Details::ExecutionSucceeded { output: output.clone() });
            Outcome::Succeeded(output)
        }
        Err((failure, last)) => run.failed(last, failure),
    }
}

impl Run<'_> {
    /// Tells the observer, and gives the event's number.
    fn emit(&self, previous: u64, details: impl FnOnce() -> Details) -> u64 {
        let id = self.events.fetch_add(1, Ordering::Relaxed) + 1;
        if self.host.observer.is_watching() {
            self.host.observer.observe(Event {
                id,
                previous,
                time: self.host.clock.now(),
                details: details(),
            });
        }
        id
    }

    fn failed(&self, last: u64, failure: Failure) -> Outcome {
        self.emit(last, || Details::ExecutionFailed(failure.clone()));
        Outcome::Failed(failure)
    }

    /// Ends an execution whose history is full.
    fn check_history(&self) -> Result<(), Failure> {
        match self.execution.max_events {
            Some(most) if self.events.load(Ordering::Relaxed) >= most.saturating_sub(1) => {
                Err(Failure::runtime(format!(
                    "The execution reached the maximum number of history events ({most})."
                )))
            }
            _ => Ok(()),
        }
    }

    /// Lets others run now and then, so that an endless loop of Pass states can be stopped.
    async fn breathe(&self) {
        if self.states.fetch_add(1, Ordering::Relaxed) % STATES_AT_A_TIME == STATES_AT_A_TIME - 1 {
            Breath(false).await;
        }
    }
}

struct Breath(bool);

impl Future for Breath {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A time as the context object writes it, such as `2024-01-31T12:00:00.123Z`.
fn timestamp(time: OffsetDateTime) -> String {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time.to_offset(time::UtcOffset::UTC).format(FORMAT).unwrap_or_default()
}
