//! When the requests of an open loop are due.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::LoadError;

/// A rate over time, and how requests are spread under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// One after the other; at least one.
    pub steps: Vec<Step>,
    pub spread: Spread,
}

/// A part of the time over which the rate is constant or changes evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Requests per second at its begin.
    pub from: f64,
    /// Requests per second at its end.
    pub to: f64,
    pub duration: Duration,
}

/// How requests are spread under a rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// Evenly.
    #[default]
    Even,
    /// As independent people come: a Poisson process.
    Poisson,
}

impl Arrivals {
    /// A constant rate with even gaps.
    #[must_use]
    pub fn constant(per_second: f64, duration: Duration) -> Self {
        Self { steps: vec![Step { from: per_second, to: per_second, duration }], spread: Spread::Even }
    }

    /// How long requests are sent.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.steps.iter().map(|step| step.duration).sum()
    }

    /// How many requests are expected: exactly with even gaps, on average otherwise.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count above zero")]
    pub fn expected(&self) -> u64 {
        let whole: f64 = self.steps.iter().map(Step::requests).sum();
        // Evenly spread requests begin at the first moment, so that a begun gap counts.
        (whole - 1e-9).ceil().max(0.0) as u64
    }

    /// The offsets from the begin at which requests are due, in order. Equal seeds give equal offsets.
    #[must_use]
    pub fn due(&self, seed: u64) -> Due {
        let random = (self.spread == Spread::Poisson).then(|| StdRng::seed_from_u64(seed));
        let mut due =
            Due { steps: self.steps.clone(), step: 0, begin: 0.0, left_behind: 0.0, mass: 0.0, random };
        due.mass = due.random.as_mut().map_or(0.0, gap);
        due
    }

    pub(crate) fn validate(&self) -> Result<(), LoadError> {
        let wrong = |reason| Err(LoadError::Plan { reason });
        if self
            .steps
            .iter()
            .any(|step| !step.from.is_finite() || !step.to.is_finite() || step.from < 0.0 || step.to < 0.0)
        {
            return wrong("a rate is not a number from zero up");
        }
        if self.steps.iter().all(|step| step.requests() <= 0.0) {
            return wrong("its rate is not above zero");
        }
        Ok(())
    }
}

impl Step {
    fn requests(&self) -> f64 {
        f64::midpoint(self.from, self.to) * self.duration.as_secs_f64()
    }

    /// After how many seconds `mass` requests have come, which must be no more than come at all.
    fn seconds(&self, mass: f64) -> f64 {
        let slope = (self.to - self.from) / self.duration.as_secs_f64();
        let root = (self.from * self.from + 2.0 * slope * mass).max(0.0).sqrt();
        // This form of the quadratic's root is exact for a constant rate and loses no digits for a gentle slope.
        if mass <= 0.0 { 0.0 } else { 2.0 * mass / (self.from + root) }
    }
}

/// Iterates over the moments at which requests are due.
#[derive(Debug)]
pub struct Due {
    steps: Vec<Step>,
    step: usize,
    /// When the current step begins, in seconds.
    begin: f64,
    /// How many requests the steps before the current one have brought.
    left_behind: f64,
    /// How many requests have been due when the next one is.
    mass: f64,
    random: Option<StdRng>,
}

impl Iterator for Due {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            let step = *self.steps.get(self.step)?;
            let mass = self.mass - self.left_behind;
            // What is due at the very end of a step belongs to the next one, or to nobody.
            if mass < step.requests() - 1e-9 {
                self.mass += self.random.as_mut().map_or(1.0, gap);
                return Some(Duration::from_secs_f64(self.begin + step.seconds(mass)));
            }
            self.left_behind += step.requests();
            self.begin += step.duration.as_secs_f64();
            self.step += 1;
        }
    }
}

/// A draw from the exponential distribution with mean 1.
fn gap(random: &mut StdRng) -> f64 {
    -(1.0 - random.random::<f64>()).ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(from: f64, to: f64, seconds: u64) -> Step {
        Step { from, to, duration: Duration::from_secs(seconds) }
    }

    #[test]
    fn a_constant_rate_has_even_gaps_and_begins_at_once() {
        let due: Vec<Duration> = Arrivals::constant(4.0, Duration::from_secs(1)).due(1).collect();
        assert_eq!(due, [0, 250, 500, 750].map(Duration::from_millis));
    }

    #[test]
    fn a_ramp_brings_the_mean_rate_and_is_denser_at_its_end() {
        let ramp = Arrivals { steps: vec![step(0.0, 100.0, 10)], spread: Spread::Even };
        let due: Vec<Duration> = ramp.due(1).collect();
        assert_eq!((due.len(), ramp.expected()), (500, 500));
        let early = due.iter().filter(|due| due.as_secs() < 5).count();
        assert_eq!(early, 125, "a quarter of the requests comes in the first half");
    }

    #[test]
    fn steps_follow_each_other() {
        let steps = vec![step(10.0, 10.0, 1), step(0.0, 0.0, 1), step(20.0, 20.0, 1)];
        let due: Vec<Duration> = Arrivals { steps, spread: Spread::Even }.due(1).collect();
        assert_eq!(due.len(), 30);
        assert!(!due.iter().any(|due| due.as_secs() == 1), "nothing comes while the rate is zero");
    }

    #[test]
    fn random_arrivals_have_the_rate_and_the_spread_of_a_poisson_process() {
        let plan = Arrivals { steps: vec![step(1000.0, 1000.0, 20)], spread: Spread::Poisson };
        let due: Vec<f64> = plan.due(7).map(|due| due.as_secs_f64()).collect();
        let count = u32::try_from(due.len()).unwrap();
        assert!((19_400..20_600).contains(&count), "{count} is 4 deviations from 20,000");
        let gaps: Vec<f64> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / f64::from(count - 1);
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / f64::from(count - 1);
        let ratio = variance.sqrt() / mean;
        assert!((0.95..1.05).contains(&ratio), "gaps deviate by their mean, not by {ratio}");
        assert!(plan.due(7).eq(plan.due(7)) && !plan.due(7).eq(plan.due(8)));
    }

    proptest! {
        #[test]
        fn moments_are_in_order_within_the_time_and_as_many_as_expected(
            steps in proptest::collection::vec((0_u32..200, 0_u32..200, 1_u64..5), 1..5),
        ) {
            let steps: Vec<Step> =
                steps.into_iter().map(|(from, to, seconds)| step(from.into(), to.into(), seconds)).collect();
            let plan = Arrivals { steps, spread: Spread::Even };
            let due: Vec<Duration> = plan.due(0).collect();
            prop_assert!(due.is_sorted());
            prop_assert!(due.iter().all(|due| *due <= plan.duration()));
            prop_assert!((due.len() as u64).abs_diff(plan.expected()) <= 1, "{} of {}", due.len(), plan.expected());
        }
    }
}
