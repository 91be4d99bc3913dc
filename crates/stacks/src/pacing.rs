//! How fast an endpoint is asked.

use std::time::Duration;

use rand::Rng;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The rhythm of calls to an endpoint. AWS needs patience, a server on loopback none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// The time between two looks at the stacks in progress; each is varied by up to a fifth.
    pub interval: Duration,
    /// The least time between two `DeleteRestApi` calls of an account and region.
    pub rest_api_deletion: Duration,
    /// How many stacks may be in progress at once.
    pub parallel: usize,
    /// How long one stack may be in progress.
    pub timeout: Duration,
}

impl Pacing {
    /// For AWS: API Gateway admits one `DeleteRestApi` in 30 s.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
    pub const AWS: Self = Self {
        interval: Duration::from_secs(5),
        rest_api_deletion: Duration::from_secs(30),
        parallel: 20,
        timeout: Duration::from_mins(45),
    };

    /// For a server on this machine.
    pub const LOOPBACK: Self = Self {
        interval: Duration::from_millis(60),
        rest_api_deletion: Duration::ZERO,
        parallel: 20,
        timeout: Duration::from_mins(3),
    };
}

/// `duration` varied by up to a fifth, so that many clients do not ask in step.
pub(crate) fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(rand::rng().random_range(0.8..=1.2))
}

/// Full jitter: a random part of `base * 2^attempt`, at most `most`.
pub(crate) fn backoff(base: Duration, attempt: u32, most: Duration) -> Duration {
    let ceiling = base.saturating_mul(2_u32.saturating_pow(attempt)).min(most);
    ceiling.mul_f64(rand::rng().random_range(0.1..=1.0))
}

/// Spaces the deletions of stacks with REST APIs.
#[derive(Debug)]
pub(crate) struct DeletionGate {
    spacing: Duration,
    free_at: Mutex<Instant>,
}

impl DeletionGate {
    pub(crate) fn new(spacing: Duration) -> Self {
        Self { spacing, free_at: Mutex::new(Instant::now()) }
    }

    /// Waits until a stack with so many REST APIs may begin its deletion.
    pub(crate) async fn pass(&self, rest_apis: u32) {
        if rest_apis == 0 || self.spacing.is_zero() {
            return;
        }
        let start = {
            let mut free_at = self.free_at.lock().await;
            let start = (*free_at).max(Instant::now());
            *free_at = start + self.spacing * rest_apis;
            start
        };
        tokio::time::sleep_until(start).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn stacks_with_rest_apis_wait_for_each_other_and_others_do_not() {
        let gate = DeletionGate::new(Duration::from_secs(30));
        let begin = Instant::now();
        gate.pass(0).await;
        gate.pass(2).await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        gate.pass(0).await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        gate.pass(1).await;
        assert_eq!(begin.elapsed().as_secs(), 60);
        gate.pass(1).await;
        assert_eq!(begin.elapsed().as_secs(), 90);
    }

    #[test]
    fn a_backoff_grows_to_its_limit() {
        let most = Duration::from_secs(20);
        for attempt in 0..40 {
            assert!(backoff(Duration::from_millis(500), attempt, most) <= most);
        }
        assert!(backoff(Duration::from_secs(1), 0, most) <= Duration::from_secs(1));
    }
}
