use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::EcsError;

/// A registered task definition. It has one container, which is what a task runs here.
#[derive(Clone, Debug)]
pub struct TaskDefinition {
    pub arn: String,
    pub family: String,
    pub revision: u32,
    /// CPU units.
    pub cpu: u32,
    pub memory_mb: u32,
    pub architecture: String,
    pub execution_role: Option<String>,
    pub task_role: Option<String>,
    pub container: ContainerDefinition,
    pub tags: BTreeMap<String, String>,
    pub active: bool,
    /// Milliseconds since the epoch.
    pub registered_at: i64,
}

/// The container of a task definition, in the words of CloudFormation.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-taskdefinition-containerdefinition.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerDefinition {
    pub name: String,
    pub image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub essential: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_point: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    pub environment: Vec<KeyValue>,
    pub secrets: Vec<Secret>,
    pub port_mappings: Vec<PortMapping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<LogConfiguration>,
    pub ulimits: Vec<Ulimit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readonly_root_filesystem: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linux_parameters: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_labels: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct KeyValue {
    pub name: String,
    pub value: String,
}

/// An environment variable whose value is looked up when a task starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Secret {
    pub name: String,
    /// The ARN of a secret, with `:key:stage:version` where wanted, or the name or ARN of a parameter.
    pub value_from: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PortMapping {
    pub container_port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LogConfiguration {
    pub log_driver: String,
    pub options: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ulimit {
    pub name: String,
    pub soft_limit: i64,
    pub hard_limit: i64,
}

impl ContainerDefinition {
    /// An option of the log driver.
    #[must_use]
    pub fn log_option(&self, name: &str) -> Option<&str> {
        self.log_configuration.as_ref()?.options.get(name).map(String::as_str)
    }

    /// The API's spelling: the same members in lower camel case; keys of maps stay as they are.
    #[must_use]
    pub fn describe(&self) -> Value {
        serde_json::to_value(self).map_or(Value::Null, |value| lower_camel(value, true))
    }
}

/// Turns the names of members into lower camel case, but not the keys of free maps below `Options` and `DockerLabels`.
pub(super) fn lower_camel(value: Value, rename: bool) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| {
                    let free = name == "Options" || name == "DockerLabels";
                    let mut letters = name.chars();
                    let renamed = match letters.next() {
                        Some(first) if rename => first.to_lowercase().chain(letters).collect(),
                        _ => name.clone(),
                    };
                    (renamed, lower_camel(value, rename && !free))
                })
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(|item| lower_camel(item, rename)).collect(),
        scalar => scalar,
    }
}

/// Whether Fargate offers a size.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size>
pub fn check_fargate_size(cpu: u32, memory_mb: u32) -> Result<(), EcsError> {
    let sizes: &[(u32, u32, u32, u32)] = &[
        // CPU units, least memory, most memory, step
        (512, 1024, 4096, 1024),
        (1024, 2048, 8192, 1024),
        (2048, 4096, 16_384, 1024),
        (4096, 8192, 30_720, 1024),
        (8192, 16_384, 61_440, 4096),
        (16_384, 32_768, 122_880, 8192),
    ];
    let offered = if cpu == 256 {
        [512, 1024, 2048].contains(&memory_mb)
    } else if let Some((_, least, most, step)) = sizes.iter().find(|(units, ..)| *units == cpu) {
        (*least..=*most).contains(&memory_mb) && memory_mb.is_multiple_of(*step)
    } else {
        return Err(EcsError::InvalidParameter(format!(
            "Invalid 'cpu' setting for task: {cpu} is not one of 256, 512, 1024, 2048, 4096, 8192 and 16384."
        )));
    };
    if offered {
        return Ok(());
    }
    Err(EcsError::InvalidParameter(format!(
        "No Fargate configuration exists for given values: {cpu} CPU, {memory_mb} memory. See the Amazon ECS documentation for the valid values."
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fargate_offers_fixed_sizes() {
        for (cpu, memory) in
            [(256, 512), (256, 2048), (512, 3072), (4096, 30_720), (8192, 20_480), (16_384, 122_880)]
        {
            check_fargate_size(cpu, memory).unwrap();
        }
        for (cpu, memory) in [(256, 3072), (512, 512), (1024, 2560), (8192, 17_408)] {
            let error = check_fargate_size(cpu, memory).unwrap_err().to_string();
            assert!(error.contains(&format!("{cpu} CPU, {memory} memory")), "{error}");
        }
        assert!(check_fargate_size(300, 512).unwrap_err().to_string().starts_with("Invalid 'cpu' setting"));
    }

    #[test]
    fn descriptions_rename_members_but_not_keys() {
        let container: ContainerDefinition = serde_json::from_value(json!({
            "Name": "app", "Image": "i", "PortMappings": [{"ContainerPort": 8080}],
            "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "G", "Upper": "x"}},
        }))
        .unwrap();
        let described = container.describe();
        assert_eq!(described["portMappings"][0]["containerPort"], 8080);
        assert_eq!(described["logConfiguration"]["options"]["Upper"], "x");
        assert_eq!(container.log_option("awslogs-group"), Some("G"));
    }
}
