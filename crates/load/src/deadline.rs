//! A timeout that costs nothing while it is not reached.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A moment that moves on with every request. The timer behind it is set anew only when it fires too early, so that a
/// request that ends in time never touches it.
#[derive(Debug)]
pub(crate) struct Deadline {
    at: Instant,
    sleep: Pin<Box<Sleep>>,
    /// Whom the timer wakes.
    waker: Option<Waker>,
}

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        let at = Instant::now() + timeout;
        Self { at, sleep: Box::pin(sleep_until(at)), waker: None }
    }

    /// Moves the deadline; it may only move on.
    pub(crate) fn move_to(&mut self, at: Instant) {
        self.at = at;
    }

    /// Ready once the moment has passed.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if known && !self.sleep.is_elapsed() {
            return Poll::Pending;
        }
        self.waker = Some(context.waker().clone());
        while self.sleep.as_mut().poll(context).is_ready() {
            if Instant::now() >= self.at {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(self.at);
        }
        Poll::Pending
    }
}
