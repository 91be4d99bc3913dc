//! Calls the backend of a method and makes its answer one of the method's.

mod answer;
mod function;
mod http_backend;
mod mock;
mod outgoing;
mod service;

use std::borrow::Cow;

use http::header::HeaderMap;
use tokio::time::{Instant, timeout};

use super::IntegrationKind;
use super::backends::Backends;
use super::compiled::CompiledMethod;
use super::exchange::{Answer, MethodRequest};
use super::facts::Facts;
use super::failure::{Failure, Kind};

/// What a backend answered, before it is mapped.
pub(super) struct Reply {
    /// What selection patterns are matched against: the status, or a function's error message.
    selector: Selector,
    headers: HeaderMap,
    body: bytes::Bytes,
}

enum Selector {
    Text(String),
    /// A function that succeeded: only the response without a pattern fits.
    Default,
}

/// Serves a request that was let in.
pub(super) async fn run(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<Answer, Failure> {
    let limit = method.integration.timeout;
    let begun = Instant::now();
    let called = call(backends, method, request, facts);
    let result = timeout(limit, called).await;
    facts.integration_latency = Some(begun.elapsed());
    result.unwrap_or_else(|_| {
        let cause = format!("no answer within {} ms", limit.as_millis());
        Err(Failure {
            cause: Some(cause),
            ..Failure::new(Kind::IntegrationTimeout, "Endpoint request timed out")
        })
    })
}

async fn call(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<Answer, Failure> {
    let uri = method.integration.spec.uri.as_deref().unwrap_or_default();
    match method.integration.spec.kind {
        IntegrationKind::Mock => {
            let reply = mock::call(method, request, facts)?;
            answer::map(method, request, facts, &reply)
        }
        IntegrationKind::AwsProxy => function::proxy(backends, method, request, facts).await,
        IntegrationKind::Aws if uri.contains(":lambda:path/2015-03-31/functions/") => {
            let reply = function::call(backends, method, request, facts).await?;
            answer::map(method, request, facts, &reply)
        }
        IntegrationKind::Aws => {
            let reply = service::call(backends, method, request, facts).await?;
            answer::map(method, request, facts, &reply)
        }
        IntegrationKind::Http => {
            let reply = http_backend::call(backends, method, request, facts).await?;
            answer::map(method, request, facts, &reply)
        }
        IntegrationKind::HttpProxy => http_backend::proxy(backends, method, request, facts).await,
    }
}

/// Puts `${stageVariables.name}` in.
fn with_stage_variables<'a>(text: &'a str, facts: &Facts) -> Cow<'a, str> {
    if !text.contains("${stageVariables.") {
        return Cow::Borrowed(text);
    }
    let variables = &facts.stage.spec.variables;
    let filled = super::text::Text::parse(text).fill(|root, name| match root {
        "stageVariables" => variables.get(name).cloned().unwrap_or_default(),
        _ => facts.get(name).unwrap_or_default(),
    });
    Cow::Owned(filled)
}
