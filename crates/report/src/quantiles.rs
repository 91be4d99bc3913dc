//! The percentiles that are reported of a histogram.

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::interval::{Interval, resamples};
use crate::pool::Pool;
use crate::sample::Sample;

/// A figure of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// From 0 to 1.
    Quantile(f64),
    Mean,
    Min,
}

/// The figures that trials estimate, the percentiles rising. No sample estimates the largest and the smallest value.
pub(crate) const ESTIMATED: [Figure; 10] = [
    Figure::Quantile(0.50),
    Figure::Quantile(0.66),
    Figure::Quantile(0.75),
    Figure::Quantile(0.80),
    Figure::Quantile(0.90),
    Figure::Quantile(0.95),
    Figure::Quantile(0.98),
    Figure::Quantile(0.99),
    Figure::Quantile(0.999),
    Figure::Mean,
];

/// One value a figure, in the order and under the names of the reports.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures<T> {
    pub p50: T,
    pub p66: T,
    pub p75: T,
    pub p80: T,
    pub p90: T,
    pub p95: T,
    pub p98: T,
    pub p99: T,
    pub p99_9: T,
    pub max: T,
    pub mean: T,
    pub min: T,
}

/// Percentiles and moments in milliseconds; each is `null` in JSON where nothing was measured.
pub type Quantiles = Figures<Option<f64>>;

/// Their 95 % confidence intervals over trials, in milliseconds; `null` with fewer than two trials. The largest and the
/// smallest value are no estimates of anything, so they have none.
pub type Intervals = Figures<Option<Interval>>;

impl<T> Figures<T> {
    pub(crate) fn each(mut value: impl FnMut(Figure) -> T) -> Self {
        let mut at = |quantile| value(Figure::Quantile(quantile));
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
            mean: value(Figure::Mean),
            min: value(Figure::Min),
        }
    }
}

impl<T> Figures<T> {
    /// Each figure with its name in the reports and its value, the percentiles rising, then mean and least.
    pub fn entries(&self) -> [(&'static str, Figure, &T); 12] {
        let at = Figure::Quantile;
        [
            ("p50", at(0.50), &self.p50),
            ("p66", at(0.66), &self.p66),
            ("p75", at(0.75), &self.p75),
            ("p80", at(0.80), &self.p80),
            ("p90", at(0.90), &self.p90),
            ("p95", at(0.95), &self.p95),
            ("p98", at(0.98), &self.p98),
            ("p99", at(0.99), &self.p99),
            ("p99.9", at(0.999), &self.p99_9),
            ("max", at(1.0), &self.max),
            ("mean", Figure::Mean, &self.mean),
            ("min", Figure::Min, &self.min),
        ]
    }

    /// The value of a figure; `None` where the reports do not have it.
    #[must_use]
    pub fn get(&self, figure: Figure) -> Option<&T> {
        self.entries().into_iter().find_map(|(_, known, value)| (known == figure).then_some(value))
    }
}

impl Figure {
    /// A figure by its name in the reports: `p50` … `p99.9`, `max`, `mean` or `min`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let names = Figures::each(|figure| figure);
        names.entries().into_iter().find_map(|(known, figure, _)| (known == name).then_some(figure))
    }
}

impl Quantiles {
    /// Reads a histogram of microseconds.
    #[must_use]
    pub fn of(micros: &Histogram<u64>) -> Self {
        Self::each(|figure| figure.of(micros).map(round))
    }
}

impl Intervals {
    /// How sure the trials make a variant's latencies, by a bootstrap over the trials.
    #[must_use]
    pub fn of(sample: &Sample) -> Self {
        let pool = Pool::of(&sample.trials);
        let whole = pool.figures(&vec![1; pool.trials()], &ESTIMATED);
        let draws: Option<Vec<Vec<f64>>> =
            resamples(pool.trials()).iter().map(|weights| pool.figures(weights, &ESTIMATED)).collect();
        Self::each(|figure| {
            let index = ESTIMATED.iter().position(|known| *known == figure)?;
            // Latencies spread by factors rather than by milliseconds, and none is below zero.
            let resampled: Vec<f64> = draws.as_ref()?.iter().map(|figures| figures[index].ln()).collect();
            let interval = Interval::around(whole.as_ref()?[index].ln(), &resampled, pool.trials())?;
            Some(interval.map(|value| round(value.exp())))
        })
    }
}

impl Figure {
    /// In milliseconds; `None` where nothing was measured.
    #[must_use]
    pub fn of(self, micros: &Histogram<u64>) -> Option<f64> {
        if micros.is_empty() {
            return None;
        }
        Some(match self {
            Self::Quantile(quantile) => millis(micros.value_at_quantile(quantile)),
            Self::Mean => micros.mean() / 1000.0,
            Self::Min => millis(micros.min()),
        })
    }
}

/// Microseconds as milliseconds. The histogram keeps three digits, and any latency is far below 2^52 µs.
#[expect(clippy::cast_precision_loss, reason = "latencies stay far below 2^52 microseconds")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// Whole microseconds: more digits would claim more than the clock tells.
fn round(millis: f64) -> f64 {
    (millis * 1000.0).round() / 1000.0
}
