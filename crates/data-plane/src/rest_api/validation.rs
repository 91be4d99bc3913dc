//! What a request validator checks.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html>

use super::exchange::MethodRequest;
use super::failure::{Failure, Kind};
use super::{Deployment, Method};

pub(super) fn check(
    deployment: &Deployment,
    method: &Method,
    request: &MethodRequest<'_>,
) -> Result<(), Failure> {
    let Some(validator) = method.request_validator else { return Ok(()) };
    if validator.parameters {
        check_parameters(method, request)?;
    }
    if validator.body {
        check_body(deployment, method, request)?;
    }
    Ok(())
}

/// Required parameters have to be there and not empty.
fn check_parameters(method: &Method, request: &MethodRequest<'_>) -> Result<(), Failure> {
    let present = |kind: &str, name: &str| match kind {
        "header" => request.parts.headers.get(name).is_some_and(|value| !value.is_empty()),
        "querystring" => request.query.iter().any(|(key, value)| key == name && !value.is_empty()),
        _ => request.path_parameters.iter().any(|(key, value)| key == name && !value.is_empty()),
    };
    let missing: Vec<&str> = method
        .request_parameters
        .iter()
        .filter(|(_, required)| **required)
        .filter_map(|(name, _)| name.strip_prefix("method.request.")?.split_once('.'))
        .filter(|(kind, name)| !present(kind, name))
        .map(|(_, name)| name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Missing required request parameters: [{}]", missing.join(", "));
    Err(Failure::new(Kind::BadRequestParameters, message))
}

/// A body whose content type has no model is not looked at.
fn check_body(deployment: &Deployment, method: &Method, request: &MethodRequest<'_>) -> Result<(), Failure> {
    let media_type = request.media_type();
    let model = method
        .request_models
        .iter()
        .find(|(content_type, _)| super::compiled::media_type(content_type) == media_type)
        .or_else(|| method.request_models.get_key_value("$default"));
    let Some((_, model)) = model else { return Ok(()) };
    let problems = match serde_json::from_slice(&request.body) {
        Ok(value) => deployment.schemas.validate(model, &value),
        Err(error) => vec![format!("Can not parse JSON: {error}")],
    };
    if problems.is_empty() {
        return Ok(());
    }
    let validation = Some(format!("[{}]", problems.join(", ")));
    Err(Failure { validation, ..Failure::new(Kind::BadRequestBody, "Invalid request body") })
}
