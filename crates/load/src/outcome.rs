//! What became of one target's load.

use std::time::Duration;

use crate::LoadError;
use crate::tally::Tally;

/// The share of sends that may be late by the generator's own fault.
const MOST_LAGGED: f64 = 0.01;
/// From which share of its time a thread of the generator counts as busy throughout.
const SATURATED: f64 = 0.95;
/// A trial that is shorter than this does not tell whether a thread was busy throughout.
const TELLING: Duration = Duration::from_millis(100);

/// All that was measured of one target.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The target's name.
    pub name: String,
    /// One a trial, in order; fewer than the plan says where the run was stopped.
    pub trials: Vec<Tally>,
    /// One a round before the trials.
    pub warm_up: Vec<Tally>,
}

impl Outcome {
    /// All trials together, warm-up left out.
    pub fn total(&self) -> Result<Tally, LoadError> {
        let mut total = Tally::empty()?;
        for trial in &self.trials {
            total.append(trial)?;
        }
        Ok(total)
    }

    /// Why the trials measured the generator more than the target; empty where they did not.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let sent: u64 = self.trials.iter().map(|trial| trial.requests + trial.dropped_sends).sum();
        let lagged: u64 = self.trials.iter().map(|trial| trial.lagged).sum();
        let share = ratio(lagged, sent);
        if share > MOST_LAGGED {
            doubts.push(format!(
                "the load generator itself sent {:.1} % of the requests more than 1 ms late; ask for a lower rate or use a faster machine",
                share * 100.0
            ));
        }
        let telling = self.trials.iter().filter(|trial| trial.elapsed >= TELLING);
        let busiest = telling.map(|trial| trial.busiest).fold(0.0, f64::max);
        if busiest > SATURATED {
            doubts.push(format!(
                "a thread of the load generator was busy {:.0} % of the time, so it was as fast as it can be, and the target may be faster",
                busiest * 100.0
            ));
        }
        doubts
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(requests: u64, lagged: u64, busiest: f64) -> Outcome {
        let elapsed = Duration::from_secs(1);
        let trial = Tally { requests, elapsed, busiest, lagged, ..Tally::empty().unwrap() };
        Outcome { name: "t".into(), trials: vec![trial], warm_up: Vec::new() }
    }

    #[test]
    fn a_generator_that_keeps_up_raises_no_doubt() {
        assert_eq!(outcome(1000, 10, 0.9).doubts(), [""; 0]);
        assert_eq!(outcome(0, 0, 0.0).doubts(), [""; 0]);
    }

    #[test]
    fn a_trial_of_milliseconds_says_nothing_about_the_generator() {
        let mut short = outcome(5, 0, 1.0);
        short.trials[0].elapsed = Duration::from_millis(3);
        assert_eq!(short.doubts(), [""; 0]);
    }

    #[test]
    fn a_generator_that_is_late_or_saturated_says_so() {
        let doubts = outcome(1000, 11, 0.99).doubts();
        assert_eq!(doubts.len(), 2);
        assert!(doubts[0].contains("1.1 %") && doubts[1].contains("99 %"), "{doubts:?}");
    }
}
