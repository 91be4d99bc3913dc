//! A service's settings in the words of the API, which are those of CloudFormation but for the environment.

use std::collections::BTreeMap;
use std::time::Duration;

use data_plane::balancer;
use serde::{Deserialize, Deserializer, Serialize};

use super::{AppRunnerError, instance_size};

/// What `CreateService` is given, without name and tags.
///
/// <https://docs.aws.amazon.com/apprunner/latest/api/API_CreateService.html>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServiceSettings {
    pub source_configuration: SourceConfiguration,
    #[serde(default)]
    pub instance_configuration: InstanceConfiguration,
    #[serde(default)]
    pub health_check_configuration: HealthCheckConfiguration,
    #[serde(default)]
    pub network_configuration: NetworkConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_scaling_configuration_arn: Option<String>,
}

/// Where the image is, and how it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SourceConfiguration {
    pub image_repository: ImageRepository,
    #[serde(default)]
    pub auto_deployments_enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_configuration: Option<AuthenticationConfiguration>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ImageRepository {
    #[serde(rename = "ImageIdentifier")]
    pub identifier: String,
    #[serde(rename = "ImageRepositoryType")]
    pub kind: String,
    #[serde(default, rename = "ImageConfiguration")]
    pub configuration: ImageConfiguration,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct ImageConfiguration {
    #[serde(deserialize_with = "environment")]
    pub runtime_environment_variables: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AuthenticationConfiguration {
    pub access_role_arn: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct InstanceConfiguration {
    pub cpu: String,
    pub memory: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_role_arn: Option<String>,
}

impl Default for InstanceConfiguration {
    fn default() -> Self {
        Self { cpu: "1024".to_owned(), memory: "2048".to_owned(), instance_role_arn: None }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct HealthCheckConfiguration {
    pub protocol: String,
    pub path: String,
    /// Seconds, as the timeout.
    pub interval: u64,
    pub timeout: u64,
    pub healthy_threshold: u32,
    pub unhealthy_threshold: u32,
}

impl Default for HealthCheckConfiguration {
    fn default() -> Self {
        Self {
            protocol: "TCP".to_owned(),
            path: "/".to_owned(),
            interval: 5,
            timeout: 2,
            healthy_threshold: 1,
            unhealthy_threshold: 5,
        }
    }
}

/// Instances reach the internet, and the internet reaches them; VPC connectors and private services are not offered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct NetworkConfiguration {
    pub egress_configuration: EgressConfiguration,
    pub ingress_configuration: IngressConfiguration,
    pub ip_address_type: IpAddressType,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct EgressConfiguration {
    pub egress_type: EgressType,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EgressType {
    #[default]
    Default,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct IngressConfiguration {
    pub is_publicly_accessible: bool,
}

impl Default for IngressConfiguration {
    fn default() -> Self {
        Self { is_publicly_accessible: true }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum IpAddressType {
    #[default]
    #[serde(rename = "IPV4")]
    V4,
}

/// The API has a map, CloudFormation a list of names and values.
fn environment<'de, D: Deserializer<'de>>(source: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Pair {
        name: String,
        value: String,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Map(BTreeMap<String, String>),
        List(Vec<Pair>),
    }
    Ok(match Either::deserialize(source)? {
        Either::Map(map) => map,
        Either::List(pairs) => pairs.into_iter().map(|pair| (pair.name, pair.value)).collect(),
    })
}

impl ServiceSettings {
    /// CPU units and MB of an instance, as the description gives them.
    pub(super) fn size(&self) -> Result<(u32, u32), AppRunnerError> {
        instance_size(&self.instance_configuration.cpu, &self.instance_configuration.memory)
    }

    /// The port of the program.
    pub(super) fn port(&self) -> Result<u16, AppRunnerError> {
        let port = self.source_configuration.image_repository.configuration.port.as_deref();
        let port = port.unwrap_or("8080");
        port.parse().map_err(|_| {
            AppRunnerError::InvalidRequest(format!("Port {port:?} is not a number from 0 to 65535."))
        })
    }

    /// How instances are checked.
    pub(super) fn health_check(&self) -> Result<balancer::HealthCheck, AppRunnerError> {
        let given = &self.health_check_configuration;
        let invalid = |message: String| Err(AppRunnerError::InvalidRequest(message));
        for (what, value) in [
            ("Interval", given.interval),
            ("Timeout", given.timeout),
            ("HealthyThreshold", u64::from(given.healthy_threshold)),
            ("UnhealthyThreshold", u64::from(given.unhealthy_threshold)),
        ] {
            if !(1..=20).contains(&value) {
                return invalid(format!("The health check's {what} is {value}; it must be from 1 to 20."));
            }
        }
        let protocol = match given.protocol.as_str() {
            "HTTP" => balancer::HealthCheckProtocol::Http,
            "TCP" => balancer::HealthCheckProtocol::Tcp,
            other => return invalid(format!("The health check's Protocol {other:?} must be TCP or HTTP.")),
        };
        if !given.path.starts_with('/') {
            return invalid(format!("The health check's Path {:?} must begin with a slash.", given.path));
        }
        Ok(balancer::HealthCheck {
            protocol,
            path: given.path.clone(),
            interval: Duration::from_secs(given.interval),
            timeout: Duration::from_secs(given.timeout),
            healthy_threshold: given.healthy_threshold,
            unhealthy_threshold: given.unhealthy_threshold,
            ..balancer::HealthCheck::default()
        })
    }

    /// Refuses what this cloud does not do.
    pub(super) fn check(&self) -> Result<(), AppRunnerError> {
        let source = &self.source_configuration;
        let invalid = |message: &str| Err(AppRunnerError::InvalidRequest(message.to_owned()));
        if source.auto_deployments_enabled {
            return invalid(
                "AutoDeploymentsEnabled must be false: this cloud does not follow pushes to a repository.",
            );
        }
        if source.image_repository.kind != "ECR" {
            return invalid("ImageRepositoryType must be ECR: this cloud pulls from its own registry only.");
        }
        if source.authentication_configuration.is_none() {
            return invalid(
                "Authentication configuration is required for ECR images: AccessRoleArn is missing.",
            );
        }
        if !self.network_configuration.ingress_configuration.is_publicly_accessible {
            return invalid("IsPubliclyAccessible must be true: there are no private services here.");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(image_configuration: &serde_json::Value) -> Result<ServiceSettings, serde_json::Error> {
        serde_json::from_value(json!({"SourceConfiguration": {
            "ImageRepository": {
                "ImageIdentifier": "i", "ImageRepositoryType": "ECR", "ImageConfiguration": image_configuration,
            },
            "AuthenticationConfiguration": {"AccessRoleArn": "r"},
        }}))
    }

    #[test]
    fn both_spellings_of_the_environment_are_read() {
        for variables in [json!({"A": "1"}), json!([{"Name": "A", "Value": "1"}])] {
            let read = settings(&json!({"RuntimeEnvironmentVariables": variables})).unwrap();
            let image = &read.source_configuration.image_repository.configuration;
            assert_eq!(image.runtime_environment_variables["A"], "1");
        }
        assert!(settings(&json!({"StartCommand": "run"})).is_err());
    }

    #[test]
    fn defaults_are_app_runners() {
        let settings = settings(&json!({})).unwrap();
        settings.check().unwrap();
        assert_eq!(settings.size().unwrap(), (1024, 2048));
        assert_eq!(settings.port().unwrap(), 8080);
        assert_eq!(settings.health_check().unwrap().protocol, balancer::HealthCheckProtocol::Tcp);
    }
}
