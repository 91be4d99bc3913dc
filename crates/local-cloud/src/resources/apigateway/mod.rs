//! `AWS::ApiGateway::*`

mod authorizer;
mod deployment;
mod domain;
mod gateway_response;
mod method;
mod model;
mod resource;
mod rest_api;
mod stage;
mod validator;

pub(super) use authorizer::Authorizer;
pub(super) use deployment::Deployment;
pub(super) use domain::{BasePathMapping, DomainName};
pub(super) use gateway_response::GatewayResponse;
pub(super) use method::Method;
pub(super) use model::Model;
pub(super) use resource::Resource;
pub(super) use rest_api::RestApi;
pub(super) use stage::Stage;
pub(super) use validator::RequestValidator;

use cloudformation::handler::Failure;

use super::kind::{Code, failed};
use crate::services::apigateway::{Api, ApiGateway, ApiGatewayError};

/// API Gateway's refusal as a failure.
fn refused(error: ApiGatewayError) -> Failure {
    let code = match &error {
        ApiGatewayError::NotFound { .. } => Code::NotFound,
        ApiGatewayError::Conflict(_) => Code::AlreadyExists,
        ApiGatewayError::BadRequest(_) => Code::InvalidRequest,
    };
    failed(code, error)
}

/// Takes something away from an API; an API that is gone already took it along.
fn take(
    gateway: &ApiGateway,
    api: &str,
    change: impl FnOnce(&mut Api) -> Result<(), ApiGatewayError>,
) -> Result<(), Failure> {
    match gateway.change(api, change) {
        Err(ApiGatewayError::NotFound { kind: "API", .. }) => Ok(()),
        other => other.map_err(refused),
    }
}
