use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, ResourceType, Tag, resource};
use crate::services::apigateway::Api;

pub(in crate::resources) struct RestApi;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    name: String,
    description: Option<String>,
    #[serde(default)]
    binary_media_types: Vec<String>,
    #[serde(default)]
    disable_execute_api_endpoint: bool,
    endpoint_configuration: Option<EndpointConfiguration>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EndpointConfiguration {
    types: Option<Vec<String>>,
}

fn describe(call: &Call<Properties>, api: &mut Api) {
    let properties = &call.properties;
    api.name.clone_from(&properties.name);
    api.description.clone_from(&properties.description);
    api.binary_media_types.clone_from(&properties.binary_media_types);
    api.disabled = properties.disable_execute_api_endpoint;
    if let Some(types) = properties.endpoint_configuration.as_ref().and_then(|config| config.types.clone()) {
        api.endpoint_types = types;
    }
    api.tags = call.tags(&properties.tags);
}

#[async_trait]
impl ResourceType for RestApi {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-rest-api.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let api = call
            .services
            .apigateway
            .create_api(&call.services, |api| describe(&call, api))
            .await
            .map_err(refused)?;
        Ok(resource(api.id.clone(), [("RestApiId", json!(api.id)), ("RootResourceId", json!(api.root))]))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let change = |api: &mut Api| {
            describe(&call, api);
            Ok(())
        };
        call.services.apigateway.change(&current.physical_id, change).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.apigateway.delete_api(&current.physical_id, &call.services.hosts).await;
        Ok(())
    }
}
