//! Passes one request on to a target.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use tokio::time::timeout;

use super::answer;
use super::target::Outstanding;
use super::target_group::TargetGroup;
use crate::body::{Body, BodyError};
use crate::function::new_trace_id;

/// How long connecting may take before the answer is 504.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bodies up to this size are kept, so that they can be sent again.
const LARGEST_KEPT: u64 = 1024 * 1024;
/// How many targets or connections are tried.
const ATTEMPTS: usize = 4;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// What the listener adds to a request.
pub(super) struct Origin {
    pub(super) client: SocketAddr,
    pub(super) protocol: &'static str,
    pub(super) port: u16,
    pub(super) idle_timeout: Duration,
}

/// Sends `request` to a target of `group` and gives its answer, or the balancer's own.
pub(super) async fn forward(
    group: &Arc<TargetGroup>,
    request: Request<Body>,
    origin: &Origin,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    prepare(&mut parts, origin);
    let mut payload = match Payload::read(&parts.headers, body).await {
        Ok(payload) => payload,
        Err(_) => return answer::error(StatusCode::BAD_REQUEST),
    };
    for _ in 0..ATTEMPTS {
        let Some(outstanding) = group.admit() else {
            return answer::error(StatusCode::SERVICE_UNAVAILABLE);
        };
        let connected = timeout(CONNECT_TIMEOUT, outstanding.target().connect()).await;
        let mut connection = match connected {
            Ok(Ok(connection)) => connection,
            // Nothing has been sent: another target may do.
            Ok(Err(error)) => {
                tracing::debug!(target = %outstanding.target().address(), %error, "a target refused a connection");
                continue;
            }
            Err(_) => return answer::error(StatusCode::GATEWAY_TIMEOUT),
        };
        let Some((body, repeatable)) = payload.take() else { break };
        let request = rebuild(&parts, body);
        let sent = timeout(origin.idle_timeout, connection.sender.try_send_request(request)).await;
        match sent {
            Ok(Ok(response)) => return pass_on(response, connection.sender, outstanding),
            Err(_) => return answer::error(StatusCode::GATEWAY_TIMEOUT),
            Ok(Err(mut error)) => {
                let unsent = error.take_message();
                let safe = unsent.is_some() || connection.reused && never_read(error.error(), &parts.method);
                tracing::debug!(
                    target = %outstanding.target().address(),
                    error = %error.error(), safe, "a target closed the connection before it answered"
                );
                if !safe {
                    break;
                }
                match unsent {
                    Some(request) if !repeatable => payload = Payload::Stream(Some(request.into_body())),
                    _ => {}
                }
            }
        }
    }
    answer::error(StatusCode::BAD_GATEWAY)
}

/// Whether a request on a kept connection may be sent again although it may have left this process. A reset says
/// that the target closed the connection without reading the request. An orderly end does not say so; then only a
/// request that may be done twice is sent again.
fn never_read(error: &hyper::Error, method: &Method) -> bool {
    if method.is_idempotent() {
        return !error.is_parse();
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe);
        }
        source = cause.source();
    }
    false
}

/// A request body, kept whole if it is small.
enum Payload {
    Whole(Bytes),
    Stream(Option<Body>),
}

impl Payload {
    async fn read(headers: &HeaderMap, body: Body) -> Result<Self, BodyError> {
        if body.is_end_stream() {
            return Ok(Self::Whole(Bytes::new()));
        }
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length <= LARGEST_KEPT) {
            return Ok(Self::Whole(body.collect().await?.to_bytes()));
        }
        Ok(Self::Stream(Some(body)))
    }

    /// The body to send, and whether it can be had again.
    fn take(&mut self) -> Option<(Body, bool)> {
        match self {
            Self::Whole(bytes) => Some((bytes.clone().into(), true)),
            Self::Stream(body) => body.take().map(|body| (body, false)),
        }
    }
}

fn rebuild(parts: &Parts, body: Body) -> Request<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.headers_mut() = parts.headers.clone();
    request
}

/// Makes the request one of this connection: origin form, no hop-by-hop headers, and who asked.
fn prepare(parts: &mut Parts, origin: &Origin) {
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

fn pass_on(
    response: Response<Incoming>,
    sender: SendRequest<Body>,
    outstanding: Outstanding,
) -> Response<Body> {
    let (mut parts, incoming) = response.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    parts.version = Version::HTTP_11;
    let mut lease = Some((sender, outstanding));
    let body = if incoming.is_end_stream() {
        finish(&mut lease);
        Body::empty()
    } else {
        Body::boxed(Forwarded { incoming, lease })
    };
    Response::from_parts(parts, body)
}

fn finish(lease: &mut Option<(SendRequest<Body>, Outstanding)>) {
    if let Some((sender, outstanding)) = lease.take() {
        outstanding.target().keep(sender);
    }
}

/// A target's answer that is being read. When it is read to its end, the connection is kept; when it is dropped
/// before, the connection closes.
struct Forwarded {
    incoming: Incoming,
    lease: Option<(SendRequest<Body>, Outstanding)>,
}

impl HttpBody for Forwarded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(context));
        match &frame {
            None => finish(&mut self.lease),
            Some(Ok(_)) if self.incoming.is_end_stream() => finish(&mut self.lease),
            Some(Ok(_)) => {}
            Some(Err(_)) => self.lease = None,
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
