use http::header::HeaderMap;
use serde_json::Value;

use super::super::compiled::CompiledMethod;
use super::super::exchange::MethodRequest;
use super::super::facts::Facts;
use super::super::failure::Failure;
use super::outgoing::Outgoing;
use super::{Reply, Selector};

/// The request template of a mock says which status the backend would have answered.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html>
pub(super) fn call(
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<Reply, Failure> {
    let outgoing = Outgoing::mapped(method, request, facts)?;
    let said: Value = serde_json::from_slice(&outgoing.body).map_err(|error| {
        Failure::configuration(format!("the request template of the mock is not JSON: {error}"))
    })?;
    let status = said["statusCode"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
        .ok_or_else(|| Failure::configuration("the request template of the mock has no statusCode"))?;
    facts.integration_status = Some(status);
    // A mock has no answer of its own; its response templates make one.
    Ok(Reply { selector: Selector::Text(status.to_string()), headers: HeaderMap::new(), body: outgoing.body })
}
