//! The closed loop: each worker sends its next request when its last one has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::crew::Crew;
use crate::progress::INTERVAL;
use crate::worker::Worker;
use crate::{Limit, LoadError};

/// How long a worker waits after it could not connect, so that a target that is down is not asked in a busy loop.
const RECONNECT: Duration = Duration::from_millis(10);

/// What the workers of a turn share.
#[derive(Clone, Debug)]
struct Budget {
    /// Requests that may still be sent.
    left: Option<Arc<AtomicU64>>,
    until: Option<Instant>,
    shutdown: CancellationToken,
}

impl Budget {
    fn new(limit: Limit, shutdown: &CancellationToken) -> Self {
        let (left, until) = match limit {
            Limit::Requests(requests) => (Some(Arc::new(AtomicU64::new(requests))), None),
            Limit::Duration(duration) => (None, Some(Instant::now() + duration)),
        };
        Self { left, until, shutdown: shutdown.clone() }
    }

    /// Takes one request, or says that none is left.
    fn take(&self, now: Instant) -> bool {
        if self.shutdown.is_cancelled() || self.until.is_some_and(|until| now >= until) {
            return false;
        }
        self.left.as_ref().is_none_or(|left| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        })
    }
}

/// One turn of a target. Returns when every request that was begun has ended.
pub(crate) async fn turn(
    crew: &mut Crew,
    connections: u32,
    limit: Limit,
    shutdown: &CancellationToken,
    observe: impl Fn(&Crew),
) -> Result<(), LoadError> {
    let useful = match limit {
        Limit::Requests(requests) => connections.min(u32::try_from(requests).unwrap_or(u32::MAX)),
        Limit::Duration(_) => connections,
    };
    crew.prepare(useful, shutdown).await?;
    let budget = Budget::new(limit, shutdown);
    let begin = Instant::now();
    let mut busy = JoinSet::new();
    for worker in crew.idle.split_off(crew.idle.len().saturating_sub(useful as usize)) {
        busy.spawn(work(worker, budget.clone()));
    }
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            done = busy.join_next() => match done {
                Some(worker) => crew.idle.push(worker?),
                None => break,
            },
            _ = ticks.tick() => observe(crew),
        }
    }
    crew.outcome.elapsed += begin.elapsed();
    Ok(())
}

async fn work(mut worker: Worker, budget: Budget) -> Worker {
    let mut now = Instant::now();
    while budget.take(now) {
        if !worker.request(now).await {
            tokio::select! {
                () = sleep(RECONNECT) => {}
                () = budget.shutdown.cancelled() => {}
            }
        }
        now = Instant::now();
    }
    worker
}
