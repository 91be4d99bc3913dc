use std::time::Duration;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use data_plane::task::{CircuitBreaker, DeploymentConfiguration, ServiceSpec, TaskService};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use super::steady::steady;
use crate::resources::kind::{Call, Code, ResourceType, Tag, exists, failed, resource, with};
use crate::services::ecs::{self, Deployment, EcsError, LoadBalancerTarget, task_service_spec};
use crate::wire::epoch_millis;

pub(in crate::resources) struct Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    cluster: Option<String>,
    service_name: Option<String>,
    task_definition: Option<String>,
    desired_count: Option<u32>,
    #[serde(default)]
    load_balancers: Vec<Target>,
    deployment_configuration: Option<Configuration>,
    health_check_grace_period_seconds: Option<u64>,
    network_configuration: Option<Network>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    container_name: Option<String>,
    container_port: Option<u16>,
    #[serde(rename = "TargetGroupArn")]
    group_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    deployment_circuit_breaker: Option<Breaker>,
    maximum_percent: Option<u32>,
    minimum_healthy_percent: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Breaker {
    enable: bool,
    rollback: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    awsvpc_configuration: Option<AwsVpc>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct AwsVpc {
    assign_public_ip: Option<String>,
    security_groups: Vec<String>,
    subnets: Vec<String>,
}

fn invalid(message: impl std::fmt::Display) -> Failure {
    failed(Code::InvalidRequest, message)
}

impl Properties {
    fn deployment(&self, call: &Call<Self>, name: String) -> Result<Deployment, Failure> {
        let reference =
            self.task_definition.as_deref().ok_or_else(|| invalid("TaskDefinition cannot be empty."))?;
        let definition = call.services.ecs.definition(reference).map_err(refused)?;
        if !definition.active {
            return Err(refused(EcsError::DefinitionInactive));
        }
        let targets = self.load_balancers.iter().map(|target| {
            match (&target.group_arn, &target.container_name, target.container_port) {
                (Some(group), Some(container), Some(port)) => {
                    Ok(LoadBalancerTarget { target_group: group.clone(), container: container.clone(), port })
                }
                _ => Err(invalid("A load balancer needs TargetGroupArn, ContainerName and ContainerPort.")),
            }
        });
        let given = self.deployment_configuration.as_ref();
        let breaker = given
            .and_then(|given| given.deployment_circuit_breaker.as_ref())
            .filter(|breaker| breaker.enable);
        let configuration = DeploymentConfiguration {
            minimum_healthy_percent: given.and_then(|given| given.minimum_healthy_percent).unwrap_or(100),
            maximum_percent: given.and_then(|given| given.maximum_percent).unwrap_or(200),
            circuit_breaker: breaker.map(|breaker| CircuitBreaker { rollback: breaker.rollback }),
        };
        if configuration.minimum_healthy_percent >= configuration.maximum_percent {
            return Err(invalid(format!(
                "The minimumHealthyPercent {} must be smaller than the maximumPercent {}, or tasks could never be replaced.",
                configuration.minimum_healthy_percent, configuration.maximum_percent
            )));
        }
        Ok(Deployment {
            name,
            definition,
            desired: self.desired_count.unwrap_or(1),
            targets: targets.collect::<Result<_, _>>()?,
            configuration,
            grace: Duration::from_secs(self.health_check_grace_period_seconds.unwrap_or(0)),
            force: false,
        })
    }

    /// What tasks are waited for to be.
    fn whom(&self) -> &'static str {
        if self.load_balancers.is_empty() { "running" } else { "healthy in the target group" }
    }

    fn network(&self, call: &Call<Self>, arn: &str) -> Result<&AwsVpc, Failure> {
        let network =
            self.network_configuration.as_ref().and_then(|network| network.awsvpc_configuration.as_ref());
        let network = network.ok_or_else(|| {
            invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
        })?;
        if network.subnets.is_empty() {
            return Err(invalid("subnets can not be empty."));
        }
        let held = network.subnets.iter().chain(&network.security_groups).cloned();
        call.services.ec2.hold(arn, held).map_err(with(Code::NotFound))?;
        Ok(network)
    }
}

/// How long the rules of security groups may come after the service that needs them.
const RULES_TIMEOUT: Duration = Duration::from_secs(10);

/// Health checks of a balancer reach its targets only where the security groups admit them.
async fn reachable(
    call: &Call<Properties>,
    deployment: &Deployment,
    groups: &[String],
) -> Result<(), Failure> {
    let deadline = tokio::time::Instant::now() + RULES_TIMEOUT;
    for target in &deployment.targets {
        let elb = &call.services.elbv2;
        let balancer =
            elb.load_balancer_of(&target.target_group).and_then(|arn| elb.load_balancer(&arn).ok());
        let Some(balancer) = balancer else { continue };
        while let Err(reason) = call.services.ec2.admits(&balancer.security_groups, groups, target.port) {
            if tokio::time::Instant::now() >= deadline {
                let message = format!(
                    "(service {}) (port {}) is unhealthy in (target-group {}) due to (reason Request timed out): {reason}",
                    deployment.name, target.port, target.target_group
                );
                return Err(failed(Code::NotStabilized, message));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Says which program plays an image that is not pulled.
fn tell_player(call: &Call<Properties>, spec: &ServiceSpec) {
    if let Some(player) = &spec.task.rootfs.played_by {
        (call.request.progress)(&format!("{} is played by {player}", spec.task.container));
    }
}

#[async_trait]
impl ResourceType for Service {
    const SCHEMA: &'static str = include_str!("../schemas/ecs-service.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let (properties, ecs) = (&call.properties, &call.services.ecs);
        let cluster = ecs.cluster(properties.cluster.as_deref().unwrap_or("default")).map_err(refused)?;
        let name = call.name(properties.service_name.as_ref(), 255);
        if ecs.has_service(&cluster.name, &name) {
            return Err(exists("AWS::ECS::Service", &name));
        }
        let arn = call.arn("ecs", &format!("service/{}/{name}", cluster.name));
        let deployment = properties.deployment(&call, name.clone())?;
        let network = properties.network(&call, &arn)?;
        let spec = match task_service_spec(&call.services, &deployment).await {
            Ok(spec) => spec,
            Err(error) => {
                call.services.ec2.release(&arn);
                return Err(refused(error));
            }
        };
        tell_player(&call, &spec);
        let handle = TaskService::start(spec, ecs.task_context());
        ecs.put_service(ecs::Service {
            arn: arn.clone(),
            name: name.clone(),
            cluster: cluster.name,
            definition: deployment.definition.arn.clone(),
            desired: deployment.desired,
            targets: deployment.targets.clone(),
            deployment: deployment.configuration,
            grace: deployment.grace,
            subnets: network.subnets.clone(),
            security_groups: network.security_groups.clone(),
            assign_public_ip: network.assign_public_ip.as_deref() == Some("ENABLED"),
            tags: call.tags(&properties.tags),
            created_at: epoch_millis(),
            handle: handle.clone(),
        });
        let whom = properties.whom();
        let created = resource(arn.clone(), [("ServiceArn", json!(arn)), ("Name", json!(name))]);
        let stable = async {
            reachable(&call, &deployment, &network.security_groups).await?;
            steady(&call.request, &handle, whom).await
        };
        stable.await.map_err(|failure| failure.leaving(created.clone()))?;
        Ok(created)
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let (properties, ecs) = (&call.properties, &call.services.ecs);
        let arn = current.physical_id.as_str();
        let before = ecs.service(None, arn).map_err(refused)?;
        let deployment = properties.deployment(&call, before.name)?;
        let network = properties.network(&call, arn)?;
        let service = ecs.redeploy(&call.services, &deployment, arn).await.map_err(refused)?;
        let handle = service.handle.clone();
        ecs.put_service(ecs::Service {
            subnets: network.subnets.clone(),
            security_groups: network.security_groups.clone(),
            assign_public_ip: network.assign_public_ip.as_deref() == Some("ENABLED"),
            tags: call.tags(&properties.tags),
            ..service
        });
        reachable(&call, &deployment, &network.security_groups).await?;
        steady(&call.request, &handle, properties.whom()).await?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.ecs.delete_service(&current.physical_id).await;
        call.services.ec2.release(&current.physical_id);
        Ok(())
    }
}
