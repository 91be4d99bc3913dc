//! The closed loop: each worker sends its next request when its last one has ended, and has been thought about.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::Rng;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::lanes::Place;
use crate::worker::{Lane, Worker};
use crate::{Limit, LoadError, Think};

/// How long a worker waits after it could not connect, so that a target that is down is not asked in a busy loop.
const RECONNECT: Duration = Duration::from_millis(10);

/// What the workers of a trial share.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// Requests that may still be sent.
    left: Option<Arc<AtomicU64>>,
    duration: Option<Duration>,
    /// Set when the last request was taken or the run is to stop.
    over: CancellationToken,
}

impl Budget {
    pub(crate) fn new(limit: Limit, shutdown: &CancellationToken) -> Self {
        let over = shutdown.child_token();
        match limit {
            Limit::Requests(requests) => {
                Self { left: Some(Arc::new(AtomicU64::new(requests))), duration: None, over }
            }
            Limit::Duration(duration) => Self { left: None, duration: Some(duration), over },
        }
    }

    /// Takes one request, or says that none is left.
    fn take(&self, now: Instant, begin: Instant) -> bool {
        if self.duration.is_some_and(|duration| now >= begin + duration) {
            return false;
        }
        let Some(left) = &self.left else { return true };
        let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if before == Ok(1) {
            self.over.cancel();
        }
        before.is_ok()
    }

    /// Waits, unless the trial ends before.
    async fn pause(&self, pause: Duration, begin: Instant) {
        let left = self.duration.map(|duration| (begin + duration).saturating_duration_since(Instant::now()));
        tokio::select! {
            () = sleep(left.map_or(pause, |left| left.min(pause))) => {}
            () = self.over.cancelled() => {}
        }
    }
}

/// One thread's part of a trial. Returns when every request that was begun has ended.
pub(crate) async fn work(
    lane: &Rc<Lane>,
    place: &Place,
    workers: u32,
    think: Option<Think>,
    budget: &Budget,
) -> Result<(), LoadError> {
    let workers = connect(lane, place.share(workers), &budget.over).await?;
    place.start().await;
    lane.begin();
    // Asking the token takes a lock that all threads share; a flag that is set once costs nothing to ask.
    let over = Rc::new(Cell::new(budget.over.is_cancelled()));
    let mut watch = JoinSet::new();
    watch.spawn_local({
        let (cancelled, over) = (budget.over.clone().cancelled_owned(), Rc::clone(&over));
        async move {
            cancelled.await;
            over.set(true);
        }
    });
    let mut busy = JoinSet::new();
    for worker in workers {
        busy.spawn_local(send(Rc::clone(lane), worker, think, budget.clone(), Rc::clone(&over)));
    }
    while let Some(done) = busy.join_next().await {
        done.map_err(|_| LoadError::Broken)??;
    }
    lane.end();
    Ok(())
}

/// Opens connections side by side, before any time is taken.
pub(crate) async fn connect(
    lane: &Rc<Lane>,
    count: u32,
    over: &CancellationToken,
) -> Result<Vec<Worker>, LoadError> {
    let mut connecting = JoinSet::new();
    for _ in 0..count {
        let (mut worker, over) = (Worker::new(Rc::clone(lane)), over.clone());
        connecting.spawn_local(async move {
            tokio::select! {
                () = worker.connect() => {}
                () = over.cancelled() => {}
            }
            worker
        });
    }
    let mut workers = Vec::new();
    while let Some(worker) = connecting.join_next().await {
        workers.push(worker.map_err(|_| LoadError::Broken)?);
    }
    Ok(workers)
}

async fn send(
    lane: Rc<Lane>,
    mut worker: Worker,
    think: Option<Think>,
    budget: Budget,
    over: Rc<Cell<bool>>,
) -> Result<(), LoadError> {
    let begin = lane.begin.get();
    if let Some(think) = think {
        // People who arrive together would ask together for ever.
        let first = Think { least: Duration::ZERO, ..think };
        budget.pause(draw(&lane, first), begin).await;
    }
    let mut now = Instant::now();
    while !over.get() && budget.take(now, begin) {
        let ended = worker.request(now).await?;
        now = ended.at;
        if !ended.connected {
            budget.pause(RECONNECT, begin).await;
            now = Instant::now();
        }
        if let Some(think) = think {
            budget.pause(draw(&lane, think), begin).await;
            now = Instant::now();
        }
    }
    Ok(())
}

fn draw(lane: &Lane, think: Think) -> Duration {
    lane.random.borrow_mut().random_range(think.least..=think.most)
}
