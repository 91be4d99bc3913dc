//! Whether one variant is slower than another.

use serde::Serialize;

use crate::Figures;
use crate::interval::{Interval, Spread, resamples};
use crate::pool::Pool;
use crate::quantiles::{ESTIMATED, Figure};
use crate::sample::Sample;

/// How much slower one variant is than another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The other variant.
    pub against: String,
    /// The gap between each figure of both; none between the largest and the smallest values, which estimate nothing.
    pub gaps: Figures<Option<Gap>>,
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
    /// By the trials that both had in the same rounds. `None` where one of them answered nothing.
    #[must_use]
    pub fn between(one: &Sample, other: &Sample) -> Option<Self> {
        // Trials of one round share what the machine did meanwhile: taken in pairs, that cancels out.
        let pairs = one.trials.len().min(other.trials.len());
        let pools = (Pool::of(&one.trials[..pairs]), Pool::of(&other.trials[..pairs]));
        let both = |weights: &Vec<u64>| {
            let (mine, others) =
                (pools.0.figures(weights, &ESTIMATED)?, pools.1.figures(weights, &ESTIMATED)?);
            Some(mine.into_iter().zip(others).collect::<Vec<_>>())
        };
        let whole = both(&vec![1; pairs])?;
        let draws: Option<Vec<Vec<(f64, f64)>>> = resamples(pairs).iter().map(both).collect();
        let gap = |index: usize| {
            let interval = |gap: fn((f64, f64)) -> f64| {
                let resampled: Vec<f64> = draws.as_ref()?.iter().map(|figures| gap(figures[index])).collect();
                Interval::around(gap(whole[index]), &resampled, pairs)
            };
            let ratio_95 = interval(|(mine, others)| (mine / others).ln());
            Gap::new(whole[index], interval(|(mine, others)| mine - others), ratio_95)
        };
        Some(Self { against: other.variant.clone(), gaps: Figures::estimated(gap) })
    }

    /// By trials that have nothing in common, such as those of two runs. `None` where one of them answered nothing.
    #[must_use]
    pub fn unpaired(one: &Sample, other: &Sample) -> Option<Self> {
        let (mine, others) = (Drawn::of(one)?, Drawn::of(other)?);
        let gap = |index: usize| {
            let figures = (mine.whole[index], others.whole[index]);
            let interval = |difference: f64, scale: fn(f64) -> f64| {
                Interval::apart(difference, mine.spread(index, scale)?, others.spread(index, scale)?)
            };
            let ratio_95 = interval((figures.0 / figures.1).ln(), f64::ln);
            Gap::new(figures, interval(figures.0 - figures.1, |value| value), ratio_95)
        };
        Some(Self { against: other.variant.clone(), gaps: Figures::estimated(gap) })
    }
}

/// Figures of a sample, and of resamples of its trials.
struct Drawn {
    whole: Vec<f64>,
    draws: Option<Vec<Vec<f64>>>,
    trials: usize,
}

impl Drawn {
    fn of(sample: &Sample) -> Option<Self> {
        let pool = Pool::of(&sample.trials);
        let whole = pool.figures(&vec![1; pool.trials()], &ESTIMATED)?;
        let draws =
            resamples(pool.trials()).iter().map(|weights| pool.figures(weights, &ESTIMATED)).collect();
        Some(Self { whole, draws, trials: pool.trials() })
    }

    fn spread(&self, index: usize, scale: fn(f64) -> f64) -> Option<Spread> {
        let resampled: Vec<f64> = self.draws.as_ref()?.iter().map(|figures| scale(figures[index])).collect();
        Spread::of(&resampled, self.trials)
    }
}

impl Gap {
    fn new((mine, others): (f64, f64), ms_95: Option<Interval>, log_ratio_95: Option<Interval>) -> Self {
        let ratio_95 = log_ratio_95.map(|interval| interval.map(f64::exp));
        Self { ms: mine - others, ms_95, ratio: mine / others, ratio_95 }
    }

    /// Whether the trials show that there is a difference at all: in milliseconds and as a ratio, so that neither scale
    /// alone decides.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        let apart =
            |interval: Option<Interval>, none| interval.is_some_and(|interval| !interval.contains(none));
        apart(self.ms_95, 0.0) && apart(self.ratio_95, 1.0)
    }
}

impl<T> Figures<Option<T>> {
    /// One value for each of [`ESTIMATED`], by its index, and none for the others.
    fn estimated(mut value: impl FnMut(usize) -> T) -> Self {
        Self::each(|figure: Figure| ESTIMATED.iter().position(|known| *known == figure).map(&mut value))
    }
}
