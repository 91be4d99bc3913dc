use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde_json::json;

use super::{refused, take};
use crate::resources::kind::{Call, ResourceType, exists, resource};
use crate::services::apigateway::{Api, ApiGatewayError, GatewayResponseProperties};
use crate::services::ids;

pub(in crate::resources) struct GatewayResponse;

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>
const TYPES: [&str; 21] = [
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
];

fn put(call: &Call<GatewayResponseProperties>, new: bool) -> Result<(), ApiGatewayError> {
    let response = call.properties.clone();
    if !TYPES.contains(&response.response_type.as_str()) {
        return Err(ApiGatewayError::BadRequest(format!(
            "Invalid response type {} specified: it must be one of {}",
            response.response_type,
            TYPES.join(", ")
        )));
    }
    call.services.apigateway.change(&call.properties.rest_api_id, |api: &mut Api| {
        if new && api.gateway_responses.contains_key(&response.response_type) {
            return Err(ApiGatewayError::Conflict(response.response_type.clone()));
        }
        api.gateway_responses.insert(response.response_type.clone(), response);
        Ok(())
    })
}

#[async_trait]
impl ResourceType for GatewayResponse {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-gateway-response.yaml");
    type Properties = GatewayResponseProperties;

    async fn create(call: Call<GatewayResponseProperties>) -> Result<Resource, Failure> {
        match put(&call, true) {
            Ok(()) => {
                let id = ids::letters_and_digits(10);
                Ok(resource(id.clone(), [("Id", json!(id))]))
            }
            Err(ApiGatewayError::Conflict(kind)) => Err(exists("AWS::ApiGateway::GatewayResponse", &kind)),
            Err(error) => Err(refused(error)),
        }
    }

    async fn update(
        call: Call<GatewayResponseProperties>,
        current: Resource,
        _: GatewayResponseProperties,
    ) -> Result<Resource, Failure> {
        put(&call, false).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<GatewayResponseProperties>, _: Resource) -> Result<(), Failure> {
        let properties = &call.properties;
        take(&call.services.apigateway, &properties.rest_api_id, |api| {
            api.gateway_responses.remove(&properties.response_type);
            Ok(())
        })
    }
}
