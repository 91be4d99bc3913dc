//! `AWS::ApplicationAutoScaling::*`

use std::time::Duration;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::kind::{Call, Code, ResourceType, exists, failed, resource};
use crate::services::application_autoscaling::{
    Metric, ScalableTarget as Stored, ScalingError, ScalingPolicy as StoredPolicy,
};

/// The scalable dimension and namespace that stand behind the resource in an identifier.
const DIMENSION: &str = "ecs:service:DesiredCount";

fn refused(error: ScalingError) -> Failure {
    let code = match &error {
        ScalingError::NoService(_) | ScalingError::NoTarget(_) => Code::NotFound,
        _ => Code::InvalidRequest,
    };
    failed(code, error)
}

pub(super) struct ScalableTarget;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TargetProperties {
    resource_id: String,
    min_capacity: u32,
    max_capacity: u32,
}

async fn register(call: &Call<TargetProperties>) -> Result<(), Failure> {
    let TargetProperties { resource_id, min_capacity, max_capacity } = &call.properties;
    let target = Stored { resource_id: resource_id.clone(), min: *min_capacity, max: *max_capacity };
    call.services.autoscaling.register(&call.services, target).await.map_err(refused)
}

#[async_trait]
impl ResourceType for ScalableTarget {
    const SCHEMA: &'static str = include_str!("schemas/applicationautoscaling-scalable-target.yaml");
    type Properties = TargetProperties;

    async fn create(call: Call<TargetProperties>) -> Result<Resource, Failure> {
        let id = format!("{}|{DIMENSION}|ecs", call.properties.resource_id);
        if call.services.autoscaling.target(&call.properties.resource_id).is_some() {
            return Err(exists("AWS::ApplicationAutoScaling::ScalableTarget", &id));
        }
        register(&call).await?;
        Ok(resource(id.clone(), [("Id", json!(id))]))
    }

    async fn update(
        call: Call<TargetProperties>,
        current: Resource,
        _: TargetProperties,
    ) -> Result<Resource, Failure> {
        register(&call).await?;
        Ok(current)
    }

    async fn delete(call: Call<TargetProperties>, _: Resource) -> Result<(), Failure> {
        call.services.autoscaling.deregister(&call.properties.resource_id);
        Ok(())
    }
}

pub(super) struct ScalingPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyProperties {
    policy_name: String,
    resource_id: Option<String>,
    scaling_target_id: Option<String>,
    target_tracking_scaling_policy_configuration: Option<Tracking>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tracking {
    target_value: f64,
    #[serde(default)]
    disable_scale_in: bool,
    scale_in_cooldown: Option<u64>,
    scale_out_cooldown: Option<u64>,
    predefined_metric_specification: Option<Predefined>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Predefined {
    predefined_metric_type: String,
}

/// The cooldown of ECS services unless the policy says otherwise.
const COOLDOWN: u64 = 300;

fn policy(call: &Call<PolicyProperties>, arn: Option<&str>) -> Result<StoredPolicy, Failure> {
    let properties = &call.properties;
    let invalid = |message: &str| failed(Code::InvalidRequest, message);
    let from_target = properties.scaling_target_id.as_ref().and_then(|id| id.split('|').next());
    let resource_id = properties.resource_id.as_deref().or(from_target);
    let resource_id =
        resource_id.ok_or_else(|| invalid("ScalingTargetId or ResourceId must be specified"))?.to_owned();
    let tracking = properties.target_tracking_scaling_policy_configuration.as_ref();
    let tracking =
        tracking.ok_or_else(|| invalid("TargetTrackingScalingPolicyConfiguration must be specified"))?;
    let metric = tracking
        .predefined_metric_specification
        .as_ref()
        .map(|metric| metric.predefined_metric_type.as_str());
    let metric = match metric {
        Some("ECSServiceAverageCPUUtilization") => Metric::Cpu,
        Some("ECSServiceAverageMemoryUtilization") => Metric::Memory,
        _ => return Err(invalid("PredefinedMetricSpecification must be specified")),
    };
    if tracking.target_value <= 0.0 {
        return Err(invalid("TargetValue must be greater than 0"));
    }
    let name = &properties.policy_name;
    let fresh = || {
        call.arn(
            "autoscaling",
            &format!("scalingPolicy:{}:resource/ecs/{resource_id}:policyName/{name}", Uuid::new_v4()),
        )
    };
    Ok(StoredPolicy {
        arn: arn.map_or_else(fresh, str::to_owned),
        name: name.clone(),
        metric,
        target: tracking.target_value,
        scale_in_cooldown: Duration::from_secs(tracking.scale_in_cooldown.unwrap_or(COOLDOWN)),
        scale_out_cooldown: Duration::from_secs(tracking.scale_out_cooldown.unwrap_or(COOLDOWN)),
        disable_scale_in: tracking.disable_scale_in,
        resource_id,
    })
}

#[async_trait]
impl ResourceType for ScalingPolicy {
    const SCHEMA: &'static str = include_str!("schemas/applicationautoscaling-scaling-policy.yaml");
    type Properties = PolicyProperties;

    async fn create(call: Call<PolicyProperties>) -> Result<Resource, Failure> {
        let policy = policy(&call, None)?;
        let arn = policy.arn.clone();
        call.services.autoscaling.put_policy(&call.services, policy).map_err(refused)?;
        Ok(resource(arn.clone(), [("Arn", json!(arn))]))
    }

    async fn update(
        call: Call<PolicyProperties>,
        current: Resource,
        _: PolicyProperties,
    ) -> Result<Resource, Failure> {
        let policy = policy(&call, Some(&current.physical_id))?;
        call.services.autoscaling.put_policy(&call.services, policy).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<PolicyProperties>, current: Resource) -> Result<(), Failure> {
        call.services.autoscaling.delete_policy(&current.physical_id);
        Ok(())
    }
}
