//! When to call again, and how long to wait before.

use std::time::Duration;

use rand::Rng as _;

/// How often a call is tried in all.
pub(crate) const ATTEMPTS: u32 = 5;
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// The wait after a failed attempt, counted from 1: exponential, with full jitter so that many clients spread out.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
pub(crate) fn backoff(attempt: u32) -> Duration {
    let longest = ceiling(attempt);
    rand::rng().random_range(longest / 4..=longest)
}

/// Whether an answer of this status may be another one a moment later.
pub(crate) fn may_pass(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

fn ceiling(attempt: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_bounded() {
        let ceilings: Vec<_> = (1..=7).map(|attempt| ceiling(attempt).as_millis()).collect();
        assert_eq!(ceilings, [200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(ceiling(u32::MAX), LONGEST_BACKOFF);
        for attempt in 1..10 {
            assert!(backoff(attempt) <= ceiling(attempt) && backoff(attempt) >= ceiling(attempt) / 4);
        }
    }
}
