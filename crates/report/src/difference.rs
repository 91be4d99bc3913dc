//! Whether one variant is slower than another.

use serde::Serialize;

use crate::interval::{Interval, resamples};
use crate::pool::Pool;
use crate::quantiles::Figure;
use crate::sample::Sample;

/// How much slower one variant is than another, by the trials that both had in the same rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The other variant.
    pub against: String,
    pub p50: Gap,
    pub p90: Gap,
    pub p99: Gap,
    pub mean: Gap,
}

/// How far apart two figures are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// Milliseconds; above zero where this one is slower.
    pub ms: f64,
    /// Where the gap lies with 95 % confidence. `None` with fewer than two trials in common.
    pub ms_95: Option<Interval>,
    /// This one's latency through the other's.
    pub ratio: f64,
    pub ratio_95: Option<Interval>,
}

impl Difference {
    /// `None` where one of them answered nothing.
    #[must_use]
    pub fn between(one: &Sample, other: &Sample) -> Option<Self> {
        // Trials of one round share what the machine did meanwhile: taken in pairs, that cancels out.
        let pairs = one.trials.len().min(other.trials.len());
        let pools = (Pool::of(&one.trials[..pairs]), Pool::of(&other.trials[..pairs]));
        let figures = [Figure::Quantile(0.5), Figure::Quantile(0.9), Figure::Quantile(0.99), Figure::Mean];
        let both = |weights: &Vec<u64>| {
            let (mine, others) = (pools.0.figures(weights, &figures)?, pools.1.figures(weights, &figures)?);
            Some(mine.into_iter().zip(others).collect::<Vec<_>>())
        };
        let whole = both(&vec![1; pairs])?;
        let draws: Option<Vec<Vec<(f64, f64)>>> = resamples(pairs).iter().map(both).collect();
        let gap = |index: usize| {
            let (mine, others) = whole[index];
            let interval = |gap: fn((f64, f64)) -> f64| {
                let resampled: Vec<f64> = draws.as_ref()?.iter().map(|figures| gap(figures[index])).collect();
                Interval::around(gap(whole[index]), &resampled, pairs)
            };
            let ratio_95 = interval(|(mine, others)| (mine / others).ln());
            Gap {
                ms: mine - others,
                ms_95: interval(|(mine, others)| mine - others),
                ratio: mine / others,
                ratio_95: ratio_95.map(|interval| interval.map(f64::exp)),
            }
        };
        Some(Self { against: other.variant.clone(), p50: gap(0), p90: gap(1), p99: gap(2), mean: gap(3) })
    }
}

impl Gap {
    /// Whether the trials show that there is a difference at all: in milliseconds and as a ratio, so that neither scale
    /// alone decides.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        let apart =
            |interval: Option<Interval>, none| interval.is_some_and(|interval| !interval.contains(none));
        apart(self.ms_95, 0.0) && apart(self.ratio_95, 1.0)
    }
}
