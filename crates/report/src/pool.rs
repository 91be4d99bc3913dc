//! The latencies of several trials, to be put together in any mixture.

use std::collections::BTreeMap;

use crate::quantiles::Figure;
use crate::sample::Trial;

/// What the requests of several trials took, kept so that figures of any mixture of the trials are quick to compute.
#[derive(Debug)]
pub(crate) struct Pool {
    trials: usize,
    /// Each latency that occurred, in milliseconds, rising.
    values: Vec<f64>,
    /// How often it occurred in each trial: `trials` counts a value.
    counts: Vec<u64>,
}

impl Pool {
    pub(crate) fn of(trials: &[Trial]) -> Self {
        let mut rows: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (index, trial) in trials.iter().enumerate() {
            for step in trial.latency.iter_recorded() {
                let row = rows.entry(step.value_iterated_to()).or_insert_with(|| vec![0; trials.len()]);
                row[index] = step.count_since_last_iteration();
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "latencies stay far below 2^52 microseconds")]
        let values = rows.keys().map(|micros| *micros as f64 / 1000.0).collect();
        Self { trials: trials.len(), values, counts: rows.into_values().flatten().collect() }
    }

    pub(crate) fn trials(&self) -> usize {
        self.trials
    }

    /// Figures of a mixture in which the n-th trial stands as often as `weights` says. `None` where that is nothing.
    /// Quantiles must rise.
    pub(crate) fn figures(&self, weights: &[u64], figures: &[Figure]) -> Option<Vec<f64>> {
        let rows = self
            .counts
            .chunks_exact(self.trials.max(1))
            .map(|row| row.iter().zip(weights).map(|(count, weight)| count * weight).sum::<u64>());
        let counts: Vec<u64> = rows.collect();
        let whole: u64 = counts.iter().sum();
        let first = counts.iter().position(|count| *count > 0)?;
        let mut walk = Walk { counts: &counts, at: first, below: counts[first] };
        Some(
            figures
                .iter()
                .map(|figure| match figure {
                    Figure::Min => self.values[first],
                    Figure::Mean => self.mean(&counts, whole),
                    Figure::Quantile(quantile) => self.values[walk.to(rank(*quantile, whole))],
                })
                .collect(),
        )
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
    fn mean(&self, counts: &[u64], whole: u64) -> f64 {
        let sum: f64 = self.values.iter().zip(counts).map(|(value, count)| value * *count as f64).sum();
        sum / whole as f64
    }
}

/// A position in rising values that only moves on.
struct Walk<'c> {
    counts: &'c [u64],
    at: usize,
    /// How many values lie at or below it.
    below: u64,
}

impl Walk<'_> {
    fn to(&mut self, rank: u64) -> usize {
        while self.below < rank && self.at + 1 < self.counts.len() {
            self.at += 1;
            self.below += self.counts[self.at];
        }
        self.at
    }
}

/// The smallest rank, from 1, at which at least this share of the values has come.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "nobody sends 2^52 requests"
)]
fn rank(quantile: f64, whole: u64) -> u64 {
    ((quantile * whole as f64 - 1e-9).ceil() as u64).clamp(1, whole)
}
