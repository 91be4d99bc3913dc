use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde_json::json;

use super::{refused, take};
use crate::resources::kind::{Call, ResourceType, resource};
use crate::services::apigateway::{Api, AuthorizerProperties};

pub(in crate::resources) struct Authorizer;

#[async_trait]
impl ResourceType for Authorizer {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-authorizer.yaml");
    type Properties = AuthorizerProperties;

    async fn create(call: Call<AuthorizerProperties>) -> Result<Resource, Failure> {
        let authorizer = call.properties;
        let api = authorizer.rest_api_id.clone();
        let change = |api: &mut Api| api.add_authorizer(authorizer);
        let id = call.services.apigateway.change(&api, change).map_err(refused)?;
        Ok(resource(id.clone(), [("AuthorizerId", json!(id))]))
    }

    async fn update(
        call: Call<AuthorizerProperties>,
        current: Resource,
        _: AuthorizerProperties,
    ) -> Result<Resource, Failure> {
        let authorizer = call.properties;
        let api = authorizer.rest_api_id.clone();
        let change = |api: &mut Api| api.update_authorizer(&current.physical_id, authorizer);
        call.services.apigateway.change(&api, change).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<AuthorizerProperties>, current: Resource) -> Result<(), Failure> {
        take(&call.services.apigateway, &call.properties.rest_api_id, |api| {
            api.remove_authorizer(&current.physical_id)
        })
    }
}
