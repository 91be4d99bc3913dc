//! The answers that API Gateway makes itself, customised or not.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html>

use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::Deployment;
use super::compiled::{CompiledGatewayResponse, media_type};
use super::exchange::Answer;
use super::facts::header;
use super::failure::Kind;
use super::parameter::View;

/// The answer for the failure that the facts name.
pub(super) fn render(deployment: &Deployment, view: &View<'_>) -> Answer {
    let kind = view.facts.failure.as_ref().map_or(Kind::ApiConfigurationError, |failure| failure.kind);
    let own = deployment.gateway_responses.get(kind.name());
    let fallback = deployment.gateway_responses.get(kind.fallback());
    // The status of a default response is that of all its kind which do not set their own.
    let status = own.and_then(|own| own.status).or_else(|| fallback.and_then(|fallback| fallback.status));
    let status = StatusCode::from_u16(status.unwrap_or_else(|| kind.status()));
    let mut answer = Answer {
        status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        headers: HeaderMap::new(),
        body: default_body(view).into(),
    };
    let mut content_type = "application/json";
    if let Some(response) = own.or(fallback) {
        if let Some((name, body)) = fill(response, view) {
            (content_type, answer.body) = (name, body.into());
        }
        for (name, source) in &response.parameters {
            for value in source.values(view) {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    answer.headers.insert(name.clone(), value);
                }
            }
        }
    }
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        answer.headers.entry(CONTENT_TYPE).or_insert(content_type);
    }
    answer
}

fn default_body(view: &View<'_>) -> String {
    let message = view.facts.get("error.messageString").unwrap_or_else(|| "null".to_owned());
    format!("{{\"message\":{message}}}")
}

/// The template that the client accepts, or the one for JSON, or the first.
fn fill<'a>(response: &'a CompiledGatewayResponse, view: &View<'_>) -> Option<(&'a str, String)> {
    let accepted = header(view.headers, ACCEPT.as_str()).unwrap_or_default();
    let of = |wanted: &str| response.templates.iter().find(|(name, _)| name == wanted);
    let (name, text) = accepted
        .split(',')
        .find_map(|accepted| of(&media_type(accepted)))
        .or_else(|| of("application/json"))
        .or_else(|| response.templates.first())?;
    let body = text.fill(|root, reference| match root {
        "context" => view.facts.get(reference).unwrap_or_default(),
        _ => view.facts.stage.spec.variables.get(reference).cloned().unwrap_or_default(),
    });
    Some((name, body))
}
