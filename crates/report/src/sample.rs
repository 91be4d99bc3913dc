//! What was measured, before anything is computed from it.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::counts;

/// Where the requests went; it decides what may be concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The embedded cloud: the figures are this machine's.
    EmbeddedCloud,
    /// AWS, or whatever is behind an endpoint of the user's choice.
    Endpoint,
    /// Addresses that somebody else deployed; nothing is known of what is behind them.
    Address,
}

/// All that was measured of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The variant's id.
    pub variant: String,
    /// The workload it serves; only variants of one workload are compared.
    pub workload: String,
    /// One a trial. The trials of all variants of a run are in the same order: the n-th were measured in the same round.
    pub trials: Vec<Trial>,
    /// One a round before the trials; they count in no figure.
    #[serde(default)]
    pub warm_up: Vec<Trial>,
    /// Why the load generator rather than the variant was measured; empty where it was not.
    #[serde(default)]
    pub doubts: Vec<String>,
}

/// What was measured in one trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Requests that ended, in an answer or in a failure.
    pub requests: u64,
    /// Requests with the answer that the workload asks for.
    pub success: u64,
    /// The time over which this variant was measured.
    #[serde(with = "seconds")]
    pub elapsed: Duration,
    /// Answers by HTTP status; a request without an answer is in none.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests that were no success, by what went wrong.
    #[serde(default)]
    pub failures: BTreeMap<String, u64>,
    /// What the first failure of each kind said.
    #[serde(default)]
    pub examples: BTreeMap<String, String>,
    /// Microseconds from the moment a request was meant to start to its end.
    #[serde(with = "counts")]
    pub latency: Histogram<u64>,
    /// Microseconds from the moment a request was really sent to its end.
    #[serde(with = "counts")]
    pub service: Histogram<u64>,
    /// The part of `latency` that environments answered which had just been started.
    #[serde(with = "counts")]
    pub cold: Histogram<u64>,
    /// What ended in each second.
    #[serde(default)]
    pub seconds: Vec<Second>,
    /// Requests that the generator sent later than it meant to.
    pub late_sends: u64,
    /// Requests that the generator never sent.
    pub dropped_sends: u64,
}

/// What ended in one second of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Second {
    pub requests: u64,
    pub failed: u64,
    /// Answers of environments that had just been started.
    #[serde(default)]
    pub cold: u64,
    /// Milliseconds; `None` where nothing ended.
    pub p50: Option<f64>,
    pub p99: Option<f64>,
}

impl Sample {
    /// All trials together. `None` where there is none.
    #[must_use]
    pub fn total(&self) -> Option<Trial> {
        let (first, others) = self.trials.split_first()?;
        let mut total = first.clone();
        for trial in others {
            total.append(trial);
        }
        Some(total)
    }
}

impl Trial {
    /// `latency` without what was cold.
    pub(crate) fn warm(&self) -> Histogram<u64> {
        let mut warm = self.latency.clone();
        if warm.subtract(&self.cold).is_err() {
            // Only a file that was changed by hand counts more cold requests than requests.
            warm.clone_from(&self.latency);
        }
        warm
    }

    fn append(&mut self, other: &Self) {
        self.requests += other.requests;
        self.success += other.success;
        self.elapsed += other.elapsed;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (kind, count) in &other.failures {
            *self.failures.entry(kind.clone()).or_default() += count;
        }
        for (kind, example) in &other.examples {
            self.examples.entry(kind.clone()).or_insert_with(|| example.clone());
        }
        for (own, others) in [
            (&mut self.latency, &other.latency),
            (&mut self.service, &other.service),
            (&mut self.cold, &other.cold),
        ] {
            counts::add(own, others);
        }
        self.seconds.extend(other.seconds.iter().cloned());
        self.late_sends += other.late_sends;
        self.dropped_sends += other.dropped_sends;
    }
}

/// Durations as seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}
