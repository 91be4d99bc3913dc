//! One request from its arrival to its answer.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use percent_encoding::percent_decode_str;

use super::backends::Backends;
use super::compiled::{CompiledMethod, CompiledResource};
use super::facts::Facts;
use super::failure::{Failure, Kind};
use super::parameter::View;
use super::stage::Stage;
use super::tree::decode;
use super::{authorizer, cache, gateway_response, integration, validation};
use crate::body::Body;

/// The most bytes that a request or an answer may have.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
pub(super) const LARGEST: usize = 10 * 1024 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
pub(super) const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// A request that has found its method.
pub(super) struct MethodRequest<'a> {
    pub(super) parts: &'a Parts,
    pub(super) body: Bytes,
    /// Without the stage, as it stands in the URL.
    pub(super) path: &'a str,
    /// As they stand in the URL.
    pub(super) path_parameters: Vec<(String, String)>,
    /// Decoded, in order.
    pub(super) query: Vec<(String, String)>,
}

impl MethodRequest<'_> {
    pub(super) fn view<'v>(&'v self, facts: &'v Facts) -> View<'v> {
        View {
            headers: &self.parts.headers,
            query: &self.query,
            path: &self.path_parameters,
            body: &self.body,
            facts,
        }
    }

    /// In lower case and without parameters; without a header it is that of JSON.
    pub(super) fn media_type(&self) -> String {
        let given = self.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match given.map(super::compiled::media_type) {
            Some(media_type) if !media_type.is_empty() => media_type,
            _ => "application/json".to_owned(),
        }
    }
}

/// What the client gets.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Serves one request to a stage; `path` is that of the URL without the stage.
pub(super) async fn serve(
    stage: Arc<Stage>,
    backends: &Backends,
    (parts, body): (Parts, Body),
    path: &str,
    client: SocketAddr,
) -> Response<Body> {
    let mut facts = Facts::new(Arc::clone(&stage), &parts, client);
    let mut query = Vec::new();
    let answer = match run(backends, (&parts, body), path, &mut query, &mut facts).await {
        Ok(answer) => answer,
        Err(failure) => {
            if let Some(cause) = &failure.cause {
                tracing::debug!(request = %facts.request_id, kind = failure.kind.name(), %cause, "a request failed");
            }
            let error_type = failure.kind.error_type();
            facts.failure = Some(failure);
            let view = View { headers: &parts.headers, query: &query, path: &[], body: &[], facts: &facts };
            let mut answer = gateway_response::render(&stage.deployment, &view);
            answer.headers.entry(ERROR_TYPE).or_insert(HeaderValue::from_static(error_type));
            answer
        }
    };
    facts.status = answer.status.as_u16();
    facts.response_length = answer.body.len();
    log(&stage, backends, &facts);
    finish(answer, &facts)
}

async fn run<'a>(
    backends: &Backends,
    (parts, body): (&'a Parts, Body),
    path: &'a str,
    query: &mut Vec<(String, String)>,
    facts: &mut Facts,
) -> Result<Answer, Failure> {
    let stage = Arc::clone(&facts.stage);
    let deployment = &stage.deployment;
    let unknown = || Failure::new(Kind::MissingAuthenticationToken, "Missing Authentication Token");
    let (index, parameters) = deployment.tree.find(path).ok_or_else(unknown)?;
    let resource = &deployment.resources[index];
    facts.resource = Some((resource.id.clone(), resource.path.clone()));
    let verb = parts.method.as_str();
    let (verb, method) = match resource.methods.get_key_value(verb) {
        Some(found) => found,
        None => resource.methods.get_key_value("ANY").ok_or_else(unknown)?,
    };
    if !stage.admits(index, verb) {
        return Err(Failure::new(Kind::Throttled, "Too Many Requests"));
    }
    let declared = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > LARGEST) {
        return Err(too_large());
    }
    let body = Limited::new(body, LARGEST).collect().await.map_err(|_| too_large())?.to_bytes();
    *query = parse_query(parts.uri.query().unwrap_or_default());
    let path_parameters =
        parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let request = MethodRequest { parts, body, path, path_parameters, query: query.clone() };
    authorizer::authorize(backends, method, &request, facts).await?;
    if method.spec.api_key_required {
        // There are no usage plans here, so no key is valid.
        return Err(Failure::new(Kind::InvalidApiKey, "Forbidden"));
    }
    validation::check(deployment, &method.spec, &request)?;
    let kept = stage.cache_policy(index, verb).zip(stage.cache.as_ref());
    let key = kept.map(|_| cache_key(resource, verb, method, &request.view(facts))).unwrap_or_default();
    let fresh = kept.is_some() && cache::asks_for_fresh(&parts.headers);
    if let Some((_, cache)) = kept
        && !(fresh && facts.may_invalidate)
        && let Some(mut answer) = cache.get(&key)
    {
        if fresh {
            cache::warn(&mut answer);
        }
        return Ok(answer);
    }
    let mut answer = integration::run(backends, method, &request, facts).await?;
    if answer.body.len() > LARGEST {
        return Err(Failure::configuration(format!("the answer has more than {LARGEST} bytes")));
    }
    if let Some((policy, cache)) = kept {
        cache.put(key, &answer, policy);
        if fresh && !facts.may_invalidate {
            cache::warn(&mut answer);
        }
    }
    Ok(answer)
}

/// What tells answers of a stage apart: the namespace, the verb and the chosen parameters, each with its length, so that
/// no value can pass for another.
fn cache_key(resource: &CompiledResource, verb: &str, method: &CompiledMethod, view: &View<'_>) -> String {
    let integration = &method.integration;
    let namespace = integration.spec.cache_namespace.as_ref().unwrap_or(&resource.id);
    let mut key = format!("{verb} {namespace}");
    for source in &integration.cache_key {
        let values = source.values(view);
        let _infallible = write!(key, " {}", values.len());
        for value in values {
            let _infallible = write!(key, " {}:{value}", value.len());
        }
    }
    key
}

fn too_large() -> Failure {
    Failure::new(Kind::RequestTooLarge, format!("HTTP content length exceeded {LARGEST} bytes."))
}

/// Whether a method may answer `status`.
pub(super) fn declares(method: &CompiledMethod, status: u16) -> bool {
    method.spec.responses.iter().any(|response| response.status_code == status)
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Path parameters, decoded.
pub(super) fn decoded_path(request: &MethodRequest<'_>) -> impl Iterator<Item = (String, String)> {
    request.path_parameters.iter().map(|(name, value)| (name.clone(), decode(value)))
}

fn log(stage: &Stage, backends: &Backends, facts: &Facts) {
    let Some((group, format)) = &stage.access_log else { return };
    let line = format.fill(|root, name| match root {
        "context" => match facts.get(name) {
            // This one is JSON already.
            Some(value) if name == "error.messageString" => value,
            Some(value) => escape(&value),
            None => "-".to_owned(),
        },
        _ => stage.spec.variables.get(name).map_or_else(|| "-".to_owned(), |value| escape(value)),
    });
    backends.logs.write(group, &stage.spec.name, &line);
}

/// What came from a client must not forge records: quotes, backslashes and control characters are escaped as in JSON.
fn escape(value: &str) -> String {
    if !value.contains(|c: char| c == '"' || c == '\\' || c.is_control()) {
        return value.to_owned();
    }
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn finish(mut answer: Answer, facts: &Facts) -> Response<Body> {
    let ids = [(REQUEST_ID, &facts.request_id), (EXTENDED_ID, &facts.extended_id)];
    for (name, value) in ids {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers.insert(name, value);
        }
    }
    if facts.stage.spec.tracing
        && let Ok(trace) = HeaderValue::from_str(&facts.trace_id)
    {
        answer.headers.insert(TRACE_ID, trace);
    }
    answer.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
