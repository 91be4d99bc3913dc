use tokio::time::Instant;

use super::Throttle;
use crate::mutex::Mutex;

/// A bucket that holds `burst` tokens and gains `rate` a second; a request takes one.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html>
#[derive(Debug)]
pub(super) struct Bucket {
    limit: Throttle,
    level: Mutex<(f64, Instant)>,
}

impl Bucket {
    pub(super) fn new(limit: Throttle) -> Self {
        Self { limit, level: Mutex::new((f64::from(limit.burst), Instant::now())) }
    }

    /// Whether a request may pass now.
    pub(super) fn take(&self) -> bool {
        let now = Instant::now();
        let mut level = self.level.lock();
        let gained = (now - level.1).as_secs_f64() * self.limit.rate;
        let tokens = (level.0 + gained).min(f64::from(self.limit.burst));
        let passes = tokens >= 1.0;
        *level = (if passes { tokens - 1.0 } else { tokens }, now);
        passes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_burst_passes_at_once_and_then_the_rate() {
        let bucket = Bucket::new(Throttle { rate: 10.0, burst: 3 });
        assert_eq!((0..5).map(|_| bucket.take()).collect::<Vec<_>>(), [true, true, true, false, false]);
        tokio::time::advance(Duration::from_millis(210)).await;
        assert_eq!((0..3).map(|_| bucket.take()).collect::<Vec<_>>(), [true, true, false]);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!((0..4).map(|_| bucket.take()).collect::<Vec<_>>(), [true, true, true, false]);
        assert!(!Bucket::new(Throttle { rate: 0.0, burst: 0 }).take());
    }
}
