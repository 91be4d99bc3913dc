//! What one request uses, as far as it was measured or is known of the workload.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What an average request uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// Bytes of the request and of its answer, headers included.
    pub request_bytes: f64,
    pub response_bytes: f64,
    /// Connections that clients opened for it; a share of one where they are kept.
    pub connections: f64,
    /// Functions by their logical ids.
    pub functions: BTreeMap<String, FunctionUse>,
    /// Milliseconds that an execution of the state machine took; `None` where it was not measured.
    pub execution_ms: Option<f64>,
    /// Bytes that programs wrote to their logs, those of functions and gateways included.
    pub log_bytes: f64,
    /// Messages of up to 64 KB that were published.
    pub publishes: f64,
    /// Strongly consistent reads of up to 4 KB; an eventually consistent one is half a unit.
    pub read_units: f64,
    /// Writes of up to 1 KB.
    pub write_units: f64,
    /// The share of requests that are traced, from 0 to 1.
    pub traced: f64,
}

/// What an average request uses of one function.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionUse {
    /// How often it is called: less than one where its answers are kept.
    pub calls: f64,
    /// Milliseconds billed a call, the initialisation of environments included.
    pub billed_ms: f64,
}
