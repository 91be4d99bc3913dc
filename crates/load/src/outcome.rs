//! What came back.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::LoadError;

/// All that was measured of one target.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The target's name.
    pub name: String,
    /// Requests that ended, in an answer or in a failure.
    pub requests: u64,
    /// Answers with a 2xx status whose body, where it was looked at, was right.
    pub success: u64,
    /// Answers by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests that were no success, by what went wrong.
    pub failures: BTreeMap<FailureKind, u64>,
    /// Microseconds from the moment a request was meant to be sent to its end, for failures too. In a closed loop a
    /// request is meant to be sent when the last one has ended.
    pub latency: Histogram<u64>,
    /// Microseconds from the moment a request was really sent, on a connection that stood, to its end.
    pub service: Histogram<u64>,
    /// The time over which this target was sent to, the other targets' turns left out.
    pub elapsed: Duration,
    /// Connections that were opened.
    pub connections: u64,
    /// Requests of an open loop that were sent more than a millisecond after they were meant to.
    pub late_sends: u64,
    /// Requests of an open loop that were due and never sent, because no connection was free.
    pub dropped_sends: u64,
}

/// Why a request was no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// No connection could be opened, or TLS failed.
    Connect,
    /// The answer had not ended when the time was up.
    Timeout,
    /// The connection broke before the answer had ended.
    Closed,
    /// The status was not 2xx.
    Status,
    /// The body was not what the target's check accepts.
    Body,
}

impl Outcome {
    pub(crate) fn empty(name: &str) -> Result<Self, LoadError> {
        Ok(Self {
            name: name.to_owned(),
            requests: 0,
            success: 0,
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            latency: histogram()?,
            service: histogram()?,
            elapsed: Duration::ZERO,
            connections: 0,
            late_sends: 0,
            dropped_sends: 0,
        })
    }

    /// Adds what another part of the same target's load measured. `elapsed` is not added: parts may run side by side.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), LoadError> {
        self.requests += other.requests;
        self.success += other.success;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (kind, count) in &other.failures {
            *self.failures.entry(*kind).or_default() += count;
        }
        self.latency.add(&other.latency).map_err(|_| LoadError::Histogram)?;
        self.service.add(&other.service).map_err(|_| LoadError::Histogram)?;
        self.connections += other.connections;
        self.late_sends += other.late_sends;
        self.dropped_sends += other.dropped_sends;
        Ok(())
    }
}

/// Records a duration in whole microseconds. Where memory for so large a value cannot be had, the largest that fits counts.
pub(crate) fn record(histogram: &mut Histogram<u64>, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    if histogram.record(micros).is_err() {
        histogram.saturating_record(micros);
    }
}

/// Three significant digits, growing with what is recorded.
fn histogram() -> Result<Histogram<u64>, LoadError> {
    Histogram::new(3).map_err(|_| LoadError::Histogram)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn outcome(micros: &[u64]) -> Outcome {
        let mut outcome = Outcome::empty("t").unwrap();
        for value in micros {
            record(&mut outcome.latency, Duration::from_micros(*value));
            outcome.requests += 1;
            *outcome.statuses.entry(200 + u16::try_from(value % 3).unwrap()).or_default() += 1;
        }
        outcome
    }

    proptest! {
        #[test]
        fn merging_parts_is_measuring_the_whole(parts in vec(vec(0..100_000_000_u64, 0..60), 0..6)) {
            let mut merged = Outcome::empty("t").unwrap();
            for part in &parts {
                merged.merge(&outcome(part)).unwrap();
            }
            let all: Vec<u64> = parts.concat();
            let whole = outcome(&all);
            prop_assert_eq!(merged.requests, whole.requests);
            prop_assert_eq!(&merged.statuses, &whole.statuses);
            prop_assert_eq!(merged.latency, whole.latency);
        }

        #[test]
        fn percentiles_are_exact_to_three_digits(mut values in vec(1..100_000_000_u64, 1..200), percent in 1..=100_usize) {
            let histogram = outcome(&values).latency;
            values.sort_unstable();
            // A percentage times a count is rounded in binary, which can raise the rank by one.
            let rank = (values.len() * percent).div_ceil(100);
            let exact = [values[rank - 1], values[rank.min(values.len() - 1)]];
            #[expect(clippy::cast_precision_loss, reason = "a percentage")]
            let shown = histogram.value_at_quantile(percent as f64 / 100.0);
            let close = exact.iter().any(|exact| shown.abs_diff(*exact) * 1000 <= *exact);
            prop_assert!(close, "{} is not in {:?}", shown, exact);
        }
    }
}
