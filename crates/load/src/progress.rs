//! What a run tells while it goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Tally;

/// How often progress is told during a turn.
pub(crate) const INTERVAL: Duration = Duration::from_millis(200);

/// How far a target has come; told several times a second and at the end of each of its turns.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'t> {
    /// The target whose turn it is.
    pub target: &'t str,
    /// The round, from 1.
    pub round: u32,
    pub rounds: u32,
    /// How many of the rounds, from the first, are warm-up.
    pub warm_up: u32,
    /// Requests of this target that ended, over all rounds.
    pub requests: u64,
    /// Those of them that were no success.
    pub failed: u64,
    /// As [`Tally::latency`], to two digits, of about the last second of a turn that goes on.
    pub latest: Option<&'t Histogram<u64>>,
    /// What the turn measured, where it has just ended; a run that is stopped ends its turn early.
    pub ended: Option<&'t Tally>,
}

/// Counts that all workers of a target add to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    ended: Arc<[AtomicU64; 2]>,
    /// What each thread showed last of its latencies.
    latest: Arc<Mutex<BTreeMap<u32, Histogram<u64>>>>,
}

impl Counters {
    pub(crate) fn count(&self, success: bool) {
        self.ended[0].fetch_add(1, Ordering::Relaxed);
        if !success {
            self.ended[1].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.ended[0].load(Ordering::Relaxed)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.ended[1].load(Ordering::Relaxed)
    }

    /// Shows a thread's latest latencies, in place of those before.
    pub(crate) fn show(&self, lane: u32, latest: Histogram<u64>) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, latest);
    }

    /// The latest latencies of all threads, which are forgotten, so that nobody sees them twice.
    pub(crate) fn take_latest(&self) -> Option<Histogram<u64>> {
        let shown = std::mem::take(&mut *self.latest.lock().unwrap_or_else(PoisonError::into_inner));
        shown.into_values().reduce(|mut all, one| {
            // Histograms of the same digits that grow by themselves can always be added.
            let _ = all.add(one);
            all
        })
    }
}
