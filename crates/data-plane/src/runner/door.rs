//! Where requests come in.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderValue, SERVER};
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::capacity::{Capacity, Slot};
use crate::balancer::{Origin, Payload, SendError, prepare, send};
use crate::body::{Body, BodyError};
use crate::mutex::Mutex;
use crate::server::Handler;

/// How long a request may take in all.
/// <https://docs.aws.amazon.com/apprunner/latest/dg/develop.html>
const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);

pub(super) struct Door {
    pub(super) capacity: Arc<Capacity>,
    pub(super) paused: AtomicBool,
}

impl Handler for Door {
    async fn handle(self: Arc<Self>, request: Request<Incoming>, client: SocketAddr) -> Response<Body> {
        // What a paused service answers is not documented; it has no instance that could.
        if self.paused.load(Ordering::Acquire) {
            return own(StatusCode::NOT_FOUND);
        }
        let Some(slot) = self.capacity.enter() else { return own(StatusCode::TOO_MANY_REQUESTS) };
        match timeout(REQUEST_TIMEOUT, self.forward(request.map(Body::from), client)).await {
            Ok(response) => hold(response, slot),
            Err(_) => own(StatusCode::GATEWAY_TIMEOUT),
        }
    }
}

impl Door {
    async fn forward(&self, request: Request<Body>, client: SocketAddr) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        prepare(&mut parts, &Origin { client, protocol: "https", port: 443, idle_timeout: REQUEST_TIMEOUT });
        let Ok(payload) = Payload::read(&parts.headers, body).await else {
            return own(StatusCode::BAD_REQUEST);
        };
        let first = Mutex::new(Some(self.capacity.admit().await));
        let admit = || first.lock().take().or_else(|| self.capacity.try_admit());
        match send(&parts, payload, admit, REQUEST_TIMEOUT).await {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(?error, "a request to an App Runner service was not answered");
                own(match error {
                    SendError::ConnectTimeout | SendError::ResponseTimeout => StatusCode::GATEWAY_TIMEOUT,
                    SendError::NoTarget | SendError::Unreachable(_) => StatusCode::SERVICE_UNAVAILABLE,
                    SendError::Closed(_) => StatusCode::BAD_GATEWAY,
                })
            }
        }
    }
}

/// An answer of App Runner itself, whose routing is Envoy's.
fn own(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(SERVER, HeaderValue::from_static("envoy"));
    response
}

/// Keeps the request counted until its answer has been read.
fn hold(response: Response<Body>, slot: Slot) -> Response<Body> {
    let (parts, body) = response.into_parts();
    if body.is_end_stream() {
        return Response::from_parts(parts, body);
    }
    Response::from_parts(parts, Body::boxed(Held { body, slot: Some(slot) }))
}

struct Held {
    body: Body,
    slot: Option<Slot>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) || this.body.is_end_stream() {
            this.slot = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
