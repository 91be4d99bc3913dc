//! The HTTP server that balancers and REST APIs share: HTTP/1.1 and HTTP/2 on one port, with TLS where it is asked for.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::body::Body;
use crate::mutex::Mutex;
use crate::tls::{TlsError, TlsSpec};

/// How long requests in progress may go on when a server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// The pause after an accept that failed, as it does when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Answers requests; every error is an answer too.
pub trait Handler: Send + Sync + 'static {
    /// Answers `request`, which came from `client`.
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        client: SocketAddr,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// A running server. Dropping it cuts all connections; [`HttpServer::stop`] ends it gently.
pub struct HttpServer {
    address: SocketAddr,
    stopping: CancellationToken,
    tls: Arc<Mutex<Option<TlsAcceptor>>>,
    owner: Mutex<JoinSet<()>>,
}

impl HttpServer {
    /// Serves `handler` on `socket`. A connection without a request is closed after `idle_timeout`.
    ///
    /// # Errors
    /// The address of the socket cannot be read.
    pub fn start<H: Handler>(
        socket: TcpListener,
        handler: Arc<H>,
        idle_timeout: Duration,
    ) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let stopping = CancellationToken::new();
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(idle_timeout).pipeline_flush(true);
        builder.http2().timer(TokioTimer::new());
        let door = Door { builder: Arc::new(builder), tls: Arc::default(), stopping: stopping.clone() };
        let tls = Arc::clone(&door.tls);
        let mut owner = JoinSet::new();
        owner.spawn(accept(socket, handler, door));
        Ok(Self { address, stopping, tls, owner: Mutex::new(owner) })
    }

    /// Speaks TLS with those who connect from now on, or no TLS; connections that stand stay as they are.
    ///
    /// # Errors
    /// TLS cannot be offered like that; then nothing changes.
    pub fn set_tls(&self, tls: Option<&TlsSpec>) -> Result<(), TlsError> {
        let acceptor = tls.map(TlsSpec::acceptor).transpose()?;
        *self.tls.lock() = acceptor;
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Frees the port at once and waits for the requests in progress, for 10 s at most.
    pub async fn stop(&self) {
        self.stopping.cancel();
        let mut owner = std::mem::take(&mut *self.owner.lock());
        while owner.join_next().await.is_some() {}
    }
}

/// How connections are taken in.
#[derive(Clone)]
struct Door {
    builder: Arc<auto::Builder<TokioExecutor>>,
    tls: Arc<Mutex<Option<TlsAcceptor>>>,
    stopping: CancellationToken,
}

async fn accept<H: Handler>(socket: TcpListener, handler: Arc<H>, door: Door) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = door.stopping.cancelled() => break,
            accepted = socket.accept() => match accepted {
                Ok((stream, client)) => {
                    connections.spawn(door.clone().serve(stream, Arc::clone(&handler), client));
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(socket);
    let drained = async { while connections.join_next().await.is_some() {} };
    if timeout(DRAIN, drained).await.is_err() {
        tracing::debug!("connections were cut when the server stopped");
    }
}

impl Door {
    async fn serve<H: Handler>(self, stream: TcpStream, handler: Arc<H>, client: SocketAddr) {
        // Only latency suffers when this cannot be set.
        let _ = stream.set_nodelay(true);
        let acceptor = self.tls.lock().clone();
        let Some(acceptor) = acceptor else { return self.exchange(stream, handler, client).await };
        let shaken = tokio::select! {
            () = self.stopping.cancelled() => return,
            shaken = timeout(HANDSHAKE, acceptor.accept(stream)) => shaken,
        };
        match shaken {
            // The state of TLS is large, and most connections have none.
            Ok(Ok(stream)) => Box::pin(self.exchange(stream, handler, client)).await,
            Ok(Err(error)) => tracing::trace!(%client, %error, "no agreement on TLS"),
            Err(_) => tracing::trace!(%client, "no agreement on TLS in time"),
        }
    }

    async fn exchange<H: Handler, S>(self, stream: S, handler: Arc<H>, client: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let service = service_fn(move |request| {
            let handler = Arc::clone(&handler);
            async move { Ok::<_, Infallible>(handler.handle(request, client).await) }
        });
        let mut connection = std::pin::pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = self.stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(%client, %error, "a connection ended early");
        }
    }
}
