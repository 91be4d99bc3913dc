//! One HTTP connection, driven by whoever sends over it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::HeaderName;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Body as _;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::FailureKind;
use crate::connector::{Connector, Refused};
use crate::http1::{Encoded, Http1};
use crate::target::head_bytes;

/// The most that is kept of a body that is looked at; a longer one is read to its end and refused.
const LONGEST_BODY: usize = 64 << 20;

/// A connection that lives in the task of its user: its input and output make progress while a call is awaited and at no
/// other time, so no second task has to be woken, ended or owned.
pub(crate) enum Connection {
    Http1(Http1),
    Http2(Box<Http2>),
}

/// An HTTP/2 connection, which is hyper's.
pub(crate) struct Http2 {
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
}

/// A request in the form that the connection takes.
pub(crate) enum Outgoing {
    Http1(Encoded),
    Http2(Box<Request<Full<Bytes>>>),
}

/// The body of an answer, which is kept where it is wanted.
pub(crate) struct LookedAt<'b> {
    pub(crate) kept: Option<&'b mut BytesMut>,
    /// Whether it was longer than is kept.
    pub(crate) cut: bool,
}

impl LookedAt<'_> {
    /// More of it.
    pub(crate) fn receive(&mut self, data: &[u8]) {
        if let Some(kept) = self.kept.as_deref_mut() {
            self.cut |= kept.len() + data.len() > LONGEST_BODY;
            if !self.cut {
                kept.extend_from_slice(data);
            }
        }
    }
}

/// Why an exchange did not end in an answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection was closed before anything of the request went over it: it may be sent again.
    Unsent(String),
    /// The connection broke later, so that the request may have been served.
    Unanswered(String),
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Whether it has the header of an environment that had just been started.
    pub(crate) cold: bool,
    /// From sending to the answer's head.
    pub(crate) first_byte: Duration,
    /// Whether the body was longer than is kept.
    pub(crate) cut: bool,
    /// Of head and body, transfer encodings left out.
    pub(crate) bytes: u64,
}

impl Connection {
    pub(crate) async fn open(connector: &Connector, http2: bool) -> Result<Self, Refused> {
        let stream = connector.open().await?;
        if !http2 {
            return Ok(Self::Http1(Http1::new(stream)));
        }
        let (sender, connection) = http2::handshake(Local, TokioIo::new(stream))
            .await
            .map_err(|error| (FailureKind::Connect, error.to_string()))?;
        Ok(Self::Http2(Box::new(Http2 { sender, driver: Driver::new(connection) })))
    }

    /// Whether another request may be sent, as far as is known.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Http1(connection) => connection.is_open(),
            // Asked for when it is used.
            Self::Http2(_) => true,
        }
    }

    /// Sends a request now, at `sent`, and reads its whole answer; `kept` receives the answer's body where it is wanted.
    pub(crate) async fn exchange(
        &mut self,
        request: Outgoing,
        sent: Instant,
        cold: Option<&HeaderName>,
        kept: Option<&mut BytesMut>,
    ) -> Result<Answer, Broken> {
        let body = LookedAt { kept, cut: false };
        match (self, request) {
            (Self::Http1(connection), Outgoing::Http1(request)) => {
                connection.exchange(&request, sent, cold, body).await
            }
            (Self::Http2(connection), Outgoing::Http2(request)) => {
                connection.exchange(*request, sent, cold, body).await
            }
            _ => Err(Broken::Unanswered("the request is of another version of HTTP".into())),
        }
    }
}

impl Http2 {
    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        sent: Instant,
        cold: Option<&HeaderName>,
        mut body: LookedAt<'_>,
    ) -> Result<Answer, Broken> {
        let Self { sender, driver } = self;
        if !sender.is_ready() {
            driver.run(sender.ready()).await.map_err(|error| Broken::Unsent(error.to_string()))?;
        }
        let answer = driver.run(sender.try_send_request(request)).await.map_err(|mut error| {
            let unsent = error.take_message().is_some();
            let reason = said(&error.into_error());
            if unsent { Broken::Unsent(reason) } else { Broken::Unanswered(reason) }
        })?;
        let first_byte = sent.elapsed();
        let (head, mut incoming) = answer.into_parts();
        let mut bytes = head_bytes(&head.headers);
        while !incoming.is_end_stream() {
            let Some(frame) = driver.run(incoming.frame()).await else { break };
            let frame = frame.map_err(|error| Broken::Unanswered(said(&error)))?;
            if let Some(data) = frame.data_ref() {
                bytes += data.len() as u64;
                body.receive(data);
            }
        }
        let cold = cold.is_some_and(|name| head.headers.contains_key(name));
        Ok(Answer { status: head.status, cold, first_byte, cut: body.cut, bytes })
    }
}

/// An error with what lies below it.
fn said(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Runs what HTTP/2 needs beside the connection on the generator's own thread.
#[derive(Clone, Copy)]
struct Local;

impl<F: Future + 'static> Executor<F> for Local
where
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        // It ends with the thread's runtime at the latest.
        tokio::task::spawn_local(future);
    }
}

/// The connection's input and output; `None` once the connection has ended.
struct Driver(Option<Pin<Box<dyn Future<Output = hyper::Result<()>>>>>);

impl Driver {
    fn new(connection: impl Future<Output = hyper::Result<()>> + 'static) -> Self {
        Self(Some(Box::pin(connection)))
    }

    /// Awaits a call on the connection while moving its bytes. How the connection ended shows in the call's result.
    async fn run<F: Future>(&mut self, call: F) -> F::Output {
        let mut call = pin!(call);
        poll_fn(|context| {
            // What has come in with earlier bytes is there without moving any.
            if let Poll::Ready(output) = call.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            if self.0.as_mut().is_some_and(|connection| connection.as_mut().poll(context).is_ready()) {
                self.0 = None;
            }
            call.as_mut().poll(context)
        })
        .await
    }
}
