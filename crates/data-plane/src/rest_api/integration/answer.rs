//! Integration responses.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-response.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::super::ContentHandling;
use super::super::compiled::{CompiledMethod, CompiledResponse, media_type};
use super::super::exchange::{Answer, MethodRequest, declares};
use super::super::facts::{Facts, header};
use super::super::failure::Failure;
use super::super::headers::{insert_answer_header, override_headers};
use super::super::parameter::View;
use super::outgoing::params;
use super::{Reply, Selector};

/// Makes the reply of a backend an answer of the method.
pub(super) fn map(
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &Facts,
    reply: &Reply,
) -> Result<Answer, Failure> {
    let response = select(&method.integration.responses, &reply.selector)?;
    let mut status = response.status;
    let mut headers = HeaderMap::new();
    let view = View { headers: &reply.headers, query: &[], path: &[], body: &reply.body, facts };
    for (name, source) in &response.parameters {
        for value in source.values(&view) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                insert_answer_header(&mut headers, name.clone(), value);
            }
        }
    }
    let body = convert(response.content_handling, &reply.body)?;
    let given = header(&reply.headers, CONTENT_TYPE.as_str());
    let Some((content_type, template)) = template(response, given) else {
        if let Some(content_type) = reply.headers.get(CONTENT_TYPE) {
            headers.entry(CONTENT_TYPE).or_insert(content_type.clone());
        }
        return finish(method, status, headers, body);
    };
    let text = String::from_utf8_lossy(&body);
    let rendered = template
        .render(&vtl::Request {
            body: &text,
            params: &params(request),
            context: &facts.to_value(),
            stage_variables: &facts.stage.variables,
        })
        .map_err(|error| Failure::configuration(error.to_string()))?;
    override_headers(&mut headers, &rendered.overrides.response_header);
    status = rendered.overrides.response_status.unwrap_or(status);
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        headers.entry(CONTENT_TYPE).or_insert(content_type);
    }
    finish(method, status, headers, rendered.body.into())
}

/// The first response whose pattern fits, else the one without a pattern.
fn select<'a>(
    responses: &'a [CompiledResponse],
    selector: &Selector,
) -> Result<&'a CompiledResponse, Failure> {
    let fitting = match selector {
        Selector::Default => None,
        Selector::Text(text) => responses.iter().find(|response| {
            // A pattern that runs out of its backtracking limit does not fit.
            response.pattern.as_ref().is_some_and(|pattern| pattern.is_match(text).unwrap_or(false))
        }),
    };
    fitting.or_else(|| responses.iter().find(|response| response.pattern.is_none())).ok_or_else(|| {
        let told = match selector {
            Selector::Default => "the answer of the function",
            Selector::Text(text) => text,
        };
        Failure::configuration(format!("no integration response matches \"{told}\" and none is the default"))
    })
}

/// The template for the backend's content type, else that for JSON, else the first.
fn template<'a>(response: &'a CompiledResponse, given: Option<&str>) -> Option<(&'a str, &'a vtl::Template)> {
    let of = |wanted: &str| response.templates.0.iter().find(|(name, _)| name == wanted);
    let found = given
        .and_then(|given| of(&media_type(given)))
        .or_else(|| of("application/json"))
        .or_else(|| response.templates.0.first())?;
    Some((found.0.as_str(), &found.1))
}

fn convert(handling: Option<ContentHandling>, body: &Bytes) -> Result<Bytes, Failure> {
    match handling {
        None => Ok(body.clone()),
        Some(ContentHandling::ConvertToText) => Ok(STANDARD.encode(body).into()),
        Some(ContentHandling::ConvertToBinary) => STANDARD
            .decode(body)
            .map(Bytes::from)
            .map_err(|error| Failure::configuration(format!("the answer is not base64: {error}"))),
    }
}

/// Every status has to be one that the method declares.
fn finish(method: &CompiledMethod, status: u16, headers: HeaderMap, body: Bytes) -> Result<Answer, Failure> {
    if !declares(method, status) {
        return Err(Failure::configuration(format!("status {status} is not among the method responses")));
    }
    let status = StatusCode::from_u16(status)
        .map_err(|_| Failure::configuration(format!("{status} is not an HTTP status")))?;
    Ok(Answer { status, headers, body })
}
