//! The tasks of one deployment and how far it has come.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{Deployment, DeploymentState, ServiceSpec, Task, TaskState, TaskSummary};

/// The pause after the second failure in a row; it doubles with each one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A task that has run this long was started well; the next one starts without a pause.
const LONG_RUN: Duration = Duration::from_secs(10);
/// A task without target groups counts as running when it has lived this long.
const SHORT_RUN: Duration = Duration::from_millis(500);

/// A deployment as the scheduler keeps it.
pub(super) struct Rollout {
    pub(super) number: u64,
    pub(super) spec: Arc<ServiceSpec>,
    pub(super) tasks: Vec<Member>,
    /// Failed tasks since the last one that became healthy.
    pub(super) failed: u32,
    /// Ends in a row, for the pause before the next start.
    quick_ends: u32,
    not_before: Instant,
    pub(super) state: DeploymentState,
    pub(super) reason: String,
    pub(super) last_lines: Vec<String>,
    created_at: SystemTime,
}

pub(super) struct Member {
    pub(super) task: Arc<Task>,
    pub(super) state: TaskState,
    pub(super) started: Instant,
    started_at: SystemTime,
}

impl Member {
    pub(super) fn new(task: Arc<Task>) -> Self {
        Self { task, state: TaskState::Pending, started: Instant::now(), started_at: SystemTime::now() }
    }

    /// Whether it is neither leaving nor gone.
    pub(super) fn is_active(&self) -> bool {
        matches!(self.state, TaskState::Pending | TaskState::Running)
    }

    /// When a task without target groups counts as running.
    pub(super) fn ripe_at(&self) -> Instant {
        self.started + SHORT_RUN
    }
}

impl Rollout {
    pub(super) fn new(number: u64, spec: Arc<ServiceSpec>) -> Self {
        Self {
            number,
            spec,
            tasks: Vec::new(),
            failed: 0,
            quick_ends: 0,
            not_before: Instant::now(),
            state: DeploymentState::InProgress,
            reason: format!("ECS deployment {} in progress.", id(number)),
            last_lines: Vec::new(),
            created_at: SystemTime::now(),
        }
    }

    pub(super) fn id(&self) -> String {
        id(self.number)
    }

    pub(super) fn active(&self) -> usize {
        self.tasks.iter().filter(|member| member.is_active()).count()
    }

    pub(super) fn count(&self, state: TaskState) -> usize {
        self.tasks.iter().filter(|member| member.state == state).count()
    }

    /// When the next task may start.
    pub(super) fn not_before(&self) -> Instant {
        self.not_before
    }

    /// Takes note of a task that ended without being told to, or could not start.
    pub(super) fn note_end(&mut self, was_running: bool, lived: Duration) {
        if lived >= LONG_RUN {
            self.quick_ends = 0;
        }
        self.quick_ends += 1;
        let pause = match self.quick_ends {
            0 | 1 => Duration::ZERO,
            more => (FIRST_PAUSE * 2_u32.saturating_pow((more - 2).min(16))).min(LONGEST_PAUSE),
        };
        self.not_before = Instant::now() + pause;
        if !was_running && self.state == DeploymentState::InProgress {
            self.failed += 1;
        }
    }

    /// Takes note of a task that became healthy.
    pub(super) fn note_running(&mut self) {
        self.failed = 0;
    }

    pub(super) fn complete(&mut self) {
        self.state = DeploymentState::Completed;
        self.reason = format!("ECS deployment {} completed.", self.id());
    }

    pub(super) fn fail(&mut self, reason: String) {
        self.state = DeploymentState::Failed;
        self.reason = reason;
    }

    pub(super) fn describe(&self, primary: bool) -> Deployment {
        Deployment {
            id: self.id(),
            primary,
            definition: self.spec.task.definition.clone(),
            desired: if primary { self.spec.desired_count } else { 0 },
            pending: tally(self.count(TaskState::Pending)),
            running: tally(self.count(TaskState::Running)),
            failed: self.failed,
            state: self.state,
            reason: self.reason.clone(),
            created_at: self.created_at,
        }
    }

    pub(super) fn summaries(&self) -> impl Iterator<Item = TaskSummary> + '_ {
        self.tasks.iter().map(|member| TaskSummary {
            id: member.task.id().to_owned(),
            definition: self.spec.task.definition.clone(),
            address: member.task.address(),
            process_id: member.task.process_id(),
            state: member.state,
            started_at: member.started_at,
        })
    }
}

fn id(number: u64) -> String {
    format!("ecs-svc/{number:019}")
}

pub(super) fn tally(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
