//! Sends requests over kept connections, again where that is safe, and streams the answers.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::request::Parts;
use http::{Method, Request, Response, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::forward::remove_hop_by_hop;
use super::target::Outstanding;
use super::wire::Wire;
use crate::body::{Body, BodyError};

/// How long connecting may take.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bodies up to this size are kept, so that they can be sent again.
const LARGEST_KEPT: u64 = 1024 * 1024;
/// How many targets or connections are tried.
const ATTEMPTS: usize = 4;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum SendError {
    /// No target may get requests.
    NoTarget,
    /// No connection could be made, or the last one was closed before it was used.
    Unreachable(String),
    ConnectTimeout,
    ResponseTimeout,
    /// The connection was closed after the request had gone out.
    Closed(String),
}

/// Sends a request to the targets that `admit` gives, one after the other. Another one is tried only where the first
/// cannot have acted on the request, or where acting twice does no harm.
pub(crate) async fn send(
    parts: &Parts,
    mut payload: Payload,
    admit: impl Fn() -> Option<Outstanding>,
    response_timeout: Duration,
) -> Result<Response<Body>, SendError> {
    let mut failure = SendError::NoTarget;
    for _ in 0..ATTEMPTS {
        let Some(outstanding) = admit() else { return Err(SendError::NoTarget) };
        let connected = timeout(CONNECT_TIMEOUT, outstanding.target().connect()).await;
        let mut connection = match connected {
            Ok(Ok(connection)) => connection,
            // Nothing has been sent: another target may do.
            Ok(Err(error)) => {
                failure = SendError::Unreachable(error.to_string());
                continue;
            }
            Err(_) => return Err(SendError::ConnectTimeout),
        };
        let Some((body, repeatable)) = payload.take() else { break };
        let request = rebuild(parts, body);
        let (sender, driver) = connection.wire.halves();
        let sent = timeout(response_timeout, driver.drive(sender.try_send_request(request))).await;
        let mut error = match sent {
            Ok(Ok(response)) => return Ok(pass_on(response, connection.wire, outstanding, repeatable)),
            Err(_) => return Err(SendError::ResponseTimeout),
            Ok(Err(error)) => error,
        };
        let unsent = error.take_message();
        let cause = error.error().to_string();
        let safe = unsent.is_some() || connection.reused && never_read(error.error(), &parts.method);
        let target = outstanding.target().address();
        tracing::debug!(%target, %cause, safe, "a target closed the connection before it answered");
        if !safe {
            return Err(SendError::Closed(cause));
        }
        failure = SendError::Unreachable(cause);
        if let Some(request) = unsent.filter(|_| !repeatable) {
            payload = Payload::Stream(Some(request.into_body()));
        }
    }
    Err(failure)
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
pub(crate) enum Payload {
    Whole(Bytes),
    Stream(Option<Body>),
}

impl Payload {
    pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, BodyError> {
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

/// A connection is kept only if its request was known as a whole: a body that is still coming in would hold it up.
fn pass_on(response: Response<Incoming>, wire: Wire, outstanding: Outstanding, keep: bool) -> Response<Body> {
    let (mut parts, incoming) = response.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    parts.version = Version::HTTP_11;
    let mut lease = Some(Lease { wire, outstanding, keep });
    let body = if incoming.is_end_stream() {
        finish(&mut lease);
        Body::empty()
    } else {
        Body::boxed(Forwarded { incoming, lease })
    };
    Response::from_parts(parts, body)
}

struct Lease {
    wire: Wire,
    outstanding: Outstanding,
    keep: bool,
}

fn finish(lease: &mut Option<Lease>) {
    if let Some(Lease { wire, outstanding, keep: true }) = lease.take() {
        outstanding.target().keep(wire);
    }
}

/// A target's answer that is being read. When it is read to its end, the connection is kept; when it is dropped
/// before, the connection closes.
struct Forwarded {
    incoming: Incoming,
    lease: Option<Lease>,
}

impl HttpBody for Forwarded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let mut polled = Pin::new(&mut this.incoming).poll_frame(context);
        if let (true, Some(lease)) = (polled.is_pending(), &mut this.lease) {
            lease.wire.poll(context);
            polled = Pin::new(&mut this.incoming).poll_frame(context);
        }
        let frame = ready!(polled);
        match &frame {
            None => finish(&mut this.lease),
            Some(Ok(_)) if this.incoming.is_end_stream() => finish(&mut this.lease),
            Some(Ok(_)) => {}
            Some(Err(_)) => this.lease = None,
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
