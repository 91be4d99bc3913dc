//! What came back.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::LoadError;

/// All that was measured of one target in one trial, or in several.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Requests that ended, in an answer or in a failure.
    pub requests: u64,
    /// Answers with a 2xx status whose body, where it was looked at, was right.
    pub success: u64,
    /// Answers by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests that were no success, by what went wrong.
    pub failures: BTreeMap<FailureKind, u64>,
    /// What the first failure of each kind said.
    pub examples: BTreeMap<FailureKind, String>,
    /// Microseconds from the moment a request was meant to be sent to its end, for failures too. In a closed loop a
    /// request is meant to be sent when the last one has ended and the user has thought.
    pub latency: Histogram<u64>,
    /// Microseconds from the moment a request was really sent, on a connection that stood, to its end.
    pub service: Histogram<u64>,
    /// Microseconds from the moment a request was really sent to the first byte of its answer.
    pub first_byte: Histogram<u64>,
    /// Microseconds that it took to open a connection, TLS included.
    pub connect: Histogram<u64>,
    /// The part of `latency` that was answered by an environment that had just been started, by the answer's own word.
    pub cold: Histogram<u64>,
    /// What ended in each second of the trial.
    pub seconds: Vec<Second>,
    /// Each request by itself, where the plan asks for that; in no order.
    pub raw: Vec<Raw>,
    /// The time over which this target was sent to, the other targets' turns left out.
    pub elapsed: Duration,
    /// Processor time that the generator's threads used, all together.
    pub cpu: Duration,
    /// The largest share of its time that one of the generator's threads was busy, from 0 to 1.
    pub busiest: f64,
    /// Connections that were opened.
    pub connections: u64,
    /// Bytes of requests that were sent, heads included as HTTP/1.1 writes them; TLS and signatures are left out.
    pub sent_bytes: u64,
    /// Bytes of answers, as [`Tally::sent_bytes`]; transfer encodings are left out.
    pub received_bytes: u64,
    /// Requests of an open loop that were sent more than a millisecond after they were meant to.
    pub late_sends: u64,
    /// Those of them that were late by the fault of the generator, not for want of a free connection.
    pub lagged: u64,
    /// Requests of an open loop that were due and never sent, because no connection was free.
    pub dropped_sends: u64,
}

/// What ended in one second.
#[derive(Clone, Debug)]
pub struct Second {
    pub requests: u64,
    /// Those of them that were no success.
    pub failed: u64,
    /// Those of them that an environment answered which had just been started.
    pub cold: u64,
    /// As [`Tally::latency`], to two digits.
    pub latency: Histogram<u64>,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw {
    /// When it ended, since the trial began.
    pub at: Duration,
    /// As [`Tally::latency`].
    pub latency: Duration,
    /// As [`Tally::service`]; `None` where it was never sent.
    pub service: Option<Duration>,
    /// As [`Tally::first_byte`]; `None` where there was no answer.
    pub first_byte: Option<Duration>,
    pub status: Option<u16>,
    pub failure: Option<FailureKind>,
    /// Whether an environment that had just been started answered, by the answer's own word.
    pub cold: bool,
}

/// Why a request was no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The host's name leads nowhere.
    Resolve,
    /// No connection could be opened.
    Connect,
    /// The other side's certificate was refused, or TLS failed otherwise.
    Tls,
    /// The answer had not ended when the time was up.
    Timeout,
    /// The connection broke before the answer had ended.
    Closed,
    /// The status was not 2xx.
    Status,
    /// The body was not what the target's check accepts.
    Body,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Status => "status",
            Self::Body => "body",
        })
    }
}

/// How one request ended.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// From the moment it was meant to be sent.
    pub(crate) latency: Duration,
    /// From the moment it was sent, if it was.
    pub(crate) service: Option<Duration>,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) status: Option<u16>,
    pub(crate) failure: Option<(FailureKind, Option<String>)>,
    pub(crate) cold: bool,
    /// Since the trial began.
    pub(crate) at: Duration,
}

impl Ending {
    pub(crate) fn raw(&self) -> Raw {
        Raw {
            at: self.at,
            latency: self.latency,
            service: self.service,
            first_byte: self.first_byte,
            status: self.status,
            failure: self.failure.as_ref().map(|(kind, _)| *kind),
            cold: self.cold,
        }
    }
}

impl Tally {
    pub(crate) fn empty() -> Result<Self, LoadError> {
        Ok(Self {
            requests: 0,
            success: 0,
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            examples: BTreeMap::new(),
            latency: histogram(3)?,
            service: histogram(3)?,
            first_byte: histogram(3)?,
            connect: histogram(3)?,
            cold: histogram(3)?,
            seconds: Vec::new(),
            raw: Vec::new(),
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
            busiest: 0.0,
            connections: 0,
            sent_bytes: 0,
            received_bytes: 0,
            late_sends: 0,
            lagged: 0,
            dropped_sends: 0,
        })
    }

    pub(crate) fn count(&mut self, ending: Ending) -> Result<(), LoadError> {
        self.requests += 1;
        if let Some(status) = ending.status {
            *self.statuses.entry(status).or_default() += 1;
        }
        let failed = ending.failure.is_some();
        match ending.failure {
            None => self.success += 1,
            Some((kind, example)) => {
                *self.failures.entry(kind).or_default() += 1;
                if let Some(example) = example {
                    self.examples.entry(kind).or_insert(example);
                }
            }
        }
        record(&mut self.latency, ending.latency);
        if ending.cold {
            record(&mut self.cold, ending.latency);
        }
        if let Some(service) = ending.service {
            record(&mut self.service, service);
        }
        if let Some(first_byte) = ending.first_byte {
            record(&mut self.first_byte, first_byte);
        }
        let index = usize::try_from(ending.at.as_secs()).unwrap_or(usize::MAX);
        while self.seconds.len() <= index {
            self.seconds.push(Second::empty()?);
        }
        let second = &mut self.seconds[index];
        second.requests += 1;
        second.failed += u64::from(failed);
        second.cold += u64::from(ending.cold);
        record(&mut second.latency, ending.latency);
        Ok(())
    }

    /// The latencies of the second that goes on and of the one before.
    pub(crate) fn latest(&self) -> Option<Histogram<u64>> {
        let mut seconds = self.seconds.iter().rev();
        let mut latest = seconds.next()?.latency.clone();
        if let Some(before) = seconds.next() {
            // Both grow by themselves, so that adding cannot fail.
            let _ = latest.add(&before.latency);
        }
        Some(latest)
    }

    /// Adds what another part of the same trial measured at the same time. `elapsed` is the longer of both.
    pub(crate) fn join(&mut self, other: &Self) -> Result<(), LoadError> {
        let elapsed = self.elapsed.max(other.elapsed);
        self.add(other)?;
        for (index, second) in other.seconds.iter().enumerate() {
            match self.seconds.get_mut(index) {
                Some(own) => own.add(second)?,
                None => self.seconds.push(second.clone()),
            }
        }
        self.elapsed = elapsed;
        Ok(())
    }

    /// Adds what another trial of the same target measured. Its seconds come after those that are there.
    pub(crate) fn append(&mut self, other: &Self) -> Result<(), LoadError> {
        self.add(other)?;
        self.seconds.extend(other.seconds.iter().cloned());
        Ok(())
    }

    fn add(&mut self, other: &Self) -> Result<(), LoadError> {
        self.requests += other.requests;
        self.success += other.success;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (kind, count) in &other.failures {
            *self.failures.entry(*kind).or_default() += count;
        }
        for (kind, example) in &other.examples {
            self.examples.entry(*kind).or_insert_with(|| example.clone());
        }
        for (own, others) in [
            (&mut self.latency, &other.latency),
            (&mut self.service, &other.service),
            (&mut self.first_byte, &other.first_byte),
            (&mut self.connect, &other.connect),
            (&mut self.cold, &other.cold),
        ] {
            own.add(others).map_err(|_| LoadError::Histogram)?;
        }
        self.raw.extend_from_slice(&other.raw);
        self.elapsed += other.elapsed;
        self.cpu += other.cpu;
        self.busiest = self.busiest.max(other.busiest);
        self.connections += other.connections;
        self.sent_bytes += other.sent_bytes;
        self.received_bytes += other.received_bytes;
        self.late_sends += other.late_sends;
        self.lagged += other.lagged;
        self.dropped_sends += other.dropped_sends;
        Ok(())
    }
}

impl Second {
    fn empty() -> Result<Self, LoadError> {
        Ok(Self { requests: 0, failed: 0, cold: 0, latency: histogram(2)? })
    }

    fn add(&mut self, other: &Self) -> Result<(), LoadError> {
        self.requests += other.requests;
        self.failed += other.failed;
        self.cold += other.cold;
        self.latency.add(&other.latency).map_err(|_| LoadError::Histogram)
    }
}

/// Records a duration in whole microseconds. Where memory for so large a value cannot be had, the largest that fits counts.
pub(crate) fn record(histogram: &mut Histogram<u64>, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    if histogram.record(micros).is_err() {
        histogram.saturating_record(micros);
    }
}

/// A number of significant digits, growing with what is recorded.
fn histogram(digits: u8) -> Result<Histogram<u64>, LoadError> {
    Histogram::new(digits).map_err(|_| LoadError::Histogram)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn ending(micros: u64) -> Ending {
        Ending {
            latency: Duration::from_micros(micros),
            service: Some(Duration::from_micros(micros / 2)),
            first_byte: None,
            status: Some(200 + u16::try_from(micros % 3).unwrap()),
            failure: micros.is_multiple_of(5).then(|| (FailureKind::Body, Some(micros.to_string()))),
            cold: micros.is_multiple_of(7),
            at: Duration::from_micros(micros),
        }
    }

    fn tally(micros: &[u64]) -> Tally {
        let mut tally = Tally::empty().unwrap();
        for value in micros {
            tally.count(ending(*value)).unwrap();
        }
        tally
    }

    proptest! {
        #[test]
        fn joining_parts_is_measuring_the_whole(parts in vec(vec(0..10_000_000_u64, 0..60), 0..6)) {
            let mut joined = Tally::empty().unwrap();
            for part in &parts {
                joined.join(&tally(part)).unwrap();
            }
            let all: Vec<u64> = parts.concat();
            let whole = tally(&all);
            prop_assert_eq!((joined.requests, joined.success), (whole.requests, whole.success));
            prop_assert_eq!(&joined.statuses, &whole.statuses);
            prop_assert_eq!(&joined.failures, &whole.failures);
            prop_assert_eq!(&joined.latency, &whole.latency);
            prop_assert_eq!(&joined.cold, &whole.cold);
            prop_assert_eq!(joined.seconds.len(), whole.seconds.len());
            for (own, others) in joined.seconds.iter().zip(&whole.seconds) {
                prop_assert_eq!((own.requests, own.failed, own.cold), (others.requests, others.failed, others.cold));
                prop_assert_eq!(&own.latency, &others.latency);
            }
        }

        #[test]
        fn percentiles_are_exact_to_three_digits(mut values in vec(1..100_000_000_u64, 1..200), percent in 1..=100_usize) {
            let mut histogram = histogram(3).unwrap();
            for value in &values {
                record(&mut histogram, Duration::from_micros(*value));
            }
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
