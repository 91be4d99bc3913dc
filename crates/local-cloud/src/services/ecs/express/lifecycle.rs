//! How Express services come, change and go. Tasks follow in the background; the service's handle tells when they are
//! steady.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use data_plane::balancer::{self, Alias, HealthCheck};
use data_plane::task::{CircuitBreaker, DeploymentConfiguration, TaskService};
use serde_json::json;
use tokio::net::TcpListener;

use super::{ExpressService, ExpressSettings, Gateway};
use crate::Services;
use crate::services::application_autoscaling::{ScalableTarget, ScalingPolicy};
use crate::services::ecs::definition::{LogConfiguration, PortMapping};
use crate::services::ecs::{
    ContainerDefinition, Deployment, Ecs, EcsError, LoadBalancerTarget, Service, TaskDefinition,
    task_service_spec,
};
use crate::services::elbv2::{Action, Attributes, Condition, TargetGroup};
use crate::services::ids;
use crate::wire::epoch_millis;

/// Who manages what an Express service is made of.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html>
const INFRASTRUCTURE: &str = "ecs.amazonaws.com";
/// The name of the container.
const CONTAINER: &str = "Main";
/// The cooldown of scaling.
const COOLDOWN: Duration = Duration::from_mins(5);

/// What a new Express service is given besides its settings.
pub struct Wanted {
    pub name: String,
    /// Name or ARN.
    pub cluster: String,
    pub infrastructure_role: String,
    pub tags: BTreeMap<String, String>,
}

fn refused(error: impl std::fmt::Display) -> EcsError {
    EcsError::InvalidParameter(error.to_string())
}

impl Ecs {
    /// Makes a service with its target group, rule, endpoint and scaling, and the load balancer if none is there.
    ///
    /// # Errors
    /// Settings, roles, networks or an image that cannot be used; then nothing is left.
    pub async fn create_express(
        &self,
        services: &Arc<Services>,
        wanted: Wanted,
        settings: ExpressSettings,
    ) -> Result<ExpressService, EcsError> {
        settings.check()?;
        let role = &wanted.infrastructure_role;
        if !services.iam.trusts(role, INFRASTRUCTURE) {
            return Err(EcsError::InvalidParameter(format!(
                "ECS was unable to assume the infrastructure role '{role}': its trust policy does not let {INFRASTRUCTURE} assume it."
            )));
        }
        let cluster = self.cluster(&wanted.cluster)?.name;
        if self.has_service(&cluster, &wanted.name) {
            return Err(refused(format!("Creation of service was not idempotent: {} exists.", wanted.name)));
        }
        let gateway = self.gateway(services, &settings.network_configuration.subnets).await?;
        let made = self.assemble(services, &gateway, &cluster, wanted, settings).await;
        if made.is_err() {
            self.release_gateway(services, &gateway).await;
        }
        made
    }

    async fn assemble(
        &self,
        services: &Arc<Services>,
        gateway: &Gateway,
        cluster: &str,
        wanted: Wanted,
        settings: ExpressSettings,
    ) -> Result<ExpressService, EcsError> {
        let context = &services.context;
        let arn = context.arn("ecs", &format!("service/{cluster}/{}", wanted.name));
        let endpoint = format!("ex-{}.ecs.{}.on.aws", ids::hex(32), context.region);
        let target_group = target_group(services, &settings, gateway)?;
        let parts = self.ingress(services, gateway, &endpoint, &target_group).await;
        let (rule, alias) = match parts {
            Ok(parts) => parts,
            Err(error) => {
                let _ = services.elbv2.delete_target_group(&target_group).await;
                return Err(error);
            }
        };
        let now = epoch_millis();
        let service = ExpressService {
            policy: context.arn(
                "autoscaling",
                &format!(
                    "scalingPolicy:{}:resource/ecs/service/{cluster}/{}:policyName/express",
                    uuid::Uuid::new_v4(),
                    wanted.name
                ),
            ),
            arn: arn.clone(),
            name: wanted.name,
            cluster: cluster.to_owned(),
            endpoint,
            infrastructure_role: wanted.infrastructure_role,
            settings,
            gateway: gateway.clone(),
            rule,
            target_group,
            tags: wanted.tags,
            created_at: now,
            updated_at: now,
            alias: Arc::new(alias),
        };
        self.put_express(service.clone());
        if let Err(error) = self.start(services, &service).await {
            self.delete_express(services, &arn).await;
            return Err(error);
        }
        Ok(service)
    }

    /// The rule and the port of an endpoint.
    async fn ingress(
        &self,
        services: &Services,
        gateway: &Gateway,
        endpoint: &str,
        target_group: &str,
    ) -> Result<(String, Alias), EcsError> {
        let elb = &services.elbv2;
        let condition: Condition = serde_json::from_value(json!({
            "Field": "host-header", "HostHeaderConfig": {"Values": [endpoint]},
        }))
        .map_err(refused)?;
        let action = Action {
            kind: "forward".to_owned(),
            target_group_arn: Some(target_group.to_owned()),
            ..Action::default()
        };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(refused)?;
        let listener = elb.listener(&gateway.listener).map_err(refused)?;
        let taken: Vec<u32> = elb.rules(&gateway.listener).iter().map(|rule| rule.priority).collect();
        // Listeners have priorities from 1 to 50,000, and AWS allows far fewer rules.
        let priority = (1..=50_000).find(|priority| !taken.contains(priority)).unwrap_or(1);
        let rule =
            elb.create_rule(&gateway.listener, priority, vec![condition], vec![action], BTreeMap::new());
        let rule = rule.map_err(refused)?.arn;
        let alias = Alias::start(endpoint, listener.handle, socket).map_err(refused)?;
        services.hosts.add(endpoint, 443, alias.address());
        Ok((rule, alias))
    }

    /// Starts the tasks and what scales them.
    async fn start(&self, services: &Arc<Services>, service: &ExpressService) -> Result<(), EcsError> {
        let settings = &service.settings;
        let deployment = self.deployment(services, service, settings.scaling_target.min_task_count)?;
        let spec = task_service_spec(services, &deployment).await?;
        let network = &settings.network_configuration;
        let held = network.subnets.iter().chain(&network.security_groups).cloned();
        services.ec2.hold(&service.arn, held).map_err(refused)?;
        self.put_service(Service {
            arn: service.arn.clone(),
            name: service.name.clone(),
            cluster: service.cluster.clone(),
            definition: deployment.definition.arn.clone(),
            desired: deployment.desired,
            targets: deployment.targets,
            deployment: deployment.configuration,
            grace: deployment.grace,
            subnets: network.subnets.clone(),
            security_groups: network.security_groups.clone(),
            assign_public_ip: service.gateway.scheme == "internet-facing",
            tags: service.tags.clone(),
            created_at: service.created_at,
            handle: TaskService::start(spec, self.task_context()),
        });
        self.scale(services, service).await
    }

    async fn scale(&self, services: &Arc<Services>, service: &ExpressService) -> Result<(), EcsError> {
        let target = &service.settings.scaling_target;
        let resource_id = format!("service/{}/{}", service.cluster, service.name);
        let bounds = ScalableTarget {
            resource_id: resource_id.clone(),
            min: target.min_task_count,
            max: target.max_task_count,
        };
        services.autoscaling.register(services, bounds).await.map_err(refused)?;
        let policy = ScalingPolicy {
            arn: service.policy.clone(),
            name: "express".to_owned(),
            resource_id,
            metric: service.settings.metric()?,
            target: f64::from(target.auto_scaling_target_value),
            scale_in_cooldown: COOLDOWN,
            scale_out_cooldown: COOLDOWN,
            disable_scale_in: false,
        };
        services.autoscaling.put_policy(services, policy).map_err(refused)
    }

    /// Brings a service to other settings; new tasks serve before old ones go.
    ///
    /// # Errors
    /// Settings, roles or an image that cannot be used; then the service runs as before.
    pub async fn update_express(
        &self,
        services: &Arc<Services>,
        arn: &str,
        settings: ExpressSettings,
    ) -> Result<ExpressService, EcsError> {
        settings.check()?;
        let before = self.express_service(arn)?;
        let network = &settings.network_configuration;
        if network.subnets != before.settings.network_configuration.subnets {
            let gateway = self.gateway(services, &network.subnets).await?;
            if gateway != before.gateway {
                self.release_gateway(services, &gateway).await;
                return Err(refused("The subnets of a service can change only within its VPC here."));
            }
        }
        let held = network.subnets.iter().chain(&network.security_groups).cloned();
        services.ec2.hold(arn, held).map_err(refused)?;
        let running = self.service(None, arn)?;
        let service = ExpressService { settings, updated_at: epoch_millis(), ..before };
        let target = &service.settings.scaling_target;
        let desired = running.desired.clamp(target.min_task_count, target.max_task_count);
        let deployment = self.deployment(services, &service, desired)?;
        let old = running.definition.clone();
        let redeployed = self.redeploy(services, &deployment, arn).await;
        if let Err(error) = redeployed {
            self.deregister(&deployment.definition.arn);
            return Err(error);
        }
        if old != deployment.definition.arn {
            self.deregister(&old);
        }
        let group = services.elbv2.target_group(&service.target_group).map_err(refused)?;
        services
            .elbv2
            .update_target_group(TargetGroup { health_check: health_check(&service.settings), ..group });
        self.put_express(service.clone());
        self.scale(services, &service).await?;
        Ok(service)
    }

    /// Ends a service and deletes all that was made for it; one that is gone already is a success.
    pub async fn delete_express(&self, services: &Services, arn: &str) {
        let Ok(service) = self.express_service(arn) else { return };
        services.autoscaling.deregister(&format!("service/{}/{}", service.cluster, service.name));
        services.hosts.remove(&service.endpoint, 443);
        service.alias.stop().await;
        if let Ok(running) = self.service(None, arn) {
            self.deregister(&running.definition);
        }
        self.delete_service(arn).await;
        services.ec2.release(arn);
        let elb = &services.elbv2;
        let deleted = async {
            elb.delete_rule(&service.rule)?;
            elb.delete_target_group(&service.target_group).await
        };
        if let Err(error) = deleted.await {
            tracing::warn!(%error, service = %service.name, "the ingress of a service could not be deleted");
        }
        self.state().express.services.remove(arn);
        self.release_gateway(services, &service.gateway).await;
    }

    /// What the service runs: its present task definition where that fits, or the next revision.
    fn deployment(
        &self,
        services: &Services,
        service: &ExpressService,
        desired: u32,
    ) -> Result<Deployment, EcsError> {
        let settings = &service.settings;
        let (cpu, memory_mb) = settings.size()?;
        let wanted = TaskDefinition {
            arn: String::new(),
            family: format!("{}-{}", service.cluster, service.name),
            revision: 0,
            cpu,
            memory_mb,
            architecture: "X86_64".to_owned(),
            execution_role: Some(settings.execution_role_arn.clone()),
            task_role: settings.task_role_arn.clone(),
            container: container(services, settings),
            tags: service.tags.clone(),
            active: true,
            registered_at: epoch_millis(),
        };
        let present =
            self.service(None, &service.arn).ok().and_then(|one| self.definition(&one.definition).ok());
        let same = |present: &TaskDefinition| {
            present.active
                && (present.cpu, present.memory_mb) == (cpu, memory_mb)
                && present.container == wanted.container
                && (&present.execution_role, &present.task_role)
                    == (&wanted.execution_role, &wanted.task_role)
        };
        let definition = match present.filter(same) {
            Some(present) => present,
            None => self.register(wanted, &services.context.arn("ecs", "task-definition/")),
        };
        let target = LoadBalancerTarget {
            target_group: service.target_group.clone(),
            container: CONTAINER.to_owned(),
            port: settings.primary_container.container_port,
        };
        Ok(Deployment {
            name: service.name.clone(),
            definition,
            desired,
            targets: vec![target],
            configuration: DeploymentConfiguration {
                minimum_healthy_percent: 100,
                maximum_percent: 200,
                circuit_breaker: Some(CircuitBreaker { rollback: true }),
            },
            grace: Duration::ZERO,
            force: false,
        })
    }
}

fn container(services: &Services, settings: &ExpressSettings) -> ContainerDefinition {
    let primary = &settings.primary_container;
    let logs = &primary.aws_logs_configuration;
    let options = [
        ("awslogs-group", logs.group.as_str()),
        ("awslogs-region", services.context.region.as_str()),
        ("awslogs-stream-prefix", logs.stream_prefix.as_str()),
    ];
    ContainerDefinition {
        name: CONTAINER.to_owned(),
        image: primary.image.clone(),
        essential: Some(true),
        command: primary.command.clone(),
        environment: primary.environment.clone(),
        port_mappings: vec![PortMapping { container_port: primary.container_port, ..PortMapping::default() }],
        log_configuration: Some(LogConfiguration {
            log_driver: "awslogs".to_owned(),
            options: options.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }),
        ..ContainerDefinition::default()
    }
}

/// What Express Mode checks is not documented but for the path; the rest is short, so that a task that starts in
/// milliseconds serves soon.
fn health_check(settings: &ExpressSettings) -> HealthCheck {
    HealthCheck {
        path: settings.health_check_path.clone(),
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        healthy_threshold: 2,
        unhealthy_threshold: 2,
        ..HealthCheck::default()
    }
}

/// Makes the target group and gives its ARN.
fn target_group(
    services: &Services,
    settings: &ExpressSettings,
    gateway: &Gateway,
) -> Result<String, EcsError> {
    let name = format!("ecs-gateway-tg-{}", ids::hex(16));
    let delay = ("deregistration_delay.timeout_seconds".to_owned(), "30".to_owned());
    let attributes = Attributes::of_target_group(&[delay]).map_err(refused)?;
    let health_check = health_check(settings);
    let spec = TargetGroup::spec_of(&name, &health_check, &attributes);
    let arn = services.context.arn("elasticloadbalancing", &format!("targetgroup/{name}/{}", ids::hex(16)));
    let group = TargetGroup {
        arn: arn.clone(),
        name,
        vpc: Some(gateway.vpc.clone()),
        port: settings.primary_container.container_port,
        health_check,
        matcher: "200".to_owned(),
        attributes,
        tags: BTreeMap::new(),
        handle: balancer::TargetGroup::start(spec),
    };
    services.elbv2.create_target_group(group).map_err(refused)?;
    Ok(arn)
}
