use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Limited};

use super::super::backends::{Backends, HttpFailure};
use super::super::compiled::CompiledMethod;
use super::super::exchange::{Answer, LARGEST, MethodRequest, TRACE_ID};
use super::super::facts::Facts;
use super::super::failure::{Failure, Kind};
use super::super::headers::insert_answer_header;
use super::super::proxy_event::wants_binary;
use super::outgoing::Outgoing;
use super::{Reply, Selector, with_stage_variables};
use crate::balancer::remove_hop_by_hop;
use crate::body::Body;

const API_ID: HeaderName = HeaderName::from_static("x-amzn-apigateway-api-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// An HTTP integration with templates on both sides.
pub(super) async fn call(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<Reply, Failure> {
    let outgoing = Outgoing::mapped(method, request, facts)?;
    let (status, headers, body) = send(backends, method, request, facts, outgoing, None).await?;
    Ok(Reply { selector: Selector::Text(status.as_u16().to_string()), headers, body })
}

/// An HTTP proxy integration: the request and the answer pass as they are.
pub(super) async fn proxy(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<Answer, Failure> {
    let mut outgoing = Outgoing::of_parameters(method, request, facts);
    let mapped = std::mem::replace(&mut outgoing.headers, request.parts.headers.clone());
    remove_hop_by_hop(&mut outgoing.headers);
    for name in [HOST, CONTENT_LENGTH, EXPECT] {
        outgoing.headers.remove(name);
    }
    let mut forwarded: Vec<&str> =
        request.parts.headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    forwarded.push(&facts.source_ip);
    if let Ok(forwarded) = HeaderValue::from_str(&forwarded.join(", ")) {
        outgoing.headers.insert(FORWARDED_FOR, forwarded);
    }
    for name in mapped.keys() {
        outgoing.headers.remove(name);
    }
    outgoing.headers.extend(mapped);
    outgoing.body = request.body.clone();
    let query = request.parts.uri.query();
    let (status, backend_headers, body) = send(backends, method, request, facts, outgoing, query).await?;
    let mut headers = HeaderMap::with_capacity(backend_headers.len());
    let mut last: Option<HeaderName> = None;
    for (name, value) in backend_headers {
        // Only the first of several values comes with its name.
        let Some(name) = name.or_else(|| last.clone()) else { continue };
        insert_answer_header(&mut headers, name.clone(), value);
        last = Some(name);
    }
    let body = if wants_binary(&headers, request, facts) { body } else { as_text(body, &mut headers) };
    Ok(Answer { status, headers, body })
}

/// What is not declared binary is text, so bytes that are no UTF-8 are lost.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html>
fn as_text(body: Bytes, headers: &mut HeaderMap) -> Bytes {
    match String::from_utf8_lossy(&body) {
        Cow::Borrowed(_) => body,
        Cow::Owned(text) => {
            headers.remove(CONTENT_LENGTH);
            text.into()
        }
    }
}

async fn send(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
    mut outgoing: Outgoing,
    raw_query: Option<&str>,
) -> Result<(http::StatusCode, HeaderMap, Bytes), Failure> {
    let spec = &method.integration.spec;
    let uri = with_stage_variables(spec.uri.as_deref().unwrap_or_default(), facts);
    let mut uri = outgoing.fill(&uri);
    let mapped_query = outgoing.query_string();
    for query in [raw_query.unwrap_or_default(), &mapped_query] {
        if !query.is_empty() {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str(query);
        }
    }
    let parsed: Uri =
        uri.parse().map_err(|error| Failure::configuration(format!("\"{uri}\" is not a URI: {error}")))?;
    let verb = match spec.http_method.as_deref() {
        None | Some("ANY") => request.parts.method.clone(),
        Some(verb) => Method::from_bytes(verb.as_bytes())
            .map_err(|_| Failure::configuration(format!("\"{verb}\" is not an HTTP method")))?,
    };
    let api_id = &facts.stage.deployment.definition.id;
    if let Ok(agent) = HeaderValue::from_str(&format!("AmazonAPIGateway_{api_id}")) {
        outgoing.headers.entry(USER_AGENT).or_insert(agent);
    }
    for (name, value) in [(API_ID, api_id), (TRACE_ID, &facts.trace_id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            outgoing.headers.insert(name, value);
        }
    }
    let mut backend = Request::new(Body::from(outgoing.body));
    *backend.method_mut() = verb;
    *backend.uri_mut() = parsed;
    *backend.headers_mut() = outgoing.headers;
    let sent = match &spec.vpc_link {
        Some(link) => {
            let link = with_stage_variables(link, facts);
            backends.vpc_links.send(&link, spec.integration_target.as_deref(), backend).await
        }
        None => backends.http.send(backend).await,
    };
    let response = sent.map_err(|error| failure(&error))?;
    read(response, facts).await
}

async fn read(
    response: Response<Body>,
    facts: &mut Facts,
) -> Result<(http::StatusCode, HeaderMap, Bytes), Failure> {
    let (parts, body) = response.into_parts();
    facts.integration_status = Some(parts.status.as_u16());
    let body = Limited::new(body, LARGEST).collect().await.map_err(|error| {
        Failure::configuration(format!("the answer of the backend could not be read: {error}"))
    })?;
    Ok((parts.status, parts.headers, body.to_bytes()))
}

fn failure(failure: &HttpFailure) -> Failure {
    let cause = failure.to_string();
    match failure {
        HttpFailure::Unreachable { .. } => Failure {
            cause: Some(cause),
            ..Failure::new(Kind::IntegrationFailure, "Network error communicating with endpoint")
        },
        HttpFailure::Unsupported { .. } => Failure::configuration(cause),
    }
}
