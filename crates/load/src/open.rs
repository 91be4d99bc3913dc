//! The open loop: requests are sent when they are due, whatever became of the earlier ones.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::LoadError;
use crate::arrivals::Arrivals;
use crate::closed::connect;
use crate::lanes::Place;
use crate::pacer::Pacer;
use crate::worker::{LATE, Lane, Worker};

/// For how many seconds' worth of requests connections are opened before the first is sent; more follow on demand.
const PREPARED_SECONDS: f64 = 0.02;

/// What an open loop sends.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) arrivals: Arrivals,
    /// How many requests may be under way at once, over all threads.
    pub(crate) connections: u32,
    pub(crate) seed: u64,
}

/// One thread's part of a trial. Returns when every request that was sent has ended. Requests that wait for a free
/// connection when the time is up are sent for one more timeout, then dropped.
pub(crate) async fn work(
    lane: &Rc<Lane>,
    place: &Place,
    schedule: &Schedule,
    shutdown: &CancellationToken,
) -> Result<(), LoadError> {
    let most = place.share(schedule.connections);
    let idle = connect(lane, prepared(&schedule.arrivals, place).min(most), shutdown).await?;
    let hired = u32::try_from(idle.len()).unwrap_or(most);
    let pacer = Pacer::new().map_err(LoadError::Thread)?;
    place.start().await;
    let begin = lane.begin();
    let queue = Rc::new(RefCell::new(Queue { idle, waiting: VecDeque::new() }));
    let mut dispatch = Dispatch { lane, queue, hired, most, busy: JoinSet::new() };
    let (of, index) = (place.of as usize, place.index as usize);
    for offset in schedule.arrivals.due(schedule.seed).skip(index).step_by(of) {
        let at = begin + offset;
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            reached = pacer.until(at) => reached.map_err(LoadError::Thread)?,
        }
        dispatch.offer(at)?;
    }
    if !shutdown.is_cancelled() {
        // The last gap belongs to the trial too, so that its length and its rate are what the plan says.
        tokio::select! {
            () = shutdown.cancelled() => {}
            reached = pacer.until(begin + schedule.arrivals.duration()) => reached.map_err(LoadError::Thread)?,
        }
    }
    dispatch.drain(shutdown).await?;
    lane.end();
    Ok(())
}

/// Who is free, and what waits for somebody free.
struct Queue {
    /// The last one used on top, so that no more connections are kept busy than needed.
    idle: Vec<Worker>,
    waiting: VecDeque<Instant>,
}

struct Dispatch<'l> {
    lane: &'l Rc<Lane>,
    queue: Rc<RefCell<Queue>>,
    hired: u32,
    most: u32,
    busy: JoinSet<Result<(), LoadError>>,
}

impl Dispatch<'_> {
    /// Sends what is due, or lets it wait where everybody is busy.
    fn offer(&mut self, due: Instant) -> Result<(), LoadError> {
        if due.elapsed() > LATE {
            self.lane.tally.borrow_mut().lagged += 1;
        }
        while let Some(done) = self.busy.try_join_next() {
            done.map_err(|_| LoadError::Broken)??;
        }
        let free = self.queue.borrow_mut().idle.pop();
        let worker = match free {
            Some(worker) => worker,
            None if self.hired < self.most => {
                self.hired += 1;
                Worker::new(Rc::clone(self.lane))
            }
            None => {
                self.queue.borrow_mut().waiting.push_back(due);
                return Ok(());
            }
        };
        self.busy.spawn_local(send(worker, due, Rc::clone(&self.queue)));
        Ok(())
    }

    async fn drain(&mut self, shutdown: &CancellationToken) -> Result<(), LoadError> {
        let until = Instant::now() + self.lane.timeout;
        while !self.queue.borrow().waiting.is_empty() && !shutdown.is_cancelled() {
            tokio::select! {
                done = timeout_at(until, self.busy.join_next()) => match done {
                    Ok(Some(done)) => done.map_err(|_| LoadError::Broken)??,
                    Ok(None) | Err(_) => break,
                },
                () = shutdown.cancelled() => break,
            }
        }
        let dropped = std::mem::take(&mut self.queue.borrow_mut().waiting).len();
        self.lane.tally.borrow_mut().dropped_sends += dropped as u64;
        while let Some(done) = self.busy.join_next().await {
            done.map_err(|_| LoadError::Broken)??;
        }
        Ok(())
    }
}

/// Sends a request, and then whatever waits.
async fn send(mut worker: Worker, due: Instant, queue: Rc<RefCell<Queue>>) -> Result<(), LoadError> {
    let mut next = Some(due);
    while let Some(due) = next {
        worker.request(due).await?;
        next = queue.borrow_mut().waiting.pop_front();
    }
    queue.borrow_mut().idle.push(worker);
    Ok(())
}

/// A thread's connections that are opened before time is taken.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the type's range")]
fn prepared(arrivals: &Arrivals, place: &Place) -> u32 {
    let fastest = arrivals.steps.iter().map(|step| step.from.max(step.to)).fold(0.0, f64::max);
    let whole = (fastest * PREPARED_SECONDS).ceil().clamp(1.0, f64::from(u32::MAX)) as u32;
    place.share(whole)
}
