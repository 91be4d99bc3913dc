//! An HTTP server on a loopback port whose answers a test decides.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use load::{Target, TargetRequest};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Serves until it is dropped; then the port and all connections are closed.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Answers each request with what `answer` makes of its number, from 0, and of the request.
    pub async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(u64, Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&seen);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, counter) = (answer.clone(), Arc::clone(&counter));
                let service = service_fn(move |request| {
                    let answer = answer(counter.fetch_add(1, Ordering::SeqCst), request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                connections.spawn(async move {
                    // A client that goes away in the middle is what some tests are about.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, seen, _tasks: tasks }
    }

    /// Answers every request with a status and a body.
    pub async fn constant(status: u16, body: &'static str) -> Self {
        Self::start(move |_, _| async move { answer(status, body) }).await
    }

    /// How many requests came in.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    pub fn target(&self, name: &str) -> Target {
        target(name, &format!("http://{}/publish", self.address))
    }
}

pub fn answer(status: u16, body: &'static str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

pub fn target(name: &str, uri: &str) -> Target {
    Target::new(
        name,
        TargetRequest {
            uri: uri.parse().unwrap(),
            method: http::Method::POST,
            headers: http::HeaderMap::new(),
            body: Bytes::from_static(b"{\"message\":\"Hello\"}"),
            accepts: None,
        },
    )
}
