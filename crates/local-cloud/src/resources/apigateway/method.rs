use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};

use super::{refused, take};
use crate::resources::kind::{Call, ResourceType, resource};
use crate::services::apigateway::MethodProperties;

pub(in crate::resources) struct Method;

#[async_trait]
impl ResourceType for Method {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-method.yaml");
    type Properties = MethodProperties;

    async fn create(call: Call<MethodProperties>) -> Result<Resource, Failure> {
        let method = call.properties;
        let id = format!("{}|{}|{}", method.rest_api_id, method.resource_id, method.http_method);
        let api = method.rest_api_id.clone();
        call.services.apigateway.change(&api, |api| api.put_method(method, true)).map_err(refused)?;
        Ok(resource(id, []))
    }

    async fn update(
        call: Call<MethodProperties>,
        current: Resource,
        _: MethodProperties,
    ) -> Result<Resource, Failure> {
        let method = call.properties;
        let api = method.rest_api_id.clone();
        call.services.apigateway.change(&api, |api| api.put_method(method, false)).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<MethodProperties>, _: Resource) -> Result<(), Failure> {
        let method = &call.properties;
        take(&call.services.apigateway, &method.rest_api_id, |api| {
            if let Some(resource) = api.resources.get_mut(&method.resource_id) {
                resource.methods.remove(&method.http_method);
            }
            Ok(())
        })
    }
}
