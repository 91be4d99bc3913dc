//! `AWS::Logs::*`

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::kind::{Call, Code, ResourceType, Tag, exists, resource, with};
use crate::services::logs::LogsError;

pub(super) struct LogGroup;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Properties {
    log_group_name: Option<String>,
    retention_in_days: Option<u32>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[async_trait]
impl ResourceType for LogGroup {
    const SCHEMA: &'static str = include_str!("schemas/logs-log-group.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let name = call.name(properties.log_group_name.as_ref(), 512);
        let group = match call.services.logs.create_group(&name, &call.tags(&properties.tags)) {
            Ok(group) => group,
            Err(LogsError::GroupExists) => return Err(exists("AWS::Logs::LogGroup", &name)),
            Err(error) => return Err(with(Code::InvalidRequest)(error)),
        };
        group.set_retention(properties.retention_in_days).map_err(with(Code::InvalidRequest))?;
        Ok(resource(name, [("Arn", json!(format!("{}:*", group.arn)))]))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let group = call.services.logs.group(&current.physical_id).map_err(with(Code::NotFound))?;
        group.set_retention(call.properties.retention_in_days).map_err(with(Code::InvalidRequest))?;
        let tags = call.tags(&call.properties.tags);
        group.edit_tags(|all| *all = tags);
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        match call.services.logs.delete_group(&current.physical_id) {
            Ok(()) | Err(LogsError::NoSuchGroup) => Ok(()),
            Err(error) => Err(with(Code::InvalidRequest)(error)),
        }
    }
}
