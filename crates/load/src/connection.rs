//! One HTTP/1.1 connection, driven by whoever sends over it.

use std::future::poll_fn;
use std::pin::{Pin, pin};

use bytes::{Bytes, BytesMut};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use tower::Service;

use crate::connector::{Connector, Stream};

/// A connection that lives in the task of its user: its input and output make progress while a call is awaited and at no
/// other time, so no second task has to be woken, ended or owned.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
}

/// Why an exchange did not end in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The connection was closed before anything of the request went over it: it may be sent again.
    Unsent,
    /// The connection broke later, so that the request may have been served.
    Unanswered,
}

impl Connection {
    /// Opens a connection; `None` where that fails for any reason.
    pub(crate) async fn open(connector: &mut Connector, uri: Uri) -> Option<Self> {
        poll_fn(|context| connector.poll_ready(context)).await.ok()?;
        let stream = connector.call(uri).await.ok()?;
        let (sender, connection) = http1::handshake(stream).await.ok()?;
        Some(Self { sender, driver: Driver(Some(Box::pin(connection))) })
    }

    /// Sends a request and reads its whole answer; `body` receives the answer's body where it is wanted.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        mut body: Option<&mut BytesMut>,
    ) -> Result<StatusCode, Broken> {
        let Self { sender, driver } = self;
        driver.run(sender.ready()).await.map_err(|_| Broken::Unsent)?;
        let answer = driver.run(sender.try_send_request(request)).await;
        let answer = answer.map_err(|mut error| match error.take_message() {
            Some(_) => Broken::Unsent,
            None => Broken::Unanswered,
        })?;
        let status = answer.status();
        let mut incoming = answer.into_body();
        while let Some(frame) = driver.run(incoming.frame()).await {
            let frame = frame.map_err(|_| Broken::Unanswered)?;
            if let (Some(body), Some(data)) = (body.as_deref_mut(), frame.data_ref()) {
                body.extend_from_slice(data);
            }
        }
        Ok(status)
    }
}

type Wire = http1::Connection<Stream, Full<Bytes>>;

/// The connection's input and output; `None` once the connection has ended.
#[derive(Debug)]
struct Driver(Option<Pin<Box<Wire>>>);

impl Driver {
    /// Awaits a call on the connection while moving its bytes. How the connection ended shows in the call's result.
    async fn run<F: Future>(&mut self, call: F) -> F::Output {
        let mut call = pin!(call);
        poll_fn(|context| {
            if self.0.as_mut().is_some_and(|connection| connection.as_mut().poll(context).is_ready()) {
                self.0 = None;
            }
            call.as_mut().poll(context)
        })
        .await
    }
}
