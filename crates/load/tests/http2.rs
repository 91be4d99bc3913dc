//! Connections of HTTP/2, without TLS.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use load::{Accepts, ConnectionUse, Plan, Target, TargetRequest};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Longer than what a stream may send before it is allowed more.
const LONG: usize = 300_000;

/// Answers with the request's body over and over, and the first time of each connection as a fresh environment does.
async fn answer(
    request: Request<Incoming>,
    served: Arc<AtomicU64>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.version(), http::Version::HTTP_2);
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut answer = Response::builder();
    if served.fetch_add(1, Ordering::SeqCst) == 0 {
        answer = answer.header("x-cold", "1");
    }
    Ok(answer.body(Full::new(body.repeat(LONG / body.len()).into())).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_follow_each_other_over_a_kept_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/items", listener.local_addr().unwrap()).parse().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let served = Arc::new(AtomicU64::new(0));
            let service = service_fn(move |request| answer(request, Arc::clone(&served)));
            connections.spawn(async move {
                let builder = http2::Builder::new(TokioExecutor::new());
                // The client goes away when its run is over.
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let whole = |body: &[u8]| body.len() == LONG && body.starts_with(b"0123456789012");
    let (method, headers, body) = (Method::POST, HeaderMap::new(), Bytes::from_static(b"0123456789"));
    let request = TargetRequest { uri, method, headers, body, accepts: Some(Accepts(Arc::new(whole))) };
    let target = Target { cold: Some(HeaderName::from_static("x-cold")), ..Target::new("two", request) };
    let plan = Plan { connection: ConnectionUse::Http2, ..Plan::closed(4, 200) };
    let outcomes = load::run(&[target], &plan, CancellationToken::new(), &|_| {}).await.unwrap();
    let tally = outcomes[0].total().unwrap();
    assert_eq!((tally.success, tally.connections), (200, 4), "{:?}", tally.examples);
    assert_eq!(tally.cold.len(), 4);
    assert!(tally.received_bytes > 200 * LONG as u64);
}
