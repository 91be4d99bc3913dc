//! How many requests, how fast, in which order.

use std::path::PathBuf;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::LoadError;
use crate::arrivals::Arrivals;

/// What is sent to each target.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub shape: Shape,
    /// How often each target gets the whole load; in each round every target has its turn once, in random order.
    pub trials: u32,
    /// Rounds before the trials. What they measure is kept apart.
    pub warm_up: u32,
    /// Decides the order of the targets, of requests drawn at random, and of random arrivals, so that a run can be repeated.
    pub seed: u64,
    /// How long a request may take, from being sent (connecting included) to the end of its answer.
    pub timeout: Duration,
    pub connection: ConnectionUse,
    /// Whether each request is kept by itself, too: some 100 bytes of memory a request.
    pub raw: bool,
    /// PEM files of certificates that are trusted beside the machine's own.
    pub roots: Vec<PathBuf>,
}

/// What connections are used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionUse {
    /// HTTP/1.1, one request after the other over the same connection for as long as the target keeps it open.
    #[default]
    KeepAlive,
    /// HTTP/1.1, a new connection for each request.
    Fresh,
    /// HTTP/2, one request at a time over the same connection: negotiated with TLS, taken for granted without.
    Http2,
}

/// When the next request is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A closed loop: each connection sends its next request when its last one has ended.
    Closed { connections: u32, limit: Limit },
    /// A closed loop of people: each sends a request, waits for the answer, and thinks for a while.
    Users { users: u32, think: Think, limit: Limit },
    /// An open loop: requests are sent when they are due, whether earlier ones have ended or not.
    Open {
        arrivals: Arrivals,
        /// How many requests may be under way at once. A request for which no connection is free is sent late.
        connections: u32,
    },
}

/// How long a user waits between an answer and the next request: uniformly between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Think {
    pub least: Duration,
    pub most: Duration,
}

/// When the closed loop of one trial ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Requests(u64),
    Duration(Duration),
}

impl Plan {
    /// A closed loop over a number of requests a target, in one trial, with a timeout of 30 seconds.
    #[must_use]
    pub fn closed(connections: u32, requests: u64) -> Self {
        Self::new(Shape::Closed { connections, limit: Limit::Requests(requests) })
    }

    /// An open loop of up to 1,000 requests at once, in one trial, with a timeout of 30 seconds.
    #[must_use]
    pub fn rate(per_second: f64, duration: Duration) -> Self {
        Self::new(Shape::Open { arrivals: Arrivals::constant(per_second, duration), connections: 1000 })
    }

    /// One trial without warm-up, over connections that are kept, with a timeout of 30 seconds.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            trials: 1,
            warm_up: 0,
            seed: 0,
            timeout: Duration::from_secs(30),
            connection: ConnectionUse::KeepAlive,
            raw: false,
            roots: Vec::new(),
        }
    }

    /// The order of `targets` targets in each round, warm-up first, by index. Equal seeds give equal orders.
    #[must_use]
    pub fn order(&self, targets: usize) -> Vec<Vec<usize>> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut indices: Vec<usize> = (0..targets).collect();
        (0..self.rounds())
            .map(|_| {
                indices.shuffle(&mut random);
                indices.clone()
            })
            .collect()
    }

    /// Warm-up and trials.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.warm_up.saturating_add(self.trials)
    }

    /// How many connections may be open at once.
    #[must_use]
    pub fn connections(&self) -> u32 {
        match self.shape {
            Shape::Users { users, .. } => users,
            Shape::Closed { connections, limit: Limit::Requests(requests) } => {
                connections.min(u32::try_from(requests).unwrap_or(u32::MAX))
            }
            Shape::Closed { connections, .. } | Shape::Open { connections, .. } => connections,
        }
    }

    /// How many requests a trial sends to a target, where the plan says so.
    #[must_use]
    pub fn requests(&self) -> Option<u64> {
        match &self.shape {
            Shape::Closed { limit: Limit::Requests(requests), .. }
            | Shape::Users { limit: Limit::Requests(requests), .. } => Some(*requests),
            Shape::Closed { .. } | Shape::Users { .. } => None,
            Shape::Open { arrivals, .. } => Some(arrivals.expected()),
        }
    }

    pub(crate) fn validate(&self) -> Result<(), LoadError> {
        let wrong = |reason| Err(LoadError::Plan { reason });
        if self.trials == 0 {
            return wrong("it has no trial; 1 is the least");
        }
        if self.timeout.is_zero() {
            return wrong("its timeout is zero");
        }
        match &self.shape {
            Shape::Closed { connections: 0, .. } | Shape::Open { connections: 0, .. } => {
                wrong("it has no connection; 1 is the least")
            }
            Shape::Users { users: 0, .. } => wrong("it has no user; 1 is the least"),
            Shape::Users { think, .. } if think.least > think.most => {
                wrong("the least time to think is longer than the longest")
            }
            Shape::Open { arrivals, .. } => arrivals.validate(),
            Shape::Closed { .. } | Shape::Users { .. } => Ok(()),
        }
    }
}
