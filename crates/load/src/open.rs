//! The open loop: requests are sent at a constant rate, whatever became of the earlier ones.

use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::LoadError;
use crate::crew::Crew;
use crate::progress::INTERVAL;
use crate::worker::Worker;

/// For how many seconds' worth of requests connections are opened before the first is sent; more follow on demand.
const PREPARED_SECONDS: f64 = 0.02;
/// The longest sleep of the clock, so that it notices soon that nobody listens any more.
const NAP: Duration = Duration::from_millis(20);

/// When the requests of a turn are due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// Requests per second, above zero.
    pub(crate) per_second: f64,
    pub(crate) duration: Duration,
    /// How long a request may take.
    pub(crate) timeout: Duration,
}

/// One turn of a target. Returns when every request that was sent has ended. Requests that wait for a free connection when
/// the time is up are sent for one more timeout, then dropped.
pub(crate) async fn turn(
    crew: &mut Crew,
    schedule: Schedule,
    shutdown: &CancellationToken,
    observe: impl Fn(&Crew),
) -> Result<(), LoadError> {
    crew.prepare(prepared(schedule.per_second), shutdown).await?;
    let begin = Instant::now();
    let (due, mut dues) = unbounded_channel();
    let clock = spawn_blocking(move || keep_time(begin, schedule, &due));
    let mut dispatch = Dispatch { crew, busy: JoinSet::new(), waiting: VecDeque::new() };
    dispatch.send_due(&mut dues, shutdown, observe).await?;
    drop(dues);
    dispatch.drain(Instant::now() + schedule.timeout, shutdown).await?;
    clock.await?;
    let least = if shutdown.is_cancelled() { Duration::ZERO } else { schedule.duration };
    crew.outcome.elapsed += begin.elapsed().max(least);
    Ok(())
}

/// Who is sending, and what waits for a free worker.
struct Dispatch<'c> {
    crew: &'c mut Crew,
    busy: JoinSet<Worker>,
    waiting: VecDeque<Instant>,
}

impl Dispatch<'_> {
    /// Sends until the clock ends or the run is to stop.
    async fn send_due(
        &mut self,
        dues: &mut UnboundedReceiver<Instant>,
        shutdown: &CancellationToken,
        observe: impl Fn(&Crew),
    ) -> Result<(), LoadError> {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                due = dues.recv() => match due {
                    Some(due) => self.offer(due)?,
                    None => return Ok(()),
                },
                Some(worker) = self.busy.join_next() => self.release(worker?),
                _ = ticks.tick() => observe(self.crew),
                () = shutdown.cancelled() => return Ok(()),
            }
        }
    }

    /// Waits for what is under way. What still waits for a worker at `until` is dropped.
    async fn drain(&mut self, until: Instant, shutdown: &CancellationToken) -> Result<(), LoadError> {
        while !self.waiting.is_empty() && !shutdown.is_cancelled() {
            match timeout_at(until, self.busy.join_next()).await {
                Ok(Some(worker)) => self.release(worker?),
                Ok(None) | Err(_) => break,
            }
        }
        self.crew.outcome.dropped_sends += self.waiting.len() as u64;
        self.waiting.clear();
        while let Some(worker) = self.busy.join_next().await {
            self.release(worker?);
        }
        Ok(())
    }

    fn offer(&mut self, due: Instant) -> Result<(), LoadError> {
        match self.crew.take()? {
            Some(worker) => self.send(worker, due),
            None => self.waiting.push_back(due),
        }
        Ok(())
    }

    fn release(&mut self, worker: Worker) {
        match self.waiting.pop_front() {
            Some(due) => self.send(worker, due),
            None => self.crew.idle.push(worker),
        }
    }

    fn send(&mut self, mut worker: Worker, due: Instant) {
        self.busy.spawn(async move {
            worker.request(due).await;
            worker
        });
    }
}

/// Says when each request is due, on a thread of its own: a thread sleeps to some 50 µs, the runtime's timer to 1 ms.
fn keep_time(begin: Instant, schedule: Schedule, due: &UnboundedSender<Instant>) {
    let mut index = 0.0;
    loop {
        let offset = index / schedule.per_second;
        if offset >= schedule.duration.as_secs_f64() {
            return;
        }
        let at = begin + Duration::from_secs_f64(offset);
        loop {
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if due.is_closed() {
                return;
            }
            thread::sleep(left.min(NAP));
        }
        if due.send(at).is_err() {
            return;
        }
        index += 1.0;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the type's range")]
fn prepared(per_second: f64) -> u32 {
    (per_second * PREPARED_SECONDS).ceil().clamp(1.0, f64::from(u32::MAX)) as u32
}
