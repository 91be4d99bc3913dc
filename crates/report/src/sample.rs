//! What was measured, before anything is computed from it.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// Where the requests went; it decides what may be concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The embedded cloud: the figures are this machine's.
    EmbeddedCloud,
    /// AWS, or an emulator behind an endpoint of the user's choice.
    Endpoint,
}

/// All that was measured of one variant.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The variant's id.
    pub variant: String,
    /// The workload it serves; only variants of one workload are compared.
    pub workload: String,
    /// Requests that ended, in an answer or in a failure.
    pub requests: u64,
    /// Requests with the answer that the workload asks for.
    pub success: u64,
    /// The time over which this variant was measured.
    pub elapsed: Duration,
    /// Answers by HTTP status; a request without an answer is in none.
    pub statuses: BTreeMap<u16, u64>,
    /// Microseconds from the moment a request was meant to start to its end.
    pub latency: Histogram<u64>,
    /// Microseconds from the moment a request was really sent to its end.
    pub service: Histogram<u64>,
    /// Requests that the generator sent later than it meant to.
    pub late_sends: u64,
    /// Requests that the generator never sent.
    pub dropped_sends: u64,
}
