//! The part of a measurement that a bill is read from.

use std::time::Duration;

use report::Usage;
use time::OffsetDateTime;

/// One turn of a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub began: OffsetDateTime,
    pub ended: OffsetDateTime,
    pub requests: u64,
    pub connections: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
    /// Milliseconds from sending a request to the end of its answer, on average.
    pub service_ms: f64,
}

impl Turn {
    /// The turn that ends at `ended`.
    pub fn ending(ended: OffsetDateTime, tally: &load::Tally) -> Self {
        let length = time::Duration::try_from(tally.elapsed).unwrap_or(time::Duration::ZERO);
        Self {
            began: ended - length,
            ended,
            requests: tally.requests,
            connections: tally.connections,
            sent_bytes: tally.sent_bytes,
            received_bytes: tally.received_bytes,
            service_ms: tally.service.mean() / 1000.0,
        }
    }

    pub fn length(&self) -> Duration {
        (self.ended - self.began).try_into().unwrap_or_default()
    }

    /// What an average request used, where `usage` says what it uses of what this does not tell.
    pub fn usage(&self, usage: Usage) -> Usage {
        #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 bytes")]
        let each = |count: u64| if self.requests == 0 { 0.0 } else { count as f64 / self.requests as f64 };
        Usage {
            // A message is billed by 64 KB (<https://aws.amazon.com/sns/pricing/>).
            publishes: usage.publishes * (each(self.sent_bytes) / 65_536.0).ceil().max(1.0),
            request_bytes: each(self.sent_bytes),
            response_bytes: each(self.received_bytes),
            connections: each(self.connections),
            ..usage
        }
    }
}
