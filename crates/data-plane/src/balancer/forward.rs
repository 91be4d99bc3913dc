//! Passes one request on to a target.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{Request, Response, StatusCode, Uri, Version};

use super::answer;
use super::target_group::TargetGroup;
use super::upstream::{Payload, SendError, send};
use crate::body::Body;
use crate::function::new_trace_id;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// What the listener adds to a request.
pub(crate) struct Origin {
    pub(crate) client: SocketAddr,
    pub(crate) protocol: &'static str,
    pub(crate) port: u16,
    pub(crate) idle_timeout: Duration,
}

/// Sends `request` to a target of `group` and gives its answer, or the balancer's own.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
pub(super) async fn forward(
    group: &Arc<TargetGroup>,
    request: Request<Body>,
    origin: &Origin,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    prepare(&mut parts, origin);
    let Ok(payload) = Payload::read(&parts.headers, body).await else {
        return answer::error(StatusCode::BAD_REQUEST);
    };
    match send(&parts, payload, || group.admit(), origin.idle_timeout).await {
        Ok(response) => response,
        Err(error) => {
            tracing::debug!(group = %group.spec().name, ?error, "a request was not answered");
            answer::error(match error {
                SendError::NoTarget => StatusCode::SERVICE_UNAVAILABLE,
                SendError::ConnectTimeout | SendError::ResponseTimeout => StatusCode::GATEWAY_TIMEOUT,
                SendError::Unreachable(_) | SendError::Closed(_) => StatusCode::BAD_GATEWAY,
            })
        }
    }
}

/// Makes the request one of this connection: origin form, no hop-by-hop headers, and who asked.
pub(crate) fn prepare(parts: &mut Parts, origin: &Origin) {
    if let Some(authority) = parts.uri.authority()
        && !parts.headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(HOST, host);
    }
    if parts.uri.authority().is_some() {
        let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        parts.uri = path.parse().unwrap_or_else(|_| Uri::from_static("/"));
    }
    parts.version = Version::HTTP_11;
    remove_hop_by_hop(&mut parts.headers);
    let headers = &mut parts.headers;
    let mut forwarded = String::with_capacity(32);
    for earlier in headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()) {
        forwarded.push_str(earlier);
        forwarded.push_str(", ");
    }
    // Writing to a string cannot fail.
    let _ = write!(forwarded, "{}", origin.client.ip());
    if let Ok(forwarded) = HeaderValue::from_maybe_shared(Bytes::from(forwarded)) {
        headers.insert(FORWARDED_FOR, forwarded);
    }
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(origin.protocol));
    headers.insert(FORWARDED_PORT, HeaderValue::from(origin.port));
    let trace = new_trace_id(false);
    let root = trace.split(';').next().unwrap_or_default();
    let trace = match headers.get(TRACE_ID).and_then(|value| value.to_str().ok()) {
        Some(given) => format!("{};{given}", root.replacen("Root", "Self", 1)),
        None => root.to_owned(),
    };
    if let Ok(trace) = HeaderValue::from_maybe_shared(Bytes::from(trace)) {
        headers.insert(TRACE_ID, trace);
    }
}

/// Removes what concerns one connection only.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if let Some(connection) = headers.remove(CONNECTION)
        && let Ok(names) = connection.to_str()
    {
        for name in names.split(',').filter_map(|name| HeaderName::try_from(name.trim()).ok()) {
            headers.remove(name);
        }
    }
    for name in [KEEP_ALIVE, PROXY_CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
}
