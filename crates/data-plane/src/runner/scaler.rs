//! Keeps as many instances as the requests want.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::RunnerSpec;
use super::capacity::Capacity;
use crate::balancer::TargetGroup;
use crate::mutex::Mutex;
use crate::task::{CircuitBreaker, DeploymentConfiguration, ServiceSpec, TaskService};

/// How often the peak of requests is noted.
const PERIOD: Duration = Duration::from_secs(1);
/// How many periods instances stay that nobody wants any more. App Runner's own pause is not documented.
const PERIODS_KEPT: usize = 60;

/// What is to run, and how many of it.
pub(super) struct Plan {
    pub(super) spec: RunnerSpec,
    pub(super) paused: bool,
}

impl Plan {
    /// The plan for `instances` instances as the task service takes it. Old instances serve until new ones are
    /// healthy, for which their number is doubled meanwhile.
    pub(super) fn service(&self, group: &Arc<TargetGroup>, instances: u32) -> ServiceSpec {
        ServiceSpec {
            name: self.spec.name.clone(),
            task: self.spec.task.clone(),
            desired_count: if self.paused { 0 } else { instances },
            target_groups: vec![Arc::clone(group)],
            deployment: DeploymentConfiguration {
                minimum_healthy_percent: 100,
                maximum_percent: 200,
                circuit_breaker: Some(CircuitBreaker { rollback: true }),
            },
            health_check_grace_period: Duration::ZERO,
            force_new_deployment: false,
        }
    }
}

/// Scales out at once, and in when the peak of the last minute allows it. Runs until it is dropped.
pub(super) async fn run(service: TaskService, capacity: Arc<Capacity>, plan: Arc<Mutex<Plan>>) {
    let mut wanted = capacity.wanted();
    let mut health = capacity.group().watch();
    let mut peaks: VecDeque<u32> = VecDeque::with_capacity(PERIODS_KEPT);
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                let instances = *wanted.borrow_and_update();
                let plan = plan.lock();
                // What failed must not be started again by a change of its number.
                let status = service.status();
                if !plan.paused && status.failure.is_none() && status.desired != instances {
                    service.update(plan.service(capacity.group(), instances));
                }
            }
            changed = health.changed() => {
                if changed.is_err() {
                    return;
                }
                health.borrow_and_update();
                capacity.changed();
            }
            _ = ticks.tick() => {
                if peaks.len() == PERIODS_KEPT {
                    peaks.pop_front();
                }
                peaks.push_back(capacity.take_peak());
                if peaks.len() == PERIODS_KEPT {
                    let peak = peaks.iter().copied().max().unwrap_or_default();
                    capacity.want(capacity.scaling().instances(peak));
                }
            }
        }
    }
}
