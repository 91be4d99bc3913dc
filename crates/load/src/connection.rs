//! One HTTP connection, driven by whoever sends over it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::{Response, rt::Executor};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::FailureKind;
use crate::bell::Bell;
use crate::connector::{Connector, Refused};

/// The most that is kept of a body that is looked at; a longer one is read to its end and refused.
const LONGEST_BODY: usize = 64 << 20;

/// A connection that lives in the task of its user: its input and output make progress while a call is awaited and at no
/// other time, so no second task has to be woken, ended or owned.
pub(crate) struct Connection {
    sender: Sender,
    driver: Driver,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
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
    pub(crate) headers: HeaderMap,
    /// From sending to the answer's head.
    pub(crate) first_byte: Duration,
    /// Whether the body was longer than is kept.
    pub(crate) cut: bool,
    /// Of the body.
    pub(crate) bytes: u64,
}

impl Connection {
    pub(crate) async fn open(connector: &Connector, http2: bool) -> Result<Self, Refused> {
        let io = TokioIo::new(connector.open().await?);
        let wrong = |error: hyper::Error| (FailureKind::Connect, error.to_string());
        if http2 {
            let (sender, connection) = http2::handshake(Local, io).await.map_err(wrong)?;
            Ok(Self { sender: Sender::Http2(sender), driver: Driver::new(connection) })
        } else {
            let (sender, connection) =
                http1::Builder::new().writev(false).handshake(io).await.map_err(wrong)?;
            Ok(Self { sender: Sender::Http1(sender), driver: Driver::new(connection) })
        }
    }

    /// Sends a request now, at `sent`, and reads its whole answer; `body` receives the answer's body where it is wanted.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        sent: Instant,
        mut body: Option<&mut BytesMut>,
    ) -> Result<Answer, Broken> {
        let Self { sender, driver } = self;
        if !sender.is_ready() {
            driver.run(sender.ready()).await.map_err(|error| Broken::Unsent(error.to_string()))?;
        }
        let answer = sender.send(request, driver).await.map_err(|mut error| {
            let unsent = error.take_message().is_some();
            let reason = said(&error.into_error());
            if unsent { Broken::Unsent(reason) } else { Broken::Unanswered(reason) }
        })?;
        let first_byte = sent.elapsed();
        let (head, mut incoming) = answer.into_parts();
        let (mut cut, mut bytes) = (false, 0);
        while !incoming.is_end_stream() {
            let Some(frame) = driver.run(incoming.frame()).await else { break };
            let frame = frame.map_err(|error| Broken::Unanswered(said(&error)))?;
            let Some(data) = frame.data_ref() else { continue };
            bytes += data.len() as u64;
            if let Some(body) = body.as_deref_mut() {
                cut |= body.len() + data.len() > LONGEST_BODY;
                if !cut {
                    body.extend_from_slice(data);
                }
            }
        }
        Ok(Answer { status: head.status, headers: head.headers, first_byte, cut, bytes })
    }
}

impl Sender {
    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Http1(sender) => sender.ready().await,
            Self::Http2(sender) => sender.ready().await,
        }
    }

    fn is_ready(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_ready(),
            Self::Http2(sender) => sender.is_ready(),
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>, driver: &mut Driver) -> Sent {
        match self {
            Self::Http1(sender) => {
                let answer = driver.bell.quietly(|| sender.try_send_request(request));
                driver.run(answer).await
            }
            Self::Http2(sender) => {
                let answer = driver.bell.quietly(|| sender.try_send_request(request));
                driver.run(answer).await
            }
        }
    }
}

type Sent = Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>>;

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

/// The connection's input and output.
struct Driver {
    /// `None` once the connection has ended.
    connection: Option<Pin<Box<dyn Future<Output = hyper::Result<()>>>>>,
    bell: Bell,
}

impl Driver {
    fn new(connection: impl Future<Output = hyper::Result<()>> + 'static) -> Self {
        Self { connection: Some(Box::pin(connection)), bell: Bell::new() }
    }

    /// Awaits a call on the connection while moving its bytes. How the connection ended shows in the call's result.
    async fn run<F: Future>(&mut self, call: F) -> F::Output {
        let Self { connection, bell } = self;
        let mut call = pin!(call);
        poll_fn(|context| {
            bell.poll(context, |context| {
                // What has come in with earlier bytes is there without moving any.
                if let Poll::Ready(output) = call.as_mut().poll(context) {
                    return Poll::Ready(output);
                }
                if connection.as_mut().is_some_and(|connection| connection.as_mut().poll(context).is_ready())
                {
                    *connection = None;
                }
                call.as_mut().poll(context)
            })
        })
        .await
    }
}
