use serde::{Deserialize, Serialize};

use crate::services::application_autoscaling::Metric;
use crate::services::ecs::definition::KeyValue;
use crate::services::ecs::{EcsError, check_fargate_size};

/// What an Express service is to be, in the words of CloudFormation. Defaults are those of the resource's schema.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExpressSettings {
    pub execution_role_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_role_arn: Option<String>,
    pub primary_container: PrimaryContainer,
    #[serde(default = "cpu")]
    pub cpu: String,
    #[serde(default = "memory")]
    pub memory: String,
    #[serde(default = "health_check_path")]
    pub health_check_path: String,
    #[serde(default)]
    pub scaling_target: ScalingTarget,
    #[serde(default)]
    pub network_configuration: Network,
}

fn cpu() -> String {
    "256".to_owned()
}

fn memory() -> String {
    "512".to_owned()
}

fn health_check_path() -> String {
    "/ping".to_owned()
}

/// The container that gets the requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PrimaryContainer {
    pub image: String,
    #[serde(default = "container_port")]
    pub container_port: u16,
    #[serde(default)]
    pub environment: Vec<KeyValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    pub aws_logs_configuration: LogsConfiguration,
}

fn container_port() -> u16 {
    80
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LogsConfiguration {
    #[serde(rename = "LogGroup")]
    pub group: String,
    #[serde(rename = "LogStreamPrefix")]
    pub stream_prefix: String,
}

/// How many tasks there are, and what decides it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct ScalingTarget {
    pub min_task_count: u32,
    pub max_task_count: u32,
    pub auto_scaling_metric: String,
    pub auto_scaling_target_value: u32,
}

impl Default for ScalingTarget {
    fn default() -> Self {
        Self {
            min_task_count: 1,
            max_task_count: 1,
            auto_scaling_metric: "AVERAGE_CPU".to_owned(),
            auto_scaling_target_value: 60,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Network {
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
}

impl ExpressSettings {
    /// CPU units and MB of a task.
    pub(super) fn size(&self) -> Result<(u32, u32), EcsError> {
        let number = |what: &str, text: &str| {
            text.parse::<u32>().map_err(|_| {
                EcsError::InvalidParameter(format!(
                    "Invalid '{what}' setting for task: {text} is not a number."
                ))
            })
        };
        let (cpu, memory) = (number("cpu", &self.cpu)?, number("memory", &self.memory)?);
        check_fargate_size(cpu, memory)?;
        Ok((cpu, memory))
    }

    /// What is held at its target.
    pub(super) fn metric(&self) -> Result<Metric, EcsError> {
        match self.scaling_target.auto_scaling_metric.as_str() {
            "AVERAGE_CPU" => Ok(Metric::Cpu),
            "AVERAGE_MEMORY" => Ok(Metric::Memory),
            other => Err(EcsError::InvalidParameter(format!(
                "autoScalingMetric {other} is not offered by this cloud, which offers AVERAGE_CPU and AVERAGE_MEMORY."
            ))),
        }
    }

    /// Refuses what no service could run with.
    pub(super) fn check(&self) -> Result<(), EcsError> {
        let invalid = |message: String| Err(EcsError::InvalidParameter(message));
        self.size()?;
        self.metric()?;
        let target = &self.scaling_target;
        if target.min_task_count > target.max_task_count {
            return invalid(format!(
                "minTaskCount {} must not be greater than maxTaskCount {}.",
                target.min_task_count, target.max_task_count
            ));
        }
        if target.auto_scaling_target_value == 0 {
            return invalid("autoScalingTargetValue must be greater than 0.".to_owned());
        }
        if !self.health_check_path.starts_with('/') {
            return invalid(format!("healthCheckPath {:?} must begin with a slash.", self.health_check_path));
        }
        Ok(())
    }
}
