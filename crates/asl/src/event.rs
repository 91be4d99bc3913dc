use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::Failure;

/// One event of an execution's history, in the order in which they happen.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Counts from 1.
    pub id: u64,
    /// The event that led to this one; 0 for the first. Branches fork here.
    pub previous: u64,
    /// When it happened.
    pub time: OffsetDateTime,
    /// What happened.
    pub details: Details,
}

/// Is told of every event as it happens.
pub trait Observer: Send + Sync {
    /// Takes note of an event. It is called while the execution runs, so it must not block.
    fn observe(&self, event: Event);

    /// Whether events are to be made at all. Making them copies inputs and outputs.
    fn is_watching(&self) -> bool {
        true
    }
}

/// An observer that looks away.
pub struct NoObserver;

impl Observer for NoObserver {
    fn observe(&self, _event: Event) {}

    fn is_watching(&self) -> bool {
        false
    }
}

/// What happened, with what Step Functions tells about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Details {
    /// The execution began.
    ExecutionStarted {
        /// Its input.
        input: Value,
    },
    /// The execution ended well.
    ExecutionSucceeded {
        /// Its output.
        output: Value,
    },
    /// The execution failed.
    ExecutionFailed(Failure),
    /// The execution took longer than it may.
    ExecutionTimedOut(Failure),
    /// A state began.
    StateEntered {
        /// The state's type, such as `Pass`.
        kind: &'static str,
        /// The state's name.
        name: String,
        /// The state's input before any field was applied.
        input: Value,
    },
    /// A state ended and the execution goes on or ends.
    StateExited {
        /// The state's type, such as `Pass`.
        kind: &'static str,
        /// The state's name.
        name: String,
        /// The state's output.
        output: Value,
        /// The variables that `Assign` set.
        assigned: Map<String, Value>,
    },
    /// A task was made ready.
    TaskScheduled {
        /// The state's `Resource`.
        resource: String,
        /// What is passed to the task.
        arguments: Value,
        /// The state's timeout in seconds.
        timeout_seconds: Option<u64>,
        /// The state's heartbeat interval in seconds.
        heartbeat_seconds: Option<u64>,
    },
    /// A task was called.
    TaskStarted {
        /// The state's `Resource`.
        resource: String,
    },
    /// A task answered.
    TaskSucceeded {
        /// The state's `Resource`.
        resource: String,
        /// The answer.
        output: Value,
    },
    /// A task failed.
    TaskFailed {
        /// The state's `Resource`.
        resource: String,
        /// The task's error.
        failure: Failure,
    },
    /// A task took longer than its timeout or its heartbeat interval.
    TaskTimedOut {
        /// The state's `Resource`.
        resource: String,
        /// Which of the two.
        failure: Failure,
    },
    /// A field could not be evaluated.
    EvaluationFailed {
        /// The state's name.
        state: String,
        /// What failed.
        failure: Failure,
    },
    /// The branches of a Parallel state began.
    ParallelStateStarted,
    /// All branches ended well.
    ParallelStateSucceeded,
    /// A branch failed.
    ParallelStateFailed(Failure),
    /// The iterations of a Map state began.
    MapStateStarted {
        /// How many items there are.
        length: u64,
    },
    /// The iterations ended well enough.
    MapStateSucceeded,
    /// Too many iterations failed.
    MapStateFailed(Failure),
    /// An iteration began.
    MapIterationStarted(Iteration),
    /// An iteration ended well.
    MapIterationSucceeded(Iteration),
    /// An iteration failed.
    MapIterationFailed(Iteration),
}

/// One run of a Map state's processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iteration {
    /// The Map state's name.
    pub name: String,
    /// Which item or batch, from 0.
    pub index: u64,
}

impl Details {
    /// The event's type as `GetExecutionHistory` and the log of an Express execution name it, such as
    /// `TaskStateEntered`. A task whose resource is the ARN of a function or of an activity has types of its own.
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html#StepFunctions-Type-HistoryEvent-type>
    #[must_use]
    pub fn type_name(&self) -> String {
        let task = |resource: &str, what: &str| {
            let service = resource.split(':').nth(2).unwrap_or_default();
            match service {
                "lambda" => format!("LambdaFunction{what}"),
                "states" if resource.contains(":activity:") => format!("Activity{what}"),
                _ => format!("Task{what}"),
            }
        };
        match self {
            Self::ExecutionStarted { .. } => "ExecutionStarted".into(),
            Self::ExecutionSucceeded { .. } => "ExecutionSucceeded".into(),
            Self::ExecutionFailed(_) => "ExecutionFailed".into(),
            Self::ExecutionTimedOut(_) => "ExecutionTimedOut".into(),
            Self::StateEntered { kind, .. } => format!("{kind}StateEntered"),
            Self::StateExited { kind, .. } => format!("{kind}StateExited"),
            Self::TaskScheduled { resource, .. } => task(resource, "Scheduled"),
            Self::TaskStarted { resource } => task(resource, "Started"),
            Self::TaskSucceeded { resource, .. } => task(resource, "Succeeded"),
            Self::TaskFailed { resource, .. } => task(resource, "Failed"),
            Self::TaskTimedOut { resource, .. } => task(resource, "TimedOut"),
            Self::EvaluationFailed { .. } => "EvaluationFailed".into(),
            Self::ParallelStateStarted => "ParallelStateStarted".into(),
            Self::ParallelStateSucceeded => "ParallelStateSucceeded".into(),
            Self::ParallelStateFailed(_) => "ParallelStateFailed".into(),
            Self::MapStateStarted { .. } => "MapStateStarted".into(),
            Self::MapStateSucceeded => "MapStateSucceeded".into(),
            Self::MapStateFailed(_) => "MapStateFailed".into(),
            Self::MapIterationStarted(_) => "MapIterationStarted".into(),
            Self::MapIterationSucceeded(_) => "MapIterationSucceeded".into(),
            Self::MapIterationFailed(_) => "MapIterationFailed".into(),
        }
    }
}
