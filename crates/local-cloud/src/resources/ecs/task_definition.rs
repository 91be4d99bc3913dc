use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource};
use crate::services::ecs::{self, ContainerDefinition, check_fargate_size};
use crate::wire::epoch_millis;

pub(in crate::resources) struct TaskDefinition;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    #[serde(default)]
    container_definitions: Vec<ContainerDefinition>,
    cpu: Option<String>,
    memory: Option<String>,
    execution_role_arn: Option<String>,
    task_role_arn: Option<String>,
    family: Option<String>,
    network_mode: Option<String>,
    #[serde(default)]
    requires_compatibilities: Vec<String>,
    runtime_platform: Option<RuntimePlatform>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuntimePlatform {
    cpu_architecture: Option<String>,
}

fn invalid(message: impl std::fmt::Display) -> Failure {
    failed(Code::InvalidRequest, message)
}

/// CPU units or MB from the spellings that ECS takes: `256`, `.25 vCPU`, `512`, `1 GB`.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size>
fn amount(text: &str, unit: &str) -> Option<u32> {
    let lower = text.trim().to_ascii_lowercase();
    let Some(number) = lower.strip_suffix(unit) else { return lower.parse().ok() };
    let whole: f64 = number.trim().parse().ok()?;
    let scaled = (whole * 1024.0).round();
    // The cast is exact, because the number was checked to be a small whole one.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (1.0..=1_000_000.0).contains(&scaled).then_some(scaled as u32)
}

impl Properties {
    fn size(&self) -> Result<(u32, u32), Failure> {
        let (Some(cpu), Some(memory)) = (&self.cpu, &self.memory) else {
            return Err(invalid("Fargate requires that 'cpu' and 'memory' be defined at the task level."));
        };
        let cpu_units = amount(cpu, "vcpu")
            .ok_or_else(|| invalid(format!("Invalid 'cpu' setting for task: {cpu} is not a number.")))?;
        let memory_mb = amount(memory, "gb").ok_or_else(|| {
            invalid(format!("Invalid 'memory' setting for task: {memory} is not a number."))
        })?;
        check_fargate_size(cpu_units, memory_mb).map_err(refused)?;
        Ok((cpu_units, memory_mb))
    }

    fn container(&self, registry: &str) -> Result<ContainerDefinition, Failure> {
        let [container] = self.container_definitions.as_slice() else {
            let count = self.container_definitions.len();
            return Err(invalid(format!(
                "A task has one container in this cloud; this definition has {count}."
            )));
        };
        if container.essential == Some(false) {
            return Err(invalid("A task definition must have at least one essential container."));
        }
        if let Some(mapping) = container
            .port_mappings
            .iter()
            .find(|mapping| mapping.host_port.is_some_and(|port| port != 0 && port != mapping.container_port))
        {
            return Err(invalid(format!(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match (container port {}).",
                mapping.container_port
            )));
        }
        if container.log_configuration.is_some() {
            for name in ["awslogs-group", "awslogs-region", "awslogs-stream-prefix"] {
                if container.log_option(name).is_none_or(str::is_empty) {
                    return Err(invalid(format!("Log driver awslogs requires options: {name}")));
                }
            }
            if self.execution_role_arn.is_none() {
                return Err(invalid(
                    "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
                ));
            }
        }
        if !container.secrets.is_empty() && self.execution_role_arn.is_none() {
            return Err(invalid(
                "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
            ));
        }
        if (container.image.contains(".dkr.ecr.") || container.image.starts_with(registry))
            && self.execution_role_arn.is_none()
        {
            return Err(invalid(
                "Fargate requires task definition to have execution role ARN to support ECR images.",
            ));
        }
        Ok(container.clone())
    }
}

#[async_trait]
impl ResourceType for TaskDefinition {
    const SCHEMA: &'static str = include_str!("../schemas/ecs-task-definition.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        if properties.requires_compatibilities != ["FARGATE"] {
            return Err(invalid(
                "RequiresCompatibilities must be [FARGATE]: there are no container instances here.",
            ));
        }
        if properties.network_mode.as_deref() != Some("awsvpc") {
            return Err(invalid("Fargate only supports network mode ‘awsvpc’."));
        }
        let (cpu, memory_mb) = properties.size()?;
        let platform = properties.runtime_platform.as_ref();
        let architecture = platform
            .and_then(|platform| platform.cpu_architecture.clone())
            .unwrap_or_else(|| "X86_64".to_owned());
        let definition = ecs::TaskDefinition {
            arn: String::new(),
            // A family's name is the resource's, so that the next definition is its next revision.
            family: call.name(properties.family.as_ref(), 255),
            revision: 0,
            cpu,
            memory_mb,
            architecture,
            execution_role: properties.execution_role_arn.clone(),
            task_role: properties.task_role_arn.clone(),
            container: properties.container(call.services.ecr.registry())?,
            tags: call.tags(&properties.tags),
            active: true,
            registered_at: epoch_millis(),
        };
        let prefix = call.arn("ecs", "task-definition/");
        let definition = call.services.ecs.register(definition, &prefix);
        Ok(resource(definition.arn.clone(), [("TaskDefinitionArn", json!(definition.arn))]))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        call.services.ecs.tag_definition(&current.physical_id, call.tags(&call.properties.tags));
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.ecs.deregister(&current.physical_id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_in_several_spellings() {
        for (text, unit, expected) in [
            ("256", "vcpu", Some(256)),
            (".25 vCPU", "vcpu", Some(256)),
            ("1 vcpu", "vcpu", Some(1024)),
            ("0.5GB", "gb", Some(512)),
            ("30 GB", "gb", Some(30_720)),
            ("lots", "gb", None),
            ("-1 GB", "gb", None),
        ] {
            assert_eq!(amount(text, unit), expected, "{text}");
        }
    }
}
