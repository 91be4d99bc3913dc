//! The HTTP server: HTTP/1.1 with keep-alive, and HTTP/2 for callers that start with it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Router;
use crate::wire::{ApiError, Protocol, WireRequest, WireResponse};

/// The largest body of a request in bytes. Larger objects come to S3 in parts, larger layers are refused.
const MAX_BODY: usize = 512 * 1024 * 1024;
/// How long requests in flight may take to finish once the server stops.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// A pause after a failed `accept`, which happens when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Where requests come in: the cloud's own address, or the one for those who work in a region.
#[derive(Clone)]
pub struct Entrance {
    pub router: Arc<Router>,
    /// The region that the callers work in; empty where they are outside.
    pub origin: Arc<str>,
}

/// Serves until `stopping` is cancelled, then lets requests in flight finish.
pub async fn serve(listener: TcpListener, entrance: Entrance, stopping: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().keep_alive(true).timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new());
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            Some(_finished) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _peer)) => {
                serve_connection(&builder, stream, &entrance, &graceful, &mut connections);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still busy after {} s and are cut", DRAIN.as_secs());
    }
    connections.shutdown().await;
}

fn serve_connection(
    builder: &Builder<TokioExecutor>,
    stream: TcpStream,
    entrance: &Entrance,
    graceful: &GracefulShutdown,
    connections: &mut JoinSet<()>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let entrance = entrance.clone();
    let service = service_fn(move |request| answer(entrance.clone(), request));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let watched = graceful.watch(connection);
    connections.spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(error = %error, "a connection ended early");
        }
    });
}

async fn answer(entrance: Entrance, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let is_head = head.method == Method::HEAD;
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) => return Ok(unreadable(head.method, head.uri, head.headers, error.as_ref())),
    };
    let request = WireRequest::new(head.method, head.uri, head.headers, body).from_region(&entrance.origin);
    Ok(into_http(entrance.router.call(request).await, is_head))
}

fn unreadable(
    method: Method,
    uri: http::Uri,
    headers: HeaderMap,
    error: &(dyn std::error::Error + 'static),
) -> Response<Full<Bytes>> {
    let request = WireRequest::new(method, uri, headers, Bytes::new());
    let refusal = if error.is::<LengthLimitError>() {
        let message = format!("The request's body is over {MAX_BODY} bytes; upload it in parts.");
        ApiError::with_status(StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge", message)
    } else {
        ApiError::sender("IncompleteBody", "The request's body ended before it was complete.")
    };
    into_http(refusal.into_response(Protocol::of(&request), &request), false)
}

fn into_http(answer: WireResponse, is_head: bool) -> Response<Full<Bytes>> {
    let body = if is_head { Bytes::new() } else { answer.body };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
