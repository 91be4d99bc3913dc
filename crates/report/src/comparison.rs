//! What may be said about several variants that were measured side by side.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::quantiles::Figure;
use crate::sample::Trial;
use crate::table;
use crate::{Difference, Interval, Intervals, Origin, Quantiles, Reason, Sample};

/// The figures of several variants, and whether they may be compared.
///
/// As JSON: `{"comparable", "reasons", "results": [{"variant", "requests", "success", "rate", "latency_ms": {"p50", …},
/// "service_ms": {…}, "statuses": {"200": n}, "late_sends", "dropped_sends"}]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Whether every variant did the same work and was asked in the same way.
    pub comparable: bool,
    /// Why not, one sentence each.
    pub reasons: Vec<Reason>,
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
    /// Success as a share of all requests, from 0 to 1, with 95 % confidence; `None` with fewer than two trials.
    #[serde(skip)]
    pub success_95: Option<Interval>,
    #[serde(skip)]
    pub rate_95: Option<Interval>,
    /// Each status as a share of all requests.
    #[serde(skip)]
    pub statuses_95: BTreeMap<u16, Option<Interval>>,
    /// The part of `latency_ms` that environments answered which had just been started, with the number of requests.
    #[serde(skip)]
    pub cold_ms: (u64, Quantiles),
    /// The rest of `latency_ms`.
    #[serde(skip)]
    pub warm_ms: (u64, Quantiles),
    /// Requests that were no success, by what went wrong, and what the first of them said.
    #[serde(skip)]
    pub failures: BTreeMap<String, (u64, Option<String>)>,
    /// How sure the trials make the latencies.
    #[serde(skip)]
    pub latency_95: Intervals,
    /// How much slower it is than the variant of its workload with the lowest median; `None` for that one, and where
    /// nothing was answered.
    #[serde(skip)]
    pub slower: Option<Difference>,
}

impl Comparison {
    /// Computes the figures. `reasons` say why the variants must not be compared, such as a check that found them unequal;
    /// variants of which nothing was measured, and requests that were never sent, add to them.
    #[must_use]
    pub fn new<S: Borrow<Sample>>(samples: &[S], mut reasons: Vec<Reason>) -> Self {
        let samples: Vec<&Sample> = samples.iter().map(Borrow::borrow).collect();
        for sample in &samples {
            let total = sample.total();
            if total.as_ref().is_none_or(|total| total.requests == 0) {
                reasons.push(Reason::new(&sample.variant, "no request ended"));
            }
            if let Some(dropped) = total.map(|total| total.dropped_sends).filter(|dropped| *dropped > 0) {
                reasons.push(Reason::new(&sample.variant, format!("{dropped} requests were never sent")));
            }
            reasons.extend(sample.doubts.iter().map(|doubt| Reason::new(&sample.variant, doubt)));
        }
        let mut results: Vec<Measured> = samples.iter().copied().filter_map(Measured::of).collect();
        for measured in &mut results {
            measured.slower = fastest(&samples, &measured.workload)
                .filter(|fastest| fastest.variant != measured.variant)
                .and_then(|fastest| {
                    let own = samples.iter().find(|sample| sample.variant == measured.variant)?;
                    Difference::between(own, fastest)
                });
        }
        Self { comparable: reasons.is_empty(), reasons, results }
    }

    /// Why the variants of a workload must not be compared.
    pub fn reasons_of(&self, workload: &str) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(move |reason| {
            let is_variant =
                |measured: &Measured| measured.variant == reason.about && measured.workload == workload;
            reason.about == workload || self.results.iter().any(is_variant)
        })
    }

    /// One table a workload, then what may be concluded. Variants lose the workload's prefix, which heads the table.
    #[must_use]
    pub fn text(&self, origin: Origin) -> String {
        table::render(self, origin, &BTreeMap::new())
    }
}

impl Measured {
    /// `None` where no trial was held.
    fn of(sample: &Sample) -> Option<Self> {
        let total = sample.total()?;
        let warm = total.warm();
        let share = |count: &dyn Fn(&Trial) -> u64| {
            let trials: Vec<(f64, f64)> =
                sample.trials.iter().map(|trial| (float(count(trial)), float(trial.requests))).collect();
            Interval::of_share(&trials)
        };
        let statuses_95 = total
            .statuses
            .keys()
            .map(|status| (*status, share(&|trial| trial.statuses.get(status).copied().unwrap_or_default())));
        let rates: Vec<(f64, f64)> =
            sample.trials.iter().map(|trial| (float(trial.requests), trial.elapsed.as_secs_f64())).collect();
        let failures = total
            .failures
            .iter()
            .map(|(kind, count)| (kind.clone(), (*count, total.examples.get(kind).cloned())));
        Some(Self {
            success_95: share(&|trial| trial.success),
            rate_95: Interval::of_rate(&rates),
            statuses_95: statuses_95.collect(),
            cold_ms: (total.cold.len(), Quantiles::of(&total.cold)),
            warm_ms: (warm.len(), Quantiles::of(&warm)),
            failures: failures.collect(),
            variant: sample.variant.clone(),
            workload: sample.workload.clone(),
            requests: total.requests,
            success: total.success,
            rate: rate(&total),
            latency_ms: Quantiles::of(&total.latency),
            service_ms: Quantiles::of(&total.service),
            statuses: total.statuses,
            late_sends: total.late_sends,
            dropped_sends: total.dropped_sends,
            latency_95: Intervals::of(sample),
            slower: None,
        })
    }
}

/// The variant of a workload with the lowest median.
fn fastest<'s>(samples: &[&'s Sample], workload: &str) -> Option<&'s Sample> {
    let median = |sample: &Sample| Figure::Quantile(0.5).of(&sample.total()?.latency);
    samples
        .iter()
        .copied()
        .filter(|sample| sample.workload == workload)
        .filter_map(|sample| Some((sample, median(sample)?)))
        .min_by(|one, other| one.1.total_cmp(&other.1))
        .map(|(sample, _)| sample)
}

/// Requests per second, to a tenth; 0 where no time passed.
fn rate(trial: &Trial) -> f64 {
    let seconds = trial.elapsed.as_secs_f64();
    if seconds > 0.0 { (float(trial.requests) / seconds * 10.0).round() / 10.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
fn float(count: u64) -> f64 {
    count as f64
}
