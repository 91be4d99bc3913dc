//! The percentiles that are reported of a histogram.

use hdrhistogram::Histogram;
use serde::Serialize;

/// Percentiles and moments in milliseconds; each is `null` in JSON where nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    pub p50: Option<f64>,
    pub p66: Option<f64>,
    pub p75: Option<f64>,
    pub p80: Option<f64>,
    pub p90: Option<f64>,
    pub p95: Option<f64>,
    pub p98: Option<f64>,
    pub p99: Option<f64>,
    pub p99_9: Option<f64>,
    pub max: Option<f64>,
    pub mean: Option<f64>,
    pub min: Option<f64>,
}

impl Quantiles {
    /// Reads a histogram of microseconds.
    #[must_use]
    pub fn of(micros: &Histogram<u64>) -> Self {
        let at = |quantile: f64| (!micros.is_empty()).then(|| millis(micros.value_at_quantile(quantile)));
        Self {
            p50: at(0.50),
            p66: at(0.66),
            p75: at(0.75),
            p80: at(0.80),
            p90: at(0.90),
            p95: at(0.95),
            p98: at(0.98),
            p99: at(0.99),
            p99_9: at(0.999),
            max: at(1.0),
            mean: (!micros.is_empty()).then(|| round(micros.mean() / 1000.0)),
            min: (!micros.is_empty()).then(|| millis(micros.min())),
        }
    }
}

/// Microseconds as milliseconds. The histogram keeps three digits, and any latency is far below 2^52 µs.
#[expect(clippy::cast_precision_loss, reason = "latencies stay far below 2^52 microseconds")]
fn millis(micros: u64) -> f64 {
    round(micros as f64 / 1000.0)
}

/// Whole microseconds: more digits would claim more than the clock tells.
fn round(millis: f64) -> f64 {
    (millis * 1000.0).round() / 1000.0
}
