use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::invocation::{self, Outcome};
use super::records::Status;

/// The most of a log that an invocation returns.
const TAIL: usize = 4096;

/// An invocation in an environment.
pub(super) struct Running {
    pub(super) request_id: String,
    pub(super) started: Instant,
    pub(super) init: Option<Duration>,
    /// Taken by whoever answers first: the process, its end, or the timeout.
    pub(super) reply: Option<oneshot::Sender<Outcome>>,
    pub(super) taken: bool,
    pub(super) duration: Duration,
    pub(super) billed: Duration,
    pub(super) status: Status,
    pub(super) log: Option<(String, oneshot::Sender<String>)>,
    /// Held until the caller has its answer.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl Running {
    /// Tells the caller, once.
    pub(super) fn answer(&mut self, payload: Bytes, status: Status) {
        let Some(reply) = self.reply.take() else { return };
        self.duration = self.started.elapsed();
        // Initialisation is billed like the invocation that it was for.
        self.billed = invocation::billed(self.duration + self.init.unwrap_or_default());
        self.status = status;
        self.permit = None;
        let outcome = Outcome {
            payload,
            failed: status != Status::Success,
            duration: self.duration,
            billed: self.billed,
        };
        // The caller may have gone away.
        let _ = reply.send(outcome);
    }

    /// Moves everything out, leaving an invocation that is only a mark of the phase.
    pub(super) fn take_closed(&mut self) -> Self {
        Self {
            request_id: std::mem::take(&mut self.request_id),
            started: self.started,
            init: self.init,
            reply: self.reply.take(),
            taken: self.taken,
            duration: self.duration,
            billed: self.billed,
            status: self.status,
            log: self.log.take(),
            permit: self.permit.take(),
        }
    }
}

pub(super) fn append_tail(tail: &mut String, line: &str) {
    tail.push_str(line);
    tail.push('\n');
    if tail.len() > TAIL {
        let cut = (tail.len() - TAIL..tail.len()).find(|at| tail.is_char_boundary(*at));
        tail.drain(..cut.unwrap_or_default());
    }
}
