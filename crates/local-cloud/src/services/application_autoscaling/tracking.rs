use std::sync::Weak;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::measure::Meter;
use super::{scale, service_in};
use crate::Services;

/// The period of the metrics, and how many in a row must be above or below before the number of tasks changes.
///
/// <https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html>
const PERIOD: Duration = Duration::from_mins(1);
const PERIODS_OUT: u32 = 3;
const PERIODS_IN: u32 = 15;

/// Follows a policy until it is deleted or the cloud stops.
pub(super) async fn follow(services: Weak<Services>, arn: String, stopping: CancellationToken) {
    let Some((policy, _)) = services.upgrade().and_then(|services| services.autoscaling.policy(&arn)) else {
        return;
    };
    let mut meter = Meter::new(policy.metric);
    let (mut above, mut below) = (0, 0);
    let mut changed_at: Option<Instant> = None;
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
        let Some(services) = services.upgrade() else { return };
        let Some((policy, target)) = services.autoscaling.policy(&arn) else { return };
        let Some((cluster, name)) = service_in(&policy.resource_id) else { return };
        let Ok(service) = services.ecs.service(Some(cluster), name) else { continue };
        let Ok(definition) = services.ecs.definition(&service.definition) else { continue };
        if meter.metric() != policy.metric {
            meter = Meter::new(policy.metric);
        }
        let tasks = service.handle.status().tasks;
        let Some(value) = meter.read(&tasks, definition.cpu, definition.memory_mb) else { continue };
        let wanted = policy.wanted(service.desired, value).clamp(target.min, target.max);
        above = if wanted > service.desired { above + 1 } else { 0 };
        below = if wanted < service.desired { below + 1 } else { 0 };
        let cooldown = if above > 0 { policy.scale_out_cooldown } else { policy.scale_in_cooldown };
        let cool = changed_at.is_none_or(|at| at.elapsed() >= cooldown);
        if cool && (above >= PERIODS_OUT || below >= PERIODS_IN) {
            match scale(&services, cluster, name, wanted).await {
                Ok(()) => tracing::info!(service = name, from = service.desired, to = wanted, "scaled"),
                Err(error) => tracing::warn!(service = name, %error, "could not scale"),
            }
            (above, below) = (0, 0);
            changed_at = Some(Instant::now());
        }
    }
}
