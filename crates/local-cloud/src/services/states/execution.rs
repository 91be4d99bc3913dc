//! Executions of Standard machines, which are kept after their end, and their histories.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use asl::{Event, Failure, Outcome};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::StatesError;
use super::history::{Data, entry, history_event};
use super::machine::Revision;
use crate::wire::epoch_millis;

/// Executions that are kept; past that the oldest that have ended go.
const MAX_KEPT: usize = 1000;
/// Bytes of histories that are kept; past that the oldest executions that have ended go.
const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of one history; past that its events say that their data is truncated.
const MAX_HISTORY_BYTES: usize = 16 * 1024 * 1024;

/// Where an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Status {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }

    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Succeeded(_) => Self::Succeeded,
            Outcome::Failed(_) => Self::Failed,
            Outcome::TimedOut(_) => Self::TimedOut,
        }
    }
}

/// One execution.
pub struct Execution {
    pub arn: String,
    pub name: String,
    pub machine_arn: String,
    pub machine_name: String,
    /// What the machine was when it began.
    pub revision: Arc<Revision>,
    /// JSON text.
    pub input: String,
    pub trace_header: Option<String>,
    /// Milliseconds since the epoch.
    pub started_at: i64,
    pub(super) stopped: CancellationToken,
    progress: Mutex<Progress>,
}

/// What changes while an execution runs.
#[derive(Clone, Debug)]
pub struct Progress {
    pub status: Status,
    /// Milliseconds since the epoch.
    pub stopped_at: Option<i64>,
    /// JSON text.
    pub output: Option<String>,
    pub failure: Failure,
    /// Events as JSON texts.
    events: Vec<Box<str>>,
    bytes: usize,
}

/// What an execution starts with.
#[derive(Clone)]
pub(super) struct Start {
    pub arn: String,
    pub name: String,
    pub machine_arn: String,
    pub machine_name: String,
    pub revision: Arc<Revision>,
    pub input: String,
    pub trace_header: Option<String>,
}

impl Execution {
    pub(super) fn new(start: Start) -> Self {
        Self {
            arn: start.arn,
            name: start.name,
            machine_arn: start.machine_arn,
            machine_name: start.machine_name,
            revision: start.revision,
            input: start.input,
            trace_header: start.trace_header,
            started_at: epoch_millis(),
            stopped: CancellationToken::new(),
            progress: Mutex::new(Progress {
                status: Status::Running,
                stopped_at: None,
                output: None,
                failure: Failure::default(),
                events: Vec::new(),
                bytes: 0,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far it is, without its events.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let progress = self.lock();
        Progress {
            output: progress.output.clone(),
            failure: progress.failure.clone(),
            events: Vec::new(),
            ..*progress
        }
    }

    #[must_use]
    pub fn status(&self) -> Status {
        self.lock().status
    }

    /// The events so far, in their order.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let events = self.lock().events.clone();
        events.iter().filter_map(|event| serde_json::from_str(event).ok()).collect()
    }

    /// Takes note of an event; one after the end is dropped.
    pub(super) fn note(&self, event: &Event, region: &str) {
        let mut progress = self.lock();
        if progress.status == Status::Running {
            let data = if progress.bytes > MAX_HISTORY_BYTES { Data::UpTo(0) } else { Data::Whole };
            progress.add(history_event(event, &self.revision.settings.role_arn, region, data));
        }
    }

    /// Takes note of the end, unless the execution was stopped before.
    pub(super) fn end(&self, outcome: Outcome) {
        let mut progress = self.lock();
        if progress.status != Status::Running {
            return;
        }
        progress.status = Status::of(&outcome);
        progress.stopped_at = Some(epoch_millis());
        match outcome {
            Outcome::Succeeded(output) => progress.output = Some(output.to_string()),
            Outcome::Failed(failure) | Outcome::TimedOut(failure) => progress.failure = failure,
        }
    }

    /// Ends the execution and gives when; one that has ended stays as it is. `true` if it ended now.
    pub(super) fn stop(&self, failure: Failure) -> (i64, bool) {
        let mut progress = self.lock();
        let now = epoch_millis();
        if progress.status != Status::Running {
            return (progress.stopped_at.unwrap_or(now), false);
        }
        let id = progress.events.len() as u64;
        let mut members = Map::new();
        for (name, text) in [("error", &failure.error), ("cause", &failure.cause)] {
            if let Some(text) = text {
                members.insert(name.to_owned(), text.as_str().into());
            }
        }
        progress.add(entry((id + 1, id), now, "ExecutionAborted", members));
        progress.status = Status::Aborted;
        progress.stopped_at = Some(now);
        progress.failure = failure;
        drop(progress);
        self.stopped.cancel();
        (now, true)
    }

    fn bytes(&self) -> usize {
        self.lock().bytes + self.input.len()
    }
}

impl Progress {
    fn add(&mut self, event: Map<String, Value>) {
        let text = Value::Object(event).to_string().into_boxed_str();
        self.bytes += text.len();
        self.events.push(text);
    }
}

/// The executions of Standard machines, running and ended.
#[derive(Default)]
pub(super) struct Executions {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    next: u64,
    /// In the order of their beginning.
    all: BTreeMap<u64, Arc<Execution>>,
    numbers: BTreeMap<String, u64>,
}

impl Executions {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an execution, unless one of its name exists: that one is given back while it runs with the same input.
    /// `true` if it is new.
    pub(super) fn add(&self, execution: Execution) -> Result<(Arc<Execution>, bool), StatesError> {
        let mut kept = self.lock();
        if let Some(existing) = kept.numbers.get(&execution.arn).and_then(|number| kept.all.get(number)) {
            return if existing.status() == Status::Running && existing.input == execution.input {
                Ok((Arc::clone(existing), false))
            } else {
                Err(StatesError::ExecutionExists { arn: execution.arn })
            };
        }
        kept.evict();
        let (number, execution) = (kept.next, Arc::new(execution));
        kept.next += 1;
        kept.numbers.insert(execution.arn.clone(), number);
        kept.all.insert(number, Arc::clone(&execution));
        Ok((execution, true))
    }

    pub(super) fn get(&self, arn: &str) -> Result<Arc<Execution>, StatesError> {
        let kept = self.lock();
        let found = kept.numbers.get(arn).and_then(|number| kept.all.get(number)).cloned();
        found.ok_or_else(|| StatesError::NoSuchExecution { arn: arn.to_owned() })
    }

    /// The executions of a machine, the newest first.
    pub(super) fn of_machine(&self, machine_arn: &str) -> Vec<Arc<Execution>> {
        let kept = self.lock();
        kept.all.values().rev().filter(|execution| execution.machine_arn == machine_arn).cloned().collect()
    }

    /// Forgets the executions of a machine that is deleted, and stops those that run.
    pub(super) fn forget(&self, machine_arn: &str) {
        let mut kept = self.lock();
        let of_machine = |execution: &Arc<Execution>| execution.machine_arn == machine_arn;
        for execution in kept.all.values().filter(|execution| of_machine(execution)) {
            execution.stop(Failure::default());
        }
        kept.all.retain(|_, execution| !of_machine(execution));
        let Kept { all, numbers, .. } = &mut *kept;
        numbers.retain(|_, number| all.contains_key(number));
    }
}

impl Kept {
    /// Makes room for one more.
    fn evict(&mut self) {
        let mut bytes: usize = self.all.values().map(|execution| execution.bytes()).sum();
        while self.all.len() >= MAX_KEPT || bytes > MAX_KEPT_BYTES {
            let ended = self.all.iter().find(|(_, execution)| execution.status() != Status::Running);
            let Some((&number, _)) = ended else { return };
            if let Some(execution) = self.all.remove(&number) {
                bytes -= execution.bytes().min(bytes);
                self.numbers.remove(&execution.arn);
            }
        }
    }
}
