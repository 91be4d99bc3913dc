use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use super::super::authorizer::function_arn;
use super::super::backends::{Backends, FunctionCall};
use super::super::compiled::CompiledMethod;
use super::super::exchange::{Answer, MethodRequest};
use super::super::facts::Facts;
use super::super::failure::{Failure, Kind};
use super::super::proxy_event;
use super::outgoing::Outgoing;
use super::{Reply, Selector, with_stage_variables};
use crate::function::Invocation;

/// A Lambda proxy integration: the whole request goes in as an event, the answer comes out as it is.
pub(super) async fn proxy(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<Answer, Failure> {
    let payload = proxy_event::event(request, facts).to_string();
    let invocation = invoke(backends, method, payload.into(), request, facts).await?;
    let malformed = |cause: String| Failure::internal(Kind::MalformedProxyResponse, cause);
    if invocation.function_error.is_some() {
        let cause = String::from_utf8_lossy(&invocation.payload).into_owned();
        return Err(malformed(format!("the function failed: {cause}")));
    }
    proxy_event::answer(&invocation.payload, request, facts)
        .map_err(|reason| malformed(format!("Malformed Lambda proxy response: {reason}")))
}

/// A Lambda integration with templates on both sides.
pub(super) async fn call(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<Reply, Failure> {
    let outgoing = Outgoing::mapped(method, request, facts)?;
    let invocation = invoke(backends, method, outgoing.body, request, facts).await?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let selector = if invocation.function_error.is_none() {
        Selector::Default
    } else {
        let error: Value = serde_json::from_slice(&invocation.payload).unwrap_or_default();
        Selector::Text(error["errorMessage"].as_str().unwrap_or_default().to_owned())
    };
    Ok(Reply { selector, headers, body: invocation.payload })
}

async fn invoke(
    backends: &Backends,
    method: &CompiledMethod,
    payload: Bytes,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<Invocation, Failure> {
    let spec = &method.integration.spec;
    let uri = with_stage_variables(spec.uri.as_deref().unwrap_or_default(), facts);
    let arn = function_arn(&uri)
        .ok_or_else(|| Failure::configuration(format!("\"{uri}\" is not the URI of a Lambda function")))?;
    let resource_path = facts.resource.as_ref().map_or(request.path, |(_, path)| path.as_str());
    let call = FunctionCall {
        arn: arn.to_owned(),
        payload,
        trace_id: facts.trace_id.clone(),
        source_arn: facts.arn(request.parts.method.as_str(), resource_path),
        credentials: spec.credentials.clone(),
    };
    let invocation = match backends.functions.invoke(call).await {
        None => {
            let cause = format!("Invalid permissions on Lambda function {arn}, or no such function");
            return Err(Failure::configuration(cause));
        }
        Some(Err(error)) => {
            facts.integration_status = Some(429);
            return Err(Failure::configuration(error.to_string()));
        }
        Some(Ok(invocation)) => invocation,
    };
    facts.integration_status = Some(200);
    facts.endpoint_request_id = Some(invocation.request_id.clone());
    Ok(invocation)
}
