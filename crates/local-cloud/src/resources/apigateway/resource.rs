use async_trait::async_trait;
use cloudformation::handler::{self, Failure};
use serde::Deserialize;
use serde_json::json;

use super::{refused, take};
use crate::resources::kind::{Call, ResourceType, resource};

pub(in crate::resources) struct Resource;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    rest_api_id: String,
    parent_id: String,
    path_part: String,
}

#[async_trait]
impl ResourceType for Resource {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-resource.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<handler::Resource, Failure> {
        let Properties { rest_api_id, parent_id, path_part } = &call.properties;
        let id = call
            .services
            .apigateway
            .change(rest_api_id, |api| api.add_resource(parent_id, path_part))
            .map_err(refused)?;
        Ok(resource(id.clone(), [("ResourceId", json!(id))]))
    }

    async fn update(
        _: Call<Properties>,
        current: handler::Resource,
        _: Properties,
    ) -> Result<handler::Resource, Failure> {
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: handler::Resource) -> Result<(), Failure> {
        take(&call.services.apigateway, &call.properties.rest_api_id, |api| {
            api.remove_resource(&current.physical_id);
            Ok(())
        })
    }
}
