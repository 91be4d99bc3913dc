//! One sender with its connection and its statistics.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use http::StatusCode;
use tokio::time::Instant;

use crate::connection::{Broken, Connection};
use crate::connector::Connector;
use crate::deadline::Deadline;
use crate::outcome::record;
use crate::progress::Counters;
use crate::target::Prepared;
use crate::{FailureKind, LoadError, Outcome};

/// From which delay on a request counts as sent late; tokio's timers and the scheduler stay below it on an idle machine.
const LATE: Duration = Duration::from_millis(1);

/// Sends a target's request, one at a time, over a connection that it opens when there is none.
#[derive(Debug)]
pub(crate) struct Worker {
    target: Arc<Prepared>,
    connector: Connector,
    connection: Option<Connection>,
    timeout: Duration,
    deadline: Deadline,
    /// Receives the bodies that are looked at.
    body: BytesMut,
    counters: Counters,
    tally: Outcome,
}

/// How one request ended.
struct Ending {
    /// When the request was sent over a connection that stood; `None` where it never was.
    sent: Option<Instant>,
    result: Result<StatusCode, FailureKind>,
}

impl Worker {
    pub(crate) fn new(
        target: Arc<Prepared>,
        connector: Connector,
        timeout: Duration,
        counters: Counters,
    ) -> Result<Self, LoadError> {
        Ok(Self {
            target,
            connector,
            connection: None,
            timeout,
            deadline: Deadline::after(timeout),
            body: BytesMut::new(),
            counters,
            tally: Outcome::empty("")?,
        })
    }

    /// Opens the connection ahead of the first request. A failure shows when the request tries again.
    pub(crate) async fn connect(&mut self) {
        self.deadline.move_to(Instant::now() + self.timeout);
        self.connection = self.obtain().await.ok();
    }

    /// Sends one request that was meant to be sent at `intended`, and records how it ended. Says whether the target could
    /// be connected to.
    pub(crate) async fn request(&mut self, intended: Instant) -> bool {
        let begin = Instant::now();
        if begin.saturating_duration_since(intended) > LATE {
            self.tally.late_sends += 1;
        }
        self.deadline.move_to(begin + self.timeout);
        let looked_at = self
            .target
            .check
            .as_ref()
            .is_some_and(|check| self.tally.requests.is_multiple_of(u64::from(check.every.get())));
        let ending = self.send(looked_at).await;
        let end = Instant::now();
        let connected = ending.result != Err(FailureKind::Connect);
        self.count(intended, &ending, end, looked_at);
        connected
    }

    /// What this worker has measured.
    pub(crate) fn tally(&self) -> &Outcome {
        &self.tally
    }

    /// Sends the request, once more where the connection had been closed while it was idle.
    async fn send(&mut self, looked_at: bool) -> Ending {
        loop {
            let kept = self.connection.is_some();
            let mut connection = match self.obtain().await {
                Ok(connection) => connection,
                Err(kind) => return Ending { sent: None, result: Err(kind) },
            };
            let sent = Instant::now();
            self.body.clear();
            let body = looked_at.then_some(&mut self.body);
            let exchange = connection.exchange(self.target.request.clone(), body);
            let result = match within(&mut self.deadline, exchange).await {
                Some(Ok(status)) => {
                    self.connection = Some(connection);
                    Ok(status)
                }
                Some(Err(Broken::Unsent)) if kept => continue,
                Some(Err(_)) => Err(FailureKind::Closed),
                None => Err(FailureKind::Timeout),
            };
            return Ending { sent: Some(sent), result };
        }
    }

    /// The connection that stands, or a new one.
    async fn obtain(&mut self) -> Result<Connection, FailureKind> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let open = Connection::open(&mut self.connector, self.target.uri.clone());
        let connection = within(&mut self.deadline, open)
            .await
            .ok_or(FailureKind::Timeout)?
            .ok_or(FailureKind::Connect)?;
        self.tally.connections += 1;
        Ok(connection)
    }

    fn count(&mut self, intended: Instant, ending: &Ending, end: Instant, looked_at: bool) {
        let failure = match ending.result {
            Err(kind) => Some(kind),
            Ok(status) => {
                *self.tally.statuses.entry(status.as_u16()).or_default() += 1;
                if status.is_success() {
                    (looked_at && !self.accepts_body()).then_some(FailureKind::Body)
                } else {
                    Some(FailureKind::Status)
                }
            }
        };
        self.tally.requests += 1;
        match failure {
            None => self.tally.success += 1,
            Some(kind) => *self.tally.failures.entry(kind).or_default() += 1,
        }
        self.counters.count(failure.is_none());
        record(&mut self.tally.latency, end.saturating_duration_since(intended));
        if let Some(sent) = ending.sent {
            record(&mut self.tally.service, end.saturating_duration_since(sent));
        }
    }

    fn accepts_body(&self) -> bool {
        self.target.check.as_ref().is_none_or(|check| (check.accepts)(&self.body))
    }
}

/// Awaits a future until the deadline; `None` where that comes first.
async fn within<F: Future>(deadline: &mut Deadline, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => deadline.poll(context).map(|()| None),
    })
    .await
}
