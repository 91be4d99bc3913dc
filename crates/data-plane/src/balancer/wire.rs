//! One HTTP/1.1 connection to a target, driven by whoever uses it: a request then needs no switch between tasks.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::body::Body;

pub(super) struct Wire {
    pub(super) sender: SendRequest<Body>,
    connection: Driver,
}

/// The half of a connection that reads and writes.
pub(super) struct Driver {
    connection: Pin<Box<http1::Connection<TokioIo<TcpStream>, Body>>>,
    /// Set when the connection has ended; it must not be polled again.
    ended: bool,
}

impl Wire {
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        Ok(Self { sender, connection: Driver { connection: Box::pin(connection), ended: false } })
    }

    /// Whether another request can be sent; finds out if the target has closed the connection meanwhile.
    pub(super) async fn is_ready(&mut self) -> bool {
        std::future::poll_fn(|context| {
            self.connection.poll(context);
            Poll::Ready(())
        })
        .await;
        !self.connection.ended && self.connection.drive(self.sender.ready()).await.is_ok()
    }

    /// Both halves: what sends, and what makes it happen.
    pub(super) fn halves(&mut self) -> (&mut SendRequest<Body>, &mut Driver) {
        (&mut self.sender, &mut self.connection)
    }

    /// Reads and writes what can be read and written now.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) {
        self.connection.poll(context);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.connection.ended
    }
}

impl Driver {
    /// Drives the connection until `future`, which waits for it, is ready.
    pub(super) async fn drive<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        std::future::poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            self.poll(context);
            future.as_mut().poll(context)
        })
        .await
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        if !self.ended
            && let Poll::Ready(result) = self.connection.as_mut().poll(context)
        {
            self.ended = true;
            if let Err(error) = result {
                // Whoever waits for an answer is told too.
                tracing::trace!(%error, "a connection to a target ended");
            }
        }
    }
}
