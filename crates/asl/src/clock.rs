use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

/// The time of an execution: what the clock says and how it passes. Tests give one that jumps.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> OffsetDateTime;

    /// Returns once this much time has passed. Dropping the future ends the wait.
    async fn sleep(&self, duration: Duration);

    /// A number from 0 to 1 that is drawn anew for each delay of a retrier whose `JitterStrategy` is `FULL`.
    fn jitter(&self) -> f64 {
        rand::random()
    }
}
