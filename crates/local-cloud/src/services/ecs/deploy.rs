use std::sync::Arc;
use std::time::Duration;

use data_plane::task::{DeploymentConfiguration, ServiceSpec, TaskContext, TaskSpec};

use super::{Ecs, EcsError, LoadBalancerTarget, Service, TaskDefinition, image, secrets};
use crate::Services;

/// How long a task may take to stop unless its definition says otherwise.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// Who runs tasks.
const PRINCIPAL: &str = "ecs-tasks.amazonaws.com";

/// What a service is to run, whoever asks for it.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub name: String,
    pub definition: TaskDefinition,
    pub desired: u32,
    pub targets: Vec<LoadBalancerTarget>,
    pub configuration: DeploymentConfiguration,
    pub grace: Duration,
    /// Replace the tasks even when nothing in them changed.
    pub force: bool,
}

impl Deployment {
    /// What a service runs now.
    #[must_use]
    pub fn of(service: &Service, definition: TaskDefinition) -> Self {
        Self {
            name: service.name.clone(),
            definition,
            desired: service.desired,
            targets: service.targets.clone(),
            configuration: service.deployment,
            grace: service.grace,
            force: false,
        }
    }
}

/// Turns a deployment into what the data plane runs: pulls the image and looks up target groups, roles and the log group.
///
/// # Errors
/// A part of it does not exist; the words are those in which ECS says why its tasks stop.
pub async fn task_service_spec(
    services: &Services,
    deployment: &Deployment,
) -> Result<ServiceSpec, EcsError> {
    let definition = &deployment.definition;
    let container = &definition.container;
    for role in [&definition.execution_role, &definition.task_role].into_iter().flatten() {
        if !services.iam.trusts(role, PRINCIPAL) {
            return Err(EcsError::CannotStart(format!(
                "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
            )));
        }
    }
    let mut target_groups = Vec::new();
    for target in &deployment.targets {
        let group = services.elbv2.target_group(&target.target_group).map_err(|_| {
            EcsError::InvalidParameter(format!("The target group {} does not exist.", target.target_group))
        })?;
        if services.elbv2.load_balancer_of(&group.arn).is_none() {
            return Err(EcsError::InvalidParameter(format!(
                "The target group with targetGroupArn {} does not have an associated load balancer.",
                group.arn
            )));
        }
        let mapped = container.port_mappings.iter().any(|mapping| mapping.container_port == target.port);
        if target.container != container.name || !mapped {
            return Err(EcsError::InvalidParameter(format!(
                "The container {} did not have a container port {} defined.",
                target.container, target.port
            )));
        }
        target_groups.push(group.handle);
    }
    let log_group = image::log_group(services, container)?;
    let rootfs = image::of_container(services, container).await?;
    let environment = secrets::environment(services, definition)?;
    let open_files =
        container.ulimits.iter().find(|limit| limit.name == "nofile").map(|limit| limit.soft_limit);
    let task = TaskSpec {
        family: definition.family.clone(),
        definition: definition.arn.clone(),
        container: container.name.clone(),
        rootfs,
        entry_point: container.entry_point.clone(),
        command: container.command.clone(),
        working_dir: container.working_directory.clone(),
        environment,
        container_port: container.port_mappings.first().map(|mapping| mapping.container_port),
        cpu: definition.cpu,
        memory_mb: definition.memory_mb,
        open_files: open_files.and_then(|limit| u64::try_from(limit).ok()),
        log_group,
        log_stream_prefix: container.log_option("awslogs-stream-prefix").unwrap_or_default().to_owned(),
        stop_timeout: container.stop_timeout.map_or(STOP_TIMEOUT, Duration::from_secs),
    };
    Ok(ServiceSpec {
        name: deployment.name.clone(),
        task,
        desired_count: deployment.desired,
        target_groups,
        deployment: deployment.configuration,
        health_check_grace_period: deployment.grace,
        force_new_deployment: deployment.force,
    })
}

impl Ecs {
    /// What tasks are given around them.
    #[must_use]
    pub fn task_context(&self) -> TaskContext {
        self.context.clone()
    }

    /// Takes over a changed deployment of a running service; the tasks follow in the background.
    pub async fn redeploy(
        &self,
        services: &Arc<Services>,
        deployment: &Deployment,
        arn: &str,
    ) -> Result<Service, EcsError> {
        let mut service = self.service(None, arn)?;
        let spec = task_service_spec(services, deployment).await?;
        service.handle.update(spec);
        service.definition.clone_from(&deployment.definition.arn);
        service.desired = deployment.desired;
        service.targets.clone_from(&deployment.targets);
        service.deployment = deployment.configuration;
        service.grace = deployment.grace;
        self.put_service(service.clone());
        Ok(service)
    }
}
