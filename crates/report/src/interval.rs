//! What several trials say about a figure: an interval that holds the truth 95 times in 100.
//!
//! A trial is one draw: its requests share a machine's state, a warm cache, a neighbour. So the trials are what is
//! resampled, never single requests, which would promise more than was seen.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Mixtures of trials that are drawn.
const RESAMPLES: usize = 500;

/// A 95 % confidence interval; in JSON `[low, high]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f64, f64)", into = "(f64, f64)")]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl From<(f64, f64)> for Interval {
    fn from((low, high): (f64, f64)) -> Self {
        Self { low, high }
    }
}

impl From<Interval> for (f64, f64) {
    fn from(interval: Interval) -> Self {
        (interval.low, interval.high)
    }
}

impl Interval {
    /// The interval around a figure of several trials, from what it was in resamples of them: Student's t times the
    /// bootstrap's standard error, which is corrected for the number of trials as that of a mean is. For a mean of normal
    /// trials this is Student's interval, so that few trials give wide intervals and not false ones, which percentiles of
    /// the resamples would (Hesterberg, "What Teachers Should Know About the Bootstrap", 2015, section 4). `None` for fewer
    /// than two trials, and where a resample has no figure.
    #[must_use]
    pub(crate) fn around(figure: f64, resampled: &[f64], trials: usize) -> Option<Self> {
        let spread = Spread::of(resampled, trials)?;
        Self::reaching(figure, student(spread.degrees) * spread.error)
    }

    /// The interval around the difference of two figures that were measured independently, by the spread of each: that of
    /// Welch, whose degrees of freedom allow for unequal spreads (Welch, "The generalization of 'Student's' problem", 1947).
    #[must_use]
    pub(crate) fn apart(difference: f64, one: Spread, other: Spread) -> Option<Self> {
        let squares = (one.error.powi(2), other.error.powi(2));
        let sum = squares.0 + squares.1;
        let weights = squares.0.powi(2) / float(one.degrees) + squares.1.powi(2) / float(other.degrees);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of trials, rounded down"
        )]
        let degrees = if weights > 0.0 { (sum.powi(2) / weights) as usize } else { one.degrees };
        Self::reaching(difference, student(degrees.max(1)) * sum.sqrt())
    }

    fn reaching(figure: f64, reach: f64) -> Option<Self> {
        reach.is_finite().then_some(Self { low: figure - reach, high: figure + reach })
    }

    /// The interval of a share, from what it counts and the whole of each trial. `None` for fewer than two trials.
    #[must_use]
    pub(crate) fn of_share(trials: &[(f64, f64)]) -> Option<Self> {
        let interval = Self::of_quotient(trials, |share| share, |share| share)?;
        Some(Self { low: interval.low.max(0.0), high: interval.high.min(1.0) })
    }

    /// The interval of a rate, whose spread is by factors. `None` for fewer than two trials.
    #[must_use]
    pub(crate) fn of_rate(trials: &[(f64, f64)]) -> Option<Self> {
        Self::of_quotient(trials, f64::ln, f64::exp)
    }

    fn of_quotient(trials: &[(f64, f64)], scale: fn(f64) -> f64, back: fn(f64) -> f64) -> Option<Self> {
        let quotient = |weights: &[u64]| {
            let (part, whole) = trials.iter().zip(weights).fold((0.0, 0.0), |sum, (trial, weight)| {
                #[expect(clippy::cast_precision_loss, reason = "a number of trials")]
                let weight = *weight as f64;
                (sum.0 + trial.0 * weight, sum.1 + trial.1 * weight)
            });
            scale(part / whole)
        };
        let resampled: Vec<f64> = resamples(trials.len()).iter().map(|weights| quotient(weights)).collect();
        let figure = quotient(&vec![1; trials.len()]);
        Some(Self::around(figure, &resampled, trials.len())?.map(back))
    }

    /// Whether a value lies in it.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The interval of a function of the figure that never falls.
    #[must_use]
    pub(crate) fn map(self, function: impl Fn(f64) -> f64) -> Self {
        Self { low: function(self.low), high: function(self.high) }
    }
}

/// How far a figure of several trials may be off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    /// The standard error.
    error: f64,
    /// The degrees of freedom, one less than the trials.
    degrees: usize,
}

impl Spread {
    /// From what the figure was in resamples. `None` for fewer than two trials.
    pub(crate) fn of(resampled: &[f64], trials: usize) -> Option<Self> {
        let degrees = trials.checked_sub(1).filter(|degrees| *degrees > 0)?;
        let count = float(resampled.len());
        let mean = resampled.iter().sum::<f64>() / count;
        let squares: f64 = resampled.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self { error: (squares / count * float(trials) / float(degrees)).sqrt(), degrees })
    }
}

/// How often each trial stands in each resample; the seed is fixed, so that equal results give equal reports.
pub(crate) fn resamples(trials: usize) -> Vec<Vec<u64>> {
    let mut random = StdRng::seed_from_u64(0);
    (0..RESAMPLES)
        .map(|_| {
            let mut weights = vec![0; trials];
            (0..trials).for_each(|_| weights[random.random_range(0..trials)] += 1);
            weights
        })
        .collect()
}

/// The 97.5th percentile of Student's t distribution by degrees of freedom.
fn student(degrees: usize) -> f64 {
    const T: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
        2.045, 2.042,
    ];
    T.get(degrees - 1).copied().unwrap_or(1.96 + 2.4 / float(degrees))
}

#[expect(clippy::cast_precision_loss, reason = "a number of trials")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    /// The interval of a mean.
    fn of_mean(values: &[f64]) -> Option<Interval> {
        let mean = |weights: &[u64]| {
            let sum = |of: fn(f64, f64) -> f64| -> f64 {
                values
                    .iter()
                    .zip(weights)
                    .map(|(value, weight)| of(*value, f64::from(u32::try_from(*weight).unwrap())))
                    .sum()
            };
            sum(|value, weight| value * weight) / sum(|_, weight| weight)
        };
        let resampled: Vec<f64> = resamples(values.len()).iter().map(|weights| mean(weights)).collect();
        Interval::around(mean(&vec![1; values.len()]), &resampled, values.len())
    }

    #[test]
    fn one_value_says_nothing_about_its_spread() {
        assert_eq!(of_mean(&[1.0]), None);
        assert_eq!(of_mean(&[2.0, 2.0]), Some(Interval { low: 2.0, high: 2.0 }));
    }

    #[test]
    fn three_values_have_the_interval_of_the_textbook() {
        let interval = of_mean(&[1.0, 2.0, 3.0]).unwrap();
        assert!((interval.low + 0.48).abs() < 0.15 && (interval.high - 4.48).abs() < 0.15, "{interval:?}");
    }

    #[test]
    fn the_tail_of_students_t_is_that_of_the_tables() {
        assert!((student(40) - 2.021).abs() < 0.002 && (student(100) - 1.984).abs() < 0.002);
    }

    #[test]
    fn a_resample_has_as_many_trials_as_there_are() {
        let resamples = resamples(9);
        assert!(resamples.iter().all(|weights| weights.iter().sum::<u64>() == 9));
        assert!(resamples.iter().any(|weights| weights.contains(&0)));
    }

    proptest! {
        #[test]
        fn an_interval_holds_the_mean(values in proptest::collection::vec(0.1_f64..1e6, 2..15)) {
            let interval = of_mean(&values).unwrap();
            let mean = values.iter().sum::<f64>() / float(values.len());
            prop_assert!(interval.low <= mean + 1e-6 && mean - 1e-6 <= interval.high);
        }
    }
}
