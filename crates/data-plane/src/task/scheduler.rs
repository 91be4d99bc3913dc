//! Brings a service from what is to what is wanted, one step at a time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::deployment::{Member, Rollout, tally};
use super::health::{Health, health};
use super::{
    DeploymentFailure, DeploymentState, ServiceEvent, ServiceSpec, ServiceStatus, Task, TaskContext,
    TaskExit, TaskState,
};

const KEPT_EVENTS: usize = 100;
/// How soon health is looked at again while tasks are starting, and while all is well.
const BRISK: Duration = Duration::from_millis(25);
const CALM: Duration = Duration::from_secs(1);
/// The least time a leaving task has to finish its requests, even with a deregistration delay of 0.
const LEAST_DRAIN: Duration = Duration::from_secs(1);

/// What the service is asked to do.
pub(super) enum Order {
    Update {
        spec: Box<ServiceSpec>,
        revision: u64,
    },
    /// One task, which is replaced.
    StopTask(String),
    Stop,
}

enum Event {
    Drained { task: String },
    Ended { task: String, exit: TaskExit },
}

pub(super) struct Scheduler {
    context: TaskContext,
    status: watch::Sender<ServiceStatus>,
    /// Newest first: the first one is the primary.
    rollouts: Vec<Rollout>,
    last_completed: Option<Arc<ServiceSpec>>,
    failure: Option<DeploymentFailure>,
    revision: u64,
    next_number: u64,
    events: Vec<ServiceEvent>,
    tasks: JoinSet<Event>,
    stopping: bool,
}

impl Scheduler {
    pub(super) fn new(context: TaskContext, status: watch::Sender<ServiceStatus>) -> Self {
        Self {
            context,
            status,
            rollouts: Vec::new(),
            last_completed: None,
            failure: None,
            revision: 0,
            next_number: 1,
            events: Vec::new(),
            tasks: JoinSet::new(),
            stopping: false,
        }
    }

    pub(super) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            let next = self.advance();
            self.publish();
            if self.stopping && self.rollouts.is_empty() {
                return;
            }
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Update { spec, revision }) => self.update(*spec, revision),
                    Some(Order::StopTask(task)) => self.stop_task(&task),
                    Some(Order::Stop) => self.stopping = true,
                    None => return,
                },
                Some(Ok(event)) = self.tasks.join_next(), if !self.tasks.is_empty() => self.note(event),
                () = sleep_until(next) => {}
            }
        }
    }

    fn update(&mut self, spec: ServiceSpec, revision: u64) {
        let spec = Arc::new(spec);
        self.revision = revision;
        self.failure = None;
        match self.rollouts.first_mut() {
            Some(primary)
                if !spec.force_new_deployment
                    && primary.state != DeploymentState::Failed
                    && primary.spec.runs_the_same(&spec) =>
            {
                primary.spec = spec;
                primary.state = DeploymentState::InProgress;
            }
            _ => self.deploy(spec),
        }
    }

    fn deploy(&mut self, spec: Arc<ServiceSpec>) {
        let rollout = Rollout::new(self.next_number, spec);
        self.next_number += 1;
        self.rollouts.insert(0, rollout);
    }

    /// Does all that can be done now; gives when to look again.
    fn advance(&mut self) -> Instant {
        self.look_at_health();
        self.give_up_or_complete();
        if self.stopping {
            for rollout in &mut self.rollouts {
                rollout.state = DeploymentState::Completed;
            }
        }
        self.start_missing();
        self.stop_surplus();
        let keep_primary = !self.stopping;
        let mut place = 0;
        self.rollouts.retain(|rollout| {
            place += 1;
            !rollout.tasks.is_empty() || keep_primary && place == 1
        });
        let settled = self.rollouts.len() <= 1
            && self.rollouts.first().is_none_or(|primary| {
                primary.state == DeploymentState::Completed && primary.count(TaskState::Pending) == 0
            });
        Instant::now() + if settled { CALM } else { BRISK }
    }

    fn look_at_health(&mut self) {
        let mut failed = Vec::new();
        for rollout in &mut self.rollouts {
            let mut became_running = false;
            for member in rollout.tasks.iter_mut().filter(|member| member.is_active()) {
                let grace_over = member.started.elapsed() >= rollout.spec.health_check_grace_period;
                match health(&rollout.spec.target_groups, member) {
                    Health::Good if member.state == TaskState::Pending => {
                        member.state = TaskState::Running;
                        became_running = true;
                    }
                    Health::Bad(group) if grace_over => {
                        failed.push((rollout.number, member.task.id().to_owned(), group));
                    }
                    Health::Good | Health::Bad(_) | Health::Unknown => {}
                }
            }
            if became_running {
                rollout.note_running();
            }
        }
        for (number, task, group) in failed {
            let reason = format!("the task failed the health checks of target group {group}");
            self.event(format!("(task {task}) {reason}."));
            let Some(rollout) = self.rollouts.iter_mut().find(|one| one.number == number) else { continue };
            if let Some(member) = rollout.tasks.iter_mut().find(|member| member.task.id() == task) {
                let (was_running, lived) = (member.state == TaskState::Running, member.started.elapsed());
                leave(member, &rollout.spec, &mut self.tasks);
                rollout.note_end(was_running, lived);
                rollout.reason = reason;
            }
        }
    }

    fn give_up_or_complete(&mut self) {
        if self.stopping {
            return;
        }
        let others_gone = self.rollouts.len() == 1;
        let Some(primary) = self.rollouts.first_mut() else { return };
        if primary.state != DeploymentState::InProgress {
            return;
        }
        let desired = primary.spec.desired_count as usize;
        let steady = primary.count(TaskState::Running) == desired && primary.tasks.len() == desired;
        if steady && others_gone {
            primary.complete();
            self.last_completed = Some(Arc::clone(&primary.spec));
            let name = primary.spec.name.clone();
            self.event(format!("(service {name}) has reached a steady state."));
            return;
        }
        let Some(breaker) = primary.spec.deployment.circuit_breaker else { return };
        if primary.failed < (primary.spec.desired_count / 2).clamp(3, 200) {
            return;
        }
        let (id, cause, name) = (primary.id(), primary.reason.clone(), primary.spec.name.clone());
        let last_lines = std::mem::take(&mut primary.last_lines);
        primary.fail(format!("tasks failed to start: {cause}"));
        let previous = self.last_completed.clone().filter(|_| breaker.rollback && self.failure.is_none());
        self.event(format!(
            "(service {name}) (deployment {id}) deployment failed: tasks failed to start: {cause}."
        ));
        let rolled_back = previous.is_some() || self.failure.as_ref().is_some_and(|first| first.rolled_back);
        self.failure.get_or_insert(DeploymentFailure { reason: cause, last_lines, rolled_back });
        if let Some(previous) = previous {
            self.event(format!("(service {name}) rolling back to the deployment before {id}."));
            self.deploy(previous);
        }
    }

    /// Starts what the primary deployment lacks, as far as the maximum allows.
    fn start_missing(&mut self) {
        let all_active: usize = self.rollouts.iter().map(Rollout::active).sum();
        let Some(primary) = self.rollouts.first_mut() else { return };
        if self.stopping || primary.state == DeploymentState::Failed || Instant::now() < primary.not_before()
        {
            return;
        }
        let desired = primary.spec.desired_count as usize;
        let most = (desired * primary.spec.deployment.maximum_percent as usize / 100).max(1);
        let missing = desired.saturating_sub(primary.active()).min(most.saturating_sub(all_active));
        for _ in 0..missing {
            let Some(primary) = self.rollouts.first_mut() else { return };
            match Task::start(&primary.spec.task, &self.context) {
                Ok(task) => {
                    let task = Arc::new(task);
                    for group in &primary.spec.target_groups {
                        group.register(task.address());
                    }
                    primary.tasks.push(Member::new(Arc::clone(&task)));
                    self.tasks.spawn(async move {
                        let exit = task.exited().await;
                        Event::Ended { task: task.id().to_owned(), exit }
                    });
                }
                Err(error) => {
                    primary.note_end(false, Duration::ZERO);
                    primary.reason = error.to_string();
                    let name = primary.spec.name.clone();
                    self.event(format!("(service {name}) was unable to start a task: {error}."));
                    return;
                }
            }
        }
    }

    /// Stops what is no longer wanted, as far as enough healthy tasks remain.
    fn stop_surplus(&mut self) {
        let mut healthy: usize = self.rollouts.iter().map(|one| one.count(TaskState::Running)).sum();
        let Some(primary) = self.rollouts.first() else { return };
        let desired = if self.stopping { 0 } else { primary.spec.desired_count as usize };
        let percent = primary.spec.deployment.minimum_healthy_percent as usize;
        let least = if self.stopping { 0 } else { (desired * percent).div_ceil(100) };
        let failed = primary.state == DeploymentState::Failed;
        // A deployment that was given up keeps nothing of its own and leaves the older tasks alone.
        let (kept_by_primary, keep_old) = if failed && !self.stopping { (0, true) } else { (desired, false) };
        for (place, rollout) in self.rollouts.iter_mut().enumerate() {
            let mut surplus = match place {
                0 => rollout.active().saturating_sub(kept_by_primary),
                1 if keep_old => 0,
                _ => rollout.active(),
            };
            // Those that serve nothing yet go first, then the youngest.
            let mut members: Vec<&mut Member> =
                rollout.tasks.iter_mut().filter(|member| member.is_active()).collect();
            members.sort_by_key(|member| {
                (member.state == TaskState::Running, std::cmp::Reverse(member.started))
            });
            for member in members {
                let running = member.state == TaskState::Running;
                if surplus == 0 || running && healthy <= least {
                    break;
                }
                surplus -= 1;
                healthy -= usize::from(running);
                leave(member, &rollout.spec, &mut self.tasks);
            }
        }
    }

    /// Takes one task out of service; the next step starts another in its place.
    fn stop_task(&mut self, task: &str) {
        let found = self.rollouts.iter_mut().find_map(|rollout| {
            let member = rollout.tasks.iter_mut().find(|member| member.task.id() == task)?;
            Some((member, &rollout.spec))
        });
        if let Some((member, spec)) = found.filter(|(member, _)| member.is_active()) {
            leave(member, spec, &mut self.tasks);
            self.event(format!("(task {task}) was stopped by the user."));
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Drained { task } => {
                if let Some((member, _)) = self.member(&task) {
                    member.state = TaskState::Stopping;
                }
            }
            Event::Ended { task, exit } => self.note_end(&task, exit),
        }
    }

    fn note_end(&mut self, task: &str, exit: TaskExit) {
        let Some(rollout) =
            self.rollouts.iter_mut().find(|one| one.tasks.iter().any(|member| member.task.id() == task))
        else {
            return;
        };
        let Some(place) = rollout.tasks.iter().position(|member| member.task.id() == task) else { return };
        let member = rollout.tasks.swap_remove(place);
        for group in &rollout.spec.target_groups {
            group.deregister(member.task.address());
        }
        if !member.is_active() {
            return;
        }
        rollout.note_end(member.state == TaskState::Running, member.started.elapsed());
        rollout.reason = format!("the essential container exited with code {}", exit.code);
        rollout.last_lines = exit.last_lines;
        let reason = rollout.reason.clone();
        self.event(format!("(task {task}) stopped: {reason}."));
    }

    fn member(&mut self, task: &str) -> Option<(&mut Member, u64)> {
        self.rollouts.iter_mut().find_map(|rollout| {
            let number = rollout.number;
            let member = rollout.tasks.iter_mut().find(|member| member.task.id() == task)?;
            Some((member, number))
        })
    }

    fn event(&mut self, message: String) {
        self.events.insert(0, ServiceEvent { at: SystemTime::now(), message });
        self.events.truncate(KEPT_EVENTS);
    }

    fn publish(&self) {
        let count = |state| tally(self.rollouts.iter().map(|rollout| rollout.count(state)).sum());
        let status = ServiceStatus {
            desired: self.rollouts.first().map_or(0, |primary| primary.spec.desired_count),
            pending: count(TaskState::Pending),
            running: count(TaskState::Running),
            deployments: self
                .rollouts
                .iter()
                .enumerate()
                .map(|(place, rollout)| rollout.describe(place == 0))
                .collect(),
            events: self.events.clone(),
            tasks: self.rollouts.iter().flat_map(Rollout::summaries).collect(),
            failure: self.failure.clone(),
            revision: self.revision,
            stopped: self.stopping && self.rollouts.is_empty(),
        };
        self.status.send_if_modified(|current| {
            let changed = *current != status;
            *current = status;
            changed
        });
    }
}

/// Takes a task out of service: no new requests, time for those in progress, then SIGTERM and SIGKILL.
fn leave(member: &mut Member, spec: &Arc<ServiceSpec>, tasks: &mut JoinSet<Event>) {
    member.state = TaskState::Draining;
    let task = Arc::clone(&member.task);
    let stop_timeout = spec.task.stop_timeout;
    // All groups let go of it before the first one is waited for.
    let drains: Vec<_> = spec
        .target_groups
        .iter()
        .map(|group| timeout(LEAST_DRAIN.max(group.spec().deregistration_delay), group.drain(task.address())))
        .collect();
    tasks.spawn(async move {
        futures::future::join_all(drains).await;
        task.terminate(stop_timeout);
        Event::Drained { task: task.id().to_owned() }
    });
}
