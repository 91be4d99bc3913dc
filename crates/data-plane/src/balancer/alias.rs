use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;

use super::Listener;
use crate::body::Body;
use crate::server::{Handler, HttpServer};

/// How long a connection without a request stays open.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// A port that stands for one host name of a listener which several share: names do not resolve on loopback, so
/// clients could not tell the listener which one they mean. Dropping it closes the port.
pub struct Alias {
    server: HttpServer,
}

struct Named {
    host: HeaderValue,
    listener: Arc<Listener>,
}

impl Alias {
    /// Passes what comes to `socket` on to `listener` as requests for `host`.
    ///
    /// # Errors
    /// The host is not a header's value, or the socket has no address.
    pub fn start(host: &str, listener: Arc<Listener>, socket: TcpListener) -> io::Result<Self> {
        let host = HeaderValue::from_str(host).map_err(io::Error::other)?;
        let server = HttpServer::start(socket, Arc::new(Named { host, listener }), IDLE_TIMEOUT)?;
        Ok(Self { server })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Takes no more connections and waits for the requests in progress, for 10 s at most.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

impl Handler for Named {
    async fn handle(self: Arc<Self>, request: Request<Incoming>, client: SocketAddr) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(HOST, self.host.clone());
        self.listener.handle(Request::from_parts(parts, Body::from(body)), client).await
    }
}
