//! What a load generator says of a server, and how far two may be apart.

use std::time::Duration;

use hdrhistogram::Histogram;
use load::Tally;

/// How far rates may be apart, as a share.
const RATE: f64 = 0.05;
/// How far percentiles may be apart, as a share, where that is more than [`WAKING`].
const LATENCY: f64 = 0.15;
/// What programs may differ in by when the machine wakes them up, in milliseconds: it has two cores, and others may use them.
pub const WAKING: f64 = 2.0;

/// What one of them says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    pub requests: u64,
    /// Requests a second.
    pub rate: f64,
    /// Milliseconds, as the two below.
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
}

impl Figures {
    /// Ours, with latencies in microseconds.
    pub fn of(tally: &Tally, latency: &Histogram<u64>) -> Figures {
        let millis =
            |quantile| Duration::from_micros(latency.value_at_quantile(quantile)).as_secs_f64() * 1000.0;
        let requests = tally.requests;
        let rate = float(requests) / tally.elapsed.as_secs_f64();
        Figures { requests, rate, p50: millis(0.5), p90: millis(0.9), p99: millis(0.99) }
    }

    /// Says in what two differ by more than the bounds.
    pub fn agrees_with(&self, other: &Figures) -> Result<(), String> {
        // A NaN is within nothing.
        if (self.rate - other.rate).abs() <= RATE * other.rate {
            return self.percentiles_agree(other);
        }
        Err(format!("rate {:.1} and {:.1} a second: {self:?}, {other:?}", self.rate, other.rate))
    }

    /// Says in which percentile two differ by more than the bounds.
    pub fn percentiles_agree(&self, other: &Figures) -> Result<(), String> {
        let pairs =
            [("p50", self.p50, other.p50), ("p90", self.p90, other.p90), ("p99", self.p99, other.p99)];
        let agree = |own: f64, other: f64| (own - other).abs() <= (LATENCY * other).max(WAKING);
        match pairs.into_iter().find(|(_, own, other)| !agree(*own, *other)) {
            None => Ok(()),
            Some((name, one, two)) => Err(format!("{name} {one:.2} and {two:.2} ms: {self:?}, {other:?}")),
        }
    }
}

/// A count that is small enough to be exact.
pub fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
