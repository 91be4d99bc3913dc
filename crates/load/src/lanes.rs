//! The generator's threads. Each drives its own connections and keeps its own statistics, so nothing is shared on the hot
//! path, and what is counted costs memory by thread instead of by connection.

use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{Barrier, oneshot};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

use crate::LoadError;
use crate::tally::Tally;

/// One of the threads, as its job sees it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// From 0.
    pub(crate) index: u32,
    /// How many threads there are.
    pub(crate) of: u32,
    start: Arc<Barrier>,
}

impl Place {
    /// This thread's part of a number of connections or users.
    pub(crate) fn share(&self, whole: u32) -> u32 {
        whole / self.of + u32::from(self.index < whole % self.of)
    }

    /// Returns when every thread is ready.
    pub(crate) async fn start(&self) {
        self.start.wait().await;
    }
}

/// As many threads as there are processors, and no more than there is work for.
pub(crate) fn count(connections: u32) -> u32 {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(processors).unwrap_or(u32::MAX).min(connections).max(1)
}

/// Runs a job on each of `of` threads and joins what they measured. Dropping the future ends the jobs.
pub(crate) async fn run<J, F>(of: u32, job: J) -> Result<Tally, LoadError>
where
    J: Fn(Place) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Tally, LoadError>>,
{
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    let start = Arc::new(Barrier::new(of as usize));
    let mut lanes = Vec::new();
    for index in 0..of {
        let (place, job, stop) = (Place { index, of, start: Arc::clone(&start) }, job.clone(), stop.clone());
        let (done, lane) = oneshot::channel();
        thread::Builder::new()
            .name(format!("load-{index}"))
            .spawn(move || {
                // Nobody listens any more where the run was dropped.
                let _ = done.send(lane_thread(place, job, &stop));
            })
            .map_err(LoadError::Thread)?;
        lanes.push(lane);
    }
    let mut whole = Tally::empty()?;
    for lane in lanes {
        whole.join(&lane.await.map_err(|_| LoadError::Broken)??)?;
    }
    Ok(whole)
}

fn lane_thread<J, F>(place: Place, job: J, stop: &CancellationToken) -> Result<Tally, LoadError>
where
    J: Fn(Place) -> F,
    F: Future<Output = Result<Tally, LoadError>>,
{
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LoadError::Thread)?;
    let tasks = LocalSet::new();
    let tally = runtime.block_on(tasks.run_until(async {
        tokio::select! {
            tally = job(place) => tally,
            () = stop.cancelled() => Err(LoadError::Broken),
        }
    }));
    // A name that is being resolved must not hold up the end.
    runtime.shutdown_background();
    tally
}

/// Processor time that the calling thread has used.
pub(crate) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
