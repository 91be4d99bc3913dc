use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource};
use crate::services::apigateway::Api;
use crate::services::iam::{PolicyDocument, PolicyKind};

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
    policy: Option<Value>,
    endpoint_configuration: Option<EndpointConfiguration>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EndpointConfiguration {
    types: Option<Vec<String>>,
}

/// The resource policy; it takes effect with the next deployment.
fn policy(properties: &Properties) -> Result<Option<Value>, Failure> {
    let Some(document) = &properties.policy else { return Ok(None) };
    let document = PolicyDocument::parse(document, PolicyKind::Resource).map_err(|error| {
        failed(Code::InvalidRequest, format!("Invalid policy document. Please check the policy syntax and ensure that Principals are valid. {error}"))
    })?;
    Ok(Some(document.value().clone()))
}

fn describe(call: &Call<Properties>, policy: Option<Value>, api: &mut Api) {
    api.policy = policy;
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
        let policy = policy(&call.properties)?;
        let api = call
            .services
            .apigateway
            .create_api(&call.services, |api| describe(&call, policy, api))
            .await
            .map_err(refused)?;
        Ok(resource(api.id.clone(), [("RestApiId", json!(api.id)), ("RootResourceId", json!(api.root))]))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let policy = policy(&call.properties)?;
        let change = |api: &mut Api| {
            describe(&call, policy, api);
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
