//! One sender with its connection.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use rand::rngs::StdRng;
use tokio::time::Instant;

use crate::connection::{Answer, Broken, Connection};
use crate::connector::{Connector, Refused};
use crate::deadline::Deadline;
use crate::lanes::processor_time;
use crate::progress::{Counters, INTERVAL};
use crate::tally::{Ending, Tally, record};
use crate::target::Prepared;
use crate::{ConnectionUse, FailureKind, LoadError};

/// From which delay on a request counts as sent late.
pub(crate) const LATE: Duration = Duration::from_millis(1);

/// What the workers of one thread share.
pub(crate) struct Lane {
    pub(crate) target: Arc<Prepared>,
    pub(crate) connector: Connector,
    pub(crate) connection: ConnectionUse,
    pub(crate) timeout: Duration,
    /// Whether each request is kept by itself.
    pub(crate) raw: bool,
    pub(crate) counters: Counters,
    pub(crate) tally: RefCell<Tally>,
    pub(crate) random: RefCell<StdRng>,
    /// How many requests this lane has chosen.
    pub(crate) chosen: Cell<u64>,
    /// The lane's number.
    pub(crate) index: u32,
    /// When its latest latencies were shown, since the trial began.
    pub(crate) shown: Cell<Duration>,
    /// When the trial began.
    pub(crate) begin: Cell<Instant>,
    /// Processor time that the thread had used by then.
    pub(crate) used: Cell<Duration>,
}

impl Lane {
    /// The trial begins now: what was done before, such as opening connections, is not measured.
    pub(crate) fn begin(&self) -> Instant {
        let now = Instant::now();
        self.begin.set(now);
        self.used.set(processor_time());
        now
    }

    /// Lets whoever watches see how the trial goes, now and then.
    fn show(&self, at: Duration, tally: &Tally) {
        if at.saturating_sub(self.shown.get()) < INTERVAL {
            return;
        }
        self.shown.set(at);
        if let Some(latest) = tally.latest() {
            self.counters.show(self.index, latest);
        }
    }

    /// The trial ends now: what is done after, such as adding up, is no part of it either.
    pub(crate) fn end(&self) {
        // Read inside the span that it is compared with, so that a thread is never busy for longer than that took.
        let busy = processor_time().saturating_sub(self.used.get());
        let elapsed = self.begin.get().elapsed();
        let mut tally = self.tally.borrow_mut();
        tally.elapsed = elapsed;
        tally.busiest = if elapsed.is_zero() { 0.0 } else { busy.as_secs_f64() / elapsed.as_secs_f64() };
    }
}

/// Sends a target's requests, one at a time, over a connection that it opens when there is none.
pub(crate) struct Worker {
    lane: Rc<Lane>,
    connection: Option<Connection>,
    deadline: Deadline,
    /// Receives the bodies that are looked at.
    body: BytesMut,
    sent: u64,
}

/// How a request ended, as its sender needs to know it.
pub(crate) struct Ended {
    /// Whether the target could be connected to.
    pub(crate) connected: bool,
    pub(crate) at: Instant,
}

/// What became of one request.
struct Exchange {
    /// When it was begun: sent, or else connected for.
    begin: Instant,
    /// When the request was sent over a connection that stood; `None` where it never was.
    sent: Option<Instant>,
    result: Result<Answer, Refused>,
}

impl Worker {
    pub(crate) fn new(lane: Rc<Lane>) -> Self {
        let deadline = Deadline::after(lane.timeout);
        Self { lane, connection: None, deadline, body: BytesMut::new(), sent: 0 }
    }

    /// Opens the connection ahead of the first request. A failure shows when the request tries again.
    pub(crate) async fn connect(&mut self) {
        if self.lane.connection == ConnectionUse::Fresh {
            return;
        }
        self.deadline.move_to(Instant::now() + self.lane.timeout);
        self.connection = self.obtain().await.ok();
    }

    /// Sends one request that was meant to be sent at `intended`, and records how it ended.
    pub(crate) async fn request(&mut self, intended: Instant) -> Result<Ended, LoadError> {
        let chosen = self.lane.chosen.replace(self.lane.chosen.get() + 1);
        let index = self.lane.target.next(chosen, &mut self.lane.random.borrow_mut());
        let looked_at = self.lane.target.looks_at(index, self.sent);
        self.sent += 1;
        let exchange = self.send(index, looked_at).await;
        let end = Instant::now();
        let late = exchange.begin.saturating_duration_since(intended) > LATE;
        let connected = !matches!(
            exchange.result,
            Err((FailureKind::Resolve | FailureKind::Connect | FailureKind::Tls, _))
        );
        let sent = if exchange.sent.is_some() { self.lane.target.bytes(index) } else { 0 };
        let received = exchange.result.as_ref().map_or(0, |answer| answer.bytes);
        let ending = self.ending(index, intended, exchange, end, looked_at);
        self.lane.counters.count(ending.failure.is_none());
        let mut tally = self.lane.tally.borrow_mut();
        tally.sent_bytes += sent;
        tally.received_bytes += received;
        tally.late_sends += u64::from(late);
        if self.lane.raw {
            tally.raw.push(ending.raw());
        }
        let at = ending.at;
        tally.count(ending)?;
        self.lane.show(at, &tally);
        Ok(Ended { connected, at: end })
    }

    /// Sends the request, once more where the connection had been closed while it was idle.
    async fn send(&mut self, index: usize, looked_at: bool) -> Exchange {
        let mut begin = None;
        loop {
            let kept = self.connection.is_some();
            if !kept && begin.is_none() {
                begin = Some(self.begin());
            }
            let mut connection = match self.obtain().await {
                Ok(connection) => connection,
                Err(refused) => {
                    let begin = begin.unwrap_or_else(Instant::now);
                    return Exchange { begin, sent: None, result: Err(refused) };
                }
            };
            let request = self.lane.target.request(index);
            let sent = if kept && begin.is_none() { self.begin() } else { Instant::now() };
            let begin = *begin.get_or_insert(sent);
            self.body.clear();
            let body = looked_at.then_some(&mut self.body);
            let exchange = connection.exchange(request, sent, self.lane.target.cold.as_ref(), body);
            let result = match within(&mut self.deadline, exchange).await {
                Some(Ok(answer)) => {
                    if self.lane.connection != ConnectionUse::Fresh && connection.is_open() {
                        self.connection = Some(connection);
                    }
                    Ok(answer)
                }
                Some(Err(Broken::Unsent(_))) if kept => continue,
                Some(Err(Broken::Unsent(reason) | Broken::Unanswered(reason))) => {
                    Err((FailureKind::Closed, reason))
                }
                None => Err(self.timeout()),
            };
            return Exchange { begin, sent: Some(sent), result };
        }
    }

    /// The time that is allowed begins now.
    fn begin(&mut self) -> Instant {
        let begin = Instant::now();
        self.deadline.move_to(begin + self.lane.timeout);
        begin
    }

    /// The connection that stands, or a new one.
    async fn obtain(&mut self) -> Result<Connection, Refused> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let begin = Instant::now();
        let open = Connection::open(&self.lane.connector, self.lane.connection == ConnectionUse::Http2);
        let Some(opened) = within(&mut self.deadline, open).await else { return Err(self.timeout()) };
        let connection = opened?;
        let mut tally = self.lane.tally.borrow_mut();
        tally.connections += 1;
        record(&mut tally.connect, begin.elapsed());
        Ok(connection)
    }

    fn timeout(&self) -> Refused {
        (FailureKind::Timeout, format!("no answer within {:?}", self.lane.timeout))
    }

    fn ending(
        &self,
        index: usize,
        intended: Instant,
        exchange: Exchange,
        end: Instant,
        looked_at: bool,
    ) -> Ending {
        let mut ending = Ending {
            latency: end.saturating_duration_since(intended),
            service: exchange.sent.map(|sent| end.saturating_duration_since(sent)),
            first_byte: None,
            status: None,
            failure: None,
            cold: false,
            at: end.saturating_duration_since(self.lane.begin.get()),
        };
        match exchange.result {
            Err((kind, reason)) => ending.failure = Some((kind, Some(reason))),
            Ok(answer) => {
                let target = &self.lane.target;
                ending.first_byte = Some(answer.first_byte);
                ending.status = Some(answer.status.as_u16());
                ending.cold = answer.cold;
                if !answer.status.is_success() {
                    ending.failure = Some((FailureKind::Status, None));
                } else if looked_at && (answer.cut || !target.accepts(index, &self.body)) {
                    ending.failure = Some((FailureKind::Body, Some(self.excerpt())));
                }
            }
        }
        ending
    }

    /// The begin of the body that was looked at.
    fn excerpt(&self) -> String {
        let begin = &self.body[..self.body.len().min(200)];
        format!("{:?} ({} bytes)", String::from_utf8_lossy(begin), self.body.len())
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
