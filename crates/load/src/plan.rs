//! How many requests, how fast, in which order.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::LoadError;

/// What is sent to each target.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub shape: Shape,
    /// Into how many parts each target's load is cut; in each round every target has its part once, in random order.
    pub rounds: u32,
    /// Decides the order, so that a run can be repeated.
    pub seed: u64,
    /// How long a request may take, from being sent (connecting included) to the end of its answer.
    pub timeout: Duration,
}

/// When the next request is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A closed loop: each connection sends its next request when its last one has ended.
    Closed {
        connections: u32,
        /// What each target gets over all rounds.
        limit: Limit,
    },
    /// An open loop: requests are sent at a constant rate, whether earlier ones have ended or not.
    Rate {
        per_second: f64,
        /// How long each target is sent to over all rounds.
        duration: Duration,
        /// How many requests may be under way at once. A request for which no connection is free is sent late.
        connections: u32,
    },
}

/// When a closed loop ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Requests(u64),
    Duration(Duration),
}

impl Plan {
    /// A closed loop over a number of requests a target, in one round, with a timeout of 30 seconds.
    #[must_use]
    pub fn closed(connections: u32, requests: u64) -> Self {
        Self::new(Shape::Closed { connections, limit: Limit::Requests(requests) })
    }

    /// An open loop of up to 1,000 requests at once, in one round, with a timeout of 30 seconds.
    #[must_use]
    pub fn rate(per_second: f64, duration: Duration) -> Self {
        Self::new(Shape::Rate { per_second, duration, connections: 1000 })
    }

    fn new(shape: Shape) -> Self {
        Self { shape, rounds: 1, seed: 0, timeout: Duration::from_secs(30) }
    }

    /// The order of `targets` targets in each round, by index. Equal seeds give equal orders.
    #[must_use]
    pub fn order(&self, targets: usize) -> Vec<Vec<usize>> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut indices: Vec<usize> = (0..targets).collect();
        (0..self.rounds)
            .map(|_| {
                indices.shuffle(&mut random);
                indices.clone()
            })
            .collect()
    }

    pub(crate) fn validate(&self) -> Result<(), LoadError> {
        let wrong = |reason| Err(LoadError::Plan { reason });
        if self.rounds == 0 {
            return wrong("it has no round; 1 is the least");
        }
        if self.timeout.is_zero() {
            return wrong("its timeout is zero");
        }
        match self.shape {
            Shape::Closed { connections: 0, .. } | Shape::Rate { connections: 0, .. } => {
                wrong("it has no connection; 1 is the least")
            }
            Shape::Rate { per_second, .. } if !per_second.is_finite() || per_second <= 0.0 => {
                wrong("its rate is not above zero")
            }
            Shape::Closed { .. } | Shape::Rate { .. } => Ok(()),
        }
    }
}

impl Limit {
    /// The part of round `round` (from 0) out of `rounds`; the parts add up to the whole.
    pub(crate) fn part(self, round: u32, rounds: u32) -> Self {
        match self {
            Self::Duration(duration) => Self::Duration(duration / rounds),
            Self::Requests(requests) => {
                let (whole, rest) = (requests / u64::from(rounds), requests % u64::from(rounds));
                Self::Requests(whole + u64::from(u64::from(round) < rest))
            }
        }
    }
}
