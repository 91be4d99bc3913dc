//! What may be said about several variants that were measured side by side.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::table;
use crate::{Origin, Quantiles, Sample};

/// The figures of several variants, and whether they may be compared.
///
/// As JSON: `{"comparable", "reasons", "results": [{"variant", "requests", "success", "rate", "latency_ms": {"p50", …},
/// "service_ms": {…}, "statuses": {"200": n}, "late_sends", "dropped_sends"}]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Whether every variant did the same work and was asked in the same way.
    pub comparable: bool,
    /// Why not, one sentence each.
    pub reasons: Vec<String>,
    /// One entry a variant, in the order given.
    pub results: Vec<Measured>,
}

/// The figures of one variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    pub variant: String,
    #[serde(skip)]
    pub workload: String,
    /// Requests that ended, in an answer or in a failure.
    pub requests: u64,
    /// Requests with the answer that the workload asks for.
    pub success: u64,
    /// Requests that ended per second of measuring.
    pub rate: f64,
    /// From the moment a request was meant to start. Failures count too.
    pub latency_ms: Quantiles,
    /// From the moment a request was really sent. Failures count too.
    pub service_ms: Quantiles,
    /// Answers by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    pub late_sends: u64,
    pub dropped_sends: u64,
}

impl Comparison {
    /// Computes the figures. `reasons` say why the variants must not be compared, such as a check that found them unequal;
    /// variants of which nothing was measured, and requests that were never sent, add to them.
    #[must_use]
    pub fn new(samples: &[Sample], mut reasons: Vec<String>) -> Self {
        for sample in samples {
            if sample.requests == 0 {
                reasons.push(format!("{}: no request ended", sample.variant));
            }
            if sample.dropped_sends > 0 {
                reasons
                    .push(format!("{}: {} requests were never sent", sample.variant, sample.dropped_sends));
            }
        }
        let results = samples.iter().map(Measured::of).collect();
        Self { comparable: reasons.is_empty(), reasons, results }
    }

    /// One table a workload, then what may be concluded. Variants lose the workload's prefix, which heads the table.
    #[must_use]
    pub fn text(&self, origin: Origin) -> String {
        table::render(self, origin)
    }
}

impl Measured {
    fn of(sample: &Sample) -> Self {
        Self {
            variant: sample.variant.clone(),
            workload: sample.workload.clone(),
            requests: sample.requests,
            success: sample.success,
            rate: rate(sample),
            latency_ms: Quantiles::of(&sample.latency),
            service_ms: Quantiles::of(&sample.service),
            statuses: sample.statuses.clone(),
            late_sends: sample.late_sends,
            dropped_sends: sample.dropped_sends,
        }
    }
}

/// Requests per second, to a tenth; 0 where no time passed.
#[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
fn rate(sample: &Sample) -> f64 {
    let seconds = sample.elapsed.as_secs_f64();
    if seconds > 0.0 { (sample.requests as f64 / seconds * 10.0).round() / 10.0 } else { 0.0 }
}
