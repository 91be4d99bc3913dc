//! Connections: accepted until asked to stop, then drained.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest wait for the head of a request, which is also how long an unused connection is kept. It is longer than the
/// 60 s for which a load balancer keeps its connections: if this side closed first, a request that is just being sent
/// would be lost.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#connection-idle-timeout>
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// The pause after a failure to accept, which is nearly always a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until `draining` is cancelled; then closes the listener, after it the unused connections, and waits
/// at most `patience` for requests in flight. Says whether all of them were finished.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    draining: CancellationToken,
    patience: Duration,
) -> bool {
    let connections = TaskTracker::new();
    // Cancelled on every way out of this function, so that no connection outlives it.
    let abandoned = CancellationToken::new();
    // Cancelled once the listener is closed: a client whose connection is closed must not be let in again.
    let closing = CancellationToken::new();
    let _guard = abandoned.clone().drop_guard();
    loop {
        let accepted = tokio::select! {
            () = draining.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _peer)) => {
                let connection = serve_connection(stream, router.clone(), closing.clone());
                connections.spawn(abandoned.clone().run_until_cancelled_owned(connection));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    closing.cancel();
    connections.close();
    tokio::time::timeout(patience, connections.wait()).await.is_ok()
}

async fn serve_connection(stream: TcpStream, router: Router, closing: CancellationToken) {
    // Without it small answers may wait for an acknowledgement; where it cannot be set, they do.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
