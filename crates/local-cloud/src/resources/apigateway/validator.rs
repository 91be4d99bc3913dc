use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use data_plane::rest_api;
use serde::Deserialize;
use serde_json::json;

use super::{refused, take};
use crate::resources::kind::{Call, ResourceType, resource};
use crate::services::apigateway::Validator;
use crate::services::ids;

pub(in crate::resources) struct RequestValidator;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    rest_api_id: String,
    name: Option<String>,
    #[serde(default)]
    validate_request_body: bool,
    #[serde(default)]
    validate_request_parameters: bool,
}

fn put(call: &Call<Properties>, id: &str) -> Result<(), Failure> {
    let properties = &call.properties;
    let checks = rest_api::RequestValidator {
        body: properties.validate_request_body,
        parameters: properties.validate_request_parameters,
    };
    let validator = Validator { name: properties.name.clone(), checks };
    let change = |api: &mut crate::services::apigateway::Api| {
        api.validators.insert(id.to_owned(), validator);
        Ok(())
    };
    call.services.apigateway.change(&properties.rest_api_id, change).map_err(refused)
}

#[async_trait]
impl ResourceType for RequestValidator {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-request-validator.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let id = ids::letters_and_digits(6);
        put(&call, &id)?;
        Ok(resource(id.clone(), [("RequestValidatorId", json!(id))]))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        put(&call, &current.physical_id)?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        take(&call.services.apigateway, &call.properties.rest_api_id, |api| {
            api.validators.remove(&current.physical_id);
            Ok(())
        })
    }
}
