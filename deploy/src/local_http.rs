//! Questions to the embedded cloud beside the AWS APIs.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use signed_http::Transport;

/// The JSON answer of a path under `/_local/`, or why there is none.
pub async fn get(endpoint: &str, path: &str, patience: Duration) -> Result<Value, String> {
    let request = http::Request::get(format!("{endpoint}{path}"))
        .body(Bytes::new())
        .map_err(|error| error.to_string())?;
    let answer = tokio::time::timeout(patience, Transport::new().send(request))
        .await
        .map_err(|_| format!("no answer within {} s", patience.as_secs()))?
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&answer.body).map_err(|error| format!("status {}: {error}", answer.status))
}
