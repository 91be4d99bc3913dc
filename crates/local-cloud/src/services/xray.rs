//! X-Ray, as far as programs send it segments.
//!
//! <https://docs.aws.amazon.com/xray/latest/api/API_PutTraceSegments.html>

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Service;
use crate::wire::{ApiError, WireRequest, WireResponse};

/// The most segments that are kept; the oldest goes first.
const MOST_SEGMENTS: usize = 10_000;
/// The most bytes of a segment.
const LARGEST: usize = 64 * 1024;

/// The segments of one region.
#[derive(Default)]
pub struct XRay {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    segments: VecDeque<Value>,
    received: u64,
}

impl XRay {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many segments have come, those that are not kept any more among them.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.state().received
    }

    /// Keeps a segment's document.
    ///
    /// # Errors
    /// AWS's code and words for what is wrong with it.
    pub fn put(&self, document: &str) -> Result<(), (&'static str, String)> {
        if document.len() > LARGEST {
            return Err(("MaxSegmentSizeExceeded", format!("A segment has at most {LARGEST} bytes")));
        }
        let segment: Value =
            serde_json::from_str(document).map_err(|error| ("ParseError", error.to_string()))?;
        for member in ["id", "trace_id"] {
            if segment[member].as_str().is_none_or(str::is_empty) {
                return Err(("MissingId", format!("The segment has no {member}")));
            }
        }
        let mut state = self.state();
        state.received += 1;
        if state.segments.len() >= MOST_SEGMENTS {
            state.segments.pop_front();
        }
        state.segments.push_back(segment);
        Ok(())
    }

    /// The segments of a trace that are kept, in the order in which they came.
    #[must_use]
    pub fn trace(&self, id: &str) -> Vec<Value> {
        self.state().segments.iter().filter(|segment| segment["trace_id"] == id).cloned().collect()
    }
}

/// X-Ray on the wire.
pub struct XRayService(pub Arc<XRay>);

#[async_trait]
impl Service for XRayService {
    fn name(&self) -> &'static str {
        "xray"
    }

    fn operation(&self, request: &WireRequest) -> String {
        let name = match (&request.method, request.uri.path()) {
            (&Method::POST, "/TraceSegments") => "PutTraceSegments",
            (&Method::POST, "/Traces") => "BatchGetTraces",
            (method, path) => return format!("{method} {path}"),
        };
        name.to_owned()
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let answer = request.json().and_then(|input| match (&request.method, request.uri.path()) {
            (&Method::POST, "/TraceSegments") if strings(&input, "TraceSegmentDocuments").is_empty() => {
                Err(invalid("TraceSegmentDocuments is empty; send at least one segment."))
            }
            (&Method::POST, "/TraceSegments") => Ok(self.put(&input)),
            (&Method::POST, "/Traces") => {
                match strings(&input, "TraceIds").iter().find(|id| !is_trace_id(id)) {
                    None => Ok(self.traces(&input)),
                    Some(id) => Err(invalid(&format!(
                        "{id:?} is no trace ID, such as 1-58406520-a006649127e371903a2de979."
                    ))),
                }
            }
            _ => Err(ApiError::unknown_operation(&request, &self.operation(&request))),
        });
        WireResponse::of_rest_json(&request, answer.map(|value| (StatusCode::OK, Some(value))))
    }
}

fn strings<'i>(input: &'i Value, member: &str) -> Vec<&'i str> {
    input[member].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn invalid(message: &str) -> ApiError {
    ApiError::sender("InvalidRequestException", message)
}

/// `1-`, eight hexadecimal digits of the time, `-` and 24 more digits.
fn is_trace_id(id: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    let hex =
        |part: &str, digits: usize| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    matches!(parts.as_slice(), ["1", time, rest] if hex(time, 8) && hex(rest, 24))
}

impl XRayService {
    fn put(&self, input: &Value) -> Value {
        let documents = input["TraceSegmentDocuments"].as_array().into_iter().flatten();
        let refused: Vec<Value> = documents
            .filter_map(|document| self.0.put(document.as_str().unwrap_or_default()).err())
            .map(|(code, message)| json!({"ErrorCode": code, "Message": message}))
            .collect();
        json!({"UnprocessedTraceSegments": refused})
    }

    fn traces(&self, input: &Value) -> Value {
        let (mut traces, mut missing) = (Vec::new(), Vec::new());
        for id in input["TraceIds"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let segments = self.0.trace(id);
            if segments.is_empty() {
                missing.push(id);
                continue;
            }
            let segments: Vec<Value> = segments
                .iter()
                .map(|segment| json!({"Id": segment["id"], "Document": segment.to_string()}))
                .collect();
            traces.push(json!({"Id": id, "Segments": segments}));
        }
        json!({"Traces": traces, "UnprocessedTraceIds": missing})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_kept_by_their_trace_and_bounded() {
        let xray = XRay::default();
        for index in 0..MOST_SEGMENTS + 5 {
            xray.put(&json!({"id": index.to_string(), "trace_id": format!("t{}", index % 2)}).to_string())
                .unwrap();
        }
        assert_eq!(xray.received(), MOST_SEGMENTS as u64 + 5);
        assert_eq!(xray.trace("t0").len() + xray.trace("t1").len(), MOST_SEGMENTS);
        assert_eq!(xray.put("{").unwrap_err().0, "ParseError");
        assert_eq!(xray.put("{\"id\":\"1\"}").unwrap_err().0, "MissingId");
        let service = XRayService(Arc::new(XRay::default()));
        let put = service.put(&json!({"TraceSegmentDocuments": ["{\"id\":\"1\",\"trace_id\":\"t\"}", "x"]}));
        assert_eq!(put["UnprocessedTraceSegments"][0]["ErrorCode"], "ParseError");
        let traces = service.traces(&json!({"TraceIds": ["t", "u"]}));
        assert_eq!(
            (&traces["Traces"][0]["Id"], &traces["UnprocessedTraceIds"][0]),
            (&json!("t"), &json!("u"))
        );
    }
}
