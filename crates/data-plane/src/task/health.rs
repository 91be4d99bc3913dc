use std::sync::Arc;

use tokio::time::Instant;

use super::deployment::Member;
use crate::balancer::{TargetGroup, TargetState};

/// What the target groups of a service say about a task.
pub(super) enum Health {
    Good,
    /// In the target group named.
    Bad(String),
    Unknown,
}

/// A task without target groups is well when it has lived for a moment.
pub(super) fn health(groups: &[Arc<TargetGroup>], member: &Member) -> Health {
    if groups.is_empty() {
        return if Instant::now() >= member.ripe_at() { Health::Good } else { Health::Unknown };
    }
    let mut all_good = true;
    for group in groups {
        let state = group
            .targets()
            .into_iter()
            .find(|target| target.address == member.task.address() && target.state != TargetState::Draining)
            .map(|target| target.state);
        match state {
            Some(TargetState::Healthy) => {}
            Some(TargetState::Unhealthy) => return Health::Bad(group.spec().name.clone()),
            _ => all_good = false,
        }
    }
    if all_good { Health::Good } else { Health::Unknown }
}
