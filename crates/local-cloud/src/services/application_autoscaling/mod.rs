//! Application Auto Scaling: bounds of ECS services, and target tracking by their processes' CPU and memory.

mod measure;
mod policy;
mod tracking;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use policy::{Metric, ScalingPolicy};

use super::Services;
use super::ecs::{Deployment, EcsError};

/// Scalable targets of one region.
#[derive(Default)]
pub struct ApplicationAutoScaling {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By resource: `service/cluster/name`.
    targets: BTreeMap<String, ScalableTarget>,
    /// By ARN.
    policies: BTreeMap<String, ScalingPolicy>,
}

/// The bounds of a service's number of tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalableTarget {
    /// `service/cluster/name`
    pub resource_id: String,
    pub min: u32,
    pub max: u32,
}

/// Why Application Auto Scaling refuses; the words are AWS's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScalingError {
    #[error("Maximum capacity cannot be less than minimum capacity")]
    Bounds,
    #[error("ECS service doesn't exist: {0}")]
    NoService(String),
    #[error(
        "No scalable target registered for service namespace: ecs, resource ID: {0}, scalable dimension: ecs:service:DesiredCount"
    )]
    NoTarget(String),
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Service(#[from] EcsError),
}

impl ApplicationAutoScaling {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers bounds, or changes them; a service outside is brought inside.
    pub async fn register(
        &self,
        services: &Arc<Services>,
        target: ScalableTarget,
    ) -> Result<(), ScalingError> {
        if target.max < target.min {
            return Err(ScalingError::Bounds);
        }
        let (cluster, name) = service_in(&target.resource_id).ok_or_else(|| {
            ScalingError::Invalid(format!("Unsupported resource ID {}", target.resource_id))
        })?;
        let service = services.ecs.service(Some(cluster), name);
        let service = service.map_err(|_| ScalingError::NoService(target.resource_id.clone()))?;
        let (min, max) = (target.min, target.max);
        self.state().targets.insert(target.resource_id.clone(), target.clone());
        let wanted = service.desired.clamp(min, max);
        if wanted != service.desired {
            scale(services, cluster, name, wanted).await?;
        }
        Ok(())
    }

    /// Takes bounds away with the policies that they have; those that are gone already are a success.
    pub fn deregister(&self, resource_id: &str) {
        let mut state = self.state();
        state.targets.remove(resource_id);
        state.policies.retain(|_, policy| policy.resource_id != resource_id);
    }

    /// Bounds by resource.
    #[must_use]
    pub fn target(&self, resource_id: &str) -> Option<ScalableTarget> {
        self.state().targets.get(resource_id).cloned()
    }

    /// Adds or replaces a policy and follows it.
    pub fn put_policy(&self, services: &Arc<Services>, policy: ScalingPolicy) -> Result<(), ScalingError> {
        let mut state = self.state();
        if !state.targets.contains_key(&policy.resource_id) {
            return Err(ScalingError::NoTarget(policy.resource_id));
        }
        let arn = policy.arn.clone();
        let known = state.policies.insert(arn.clone(), policy).is_some();
        drop(state);
        if !known {
            let followed = tracking::follow(Arc::downgrade(services), arn, services.context.stopping.clone());
            services.context.tasks.spawn(followed);
        }
        Ok(())
    }

    /// Takes a policy away; one that is gone already is a success.
    pub fn delete_policy(&self, arn: &str) {
        self.state().policies.remove(arn);
    }

    fn policy(&self, arn: &str) -> Option<(ScalingPolicy, ScalableTarget)> {
        let state = self.state();
        let policy = state.policies.get(arn)?;
        Some((policy.clone(), state.targets.get(&policy.resource_id)?.clone()))
    }
}

/// The cluster and the name in `service/cluster/name`.
fn service_in(resource_id: &str) -> Option<(&str, &str)> {
    resource_id.strip_prefix("service/")?.split_once('/')
}

async fn scale(services: &Arc<Services>, cluster: &str, name: &str, count: u32) -> Result<(), EcsError> {
    let service = services.ecs.service(Some(cluster), name)?;
    let definition = services.ecs.definition(&service.definition)?;
    let deployment = Deployment { desired: count, ..Deployment::of(&service, definition) };
    services.ecs.redeploy(services, &deployment, &service.arn).await.map(|_| ())
}
