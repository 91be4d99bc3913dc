use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, ResourceType, Tag, resource};
use crate::services::apprunner::AppRunnerError;

pub(in crate::resources) struct AutoScalingConfiguration;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    #[serde(rename = "AutoScalingConfigurationName")]
    name: Option<String>,
    max_concurrency: Option<u32>,
    min_size: Option<u32>,
    max_size: Option<u32>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[async_trait]
impl ResourceType for AutoScalingConfiguration {
    const SCHEMA: &'static str = include_str!("../schemas/apprunner-auto-scaling-configuration.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let name = call.name(properties.name.as_ref(), 32);
        let bounds = (properties.min_size, properties.max_size, properties.max_concurrency);
        let tags = call.tags(&properties.tags);
        let made = call.services.apprunner.create_configuration(&name, bounds, tags).map_err(refused)?;
        Ok(resource(
            made.arn.clone(),
            [
                ("AutoScalingConfigurationArn", json!(made.arn)),
                ("AutoScalingConfigurationRevision", json!(made.revision)),
                ("Latest", json!(true)),
            ],
        ))
    }

    /// Every property is create-only, so there is nothing to change.
    async fn update(_: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        match call.services.apprunner.delete_configuration(&current.physical_id) {
            Ok(_) | Err(AppRunnerError::NotFound(_)) => Ok(()),
            Err(error) => Err(refused(error)),
        }
    }
}
