//! What a run tells while it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
    /// What the turn measured, where it has just ended; a run that is stopped ends its turn early.
    pub ended: Option<&'t Tally>,
}

/// Counts that all workers of a target add to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters(Arc<[AtomicU64; 2]>);

impl Counters {
    pub(crate) fn count(&self, success: bool) {
        self.0[0].fetch_add(1, Ordering::Relaxed);
        if !success {
            self.0[1].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.0[0].load(Ordering::Relaxed)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.0[1].load(Ordering::Relaxed)
    }
}
