use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::json;
use uuid::Uuid;

use super::LARGEST_PAYLOAD;

/// What came back from an environment.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) payload: Bytes,
    pub(super) failed: bool,
    pub(super) duration: Duration,
    pub(super) billed: Duration,
}

/// The JSON of a failure.
pub(super) fn error_payload(kind: &str, message: &str) -> Bytes {
    json!({"errorType": kind, "errorMessage": message}).to_string().into()
}

/// The failure of a handler that answered more than Lambda passes on.
pub(super) fn too_large() -> Bytes {
    error_payload(
        "Function.ResponseSizeTooLarge",
        &format!("Response payload size exceeded maximum allowed payload size ({LARGEST_PAYLOAD} bytes)."),
    )
}

/// Rounded up to a millisecond.
pub(super) fn billed(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX))
}

/// A new `X-Amzn-Trace-Id`.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>
pub(crate) fn new_trace_id(sampled: bool) -> String {
    let (first, second) = Uuid::new_v4().as_u64_pair();
    let parent = Uuid::new_v4().as_u64_pair().0;
    let seconds = epoch_ms() / 1000;
    format!(
        "Root=1-{seconds:08x}-{:08x}{second:016x};Parent={parent:016x};Sampled={}",
        first >> 32,
        u8::from(sampled)
    )
}

/// Milliseconds since 1970.
pub(crate) fn epoch_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
