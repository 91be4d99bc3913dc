//! Traces of requests, sent to X-Ray by the program itself.
//!
//! API Gateway and Lambda send segments of their own; a load balancer only makes the header, so a task has to speak for
//! itself. It calls `PutTraceSegments` in the background: the daemon and the X-Ray SDKs are in maintenance, and a collector
//! beside each task would cost a quarter of its memory.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use signed_http::{Client, Request};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::aws;

/// Segments that wait to be sent; more are dropped, since requests matter more than their traces.
const WAITING: usize = 256;
/// Segments of one call; each has some 400 bytes, and a call takes 64 KB.
const BATCH: usize = 50;
/// How long a segment may wait for others.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest that a call may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of the requests that nobody has decided about, the first of each second and then one in this many are traced.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html>
const ONE_IN: u64 = 20;

/// Sends the segments of one service.
#[derive(Debug)]
pub struct Tracer {
    name: String,
    segments: mpsc::Sender<String>,
    second: Mutex<Second>,
}

/// How many requests the present second has had that nobody had decided about.
#[derive(Debug, Default)]
struct Second {
    of: u64,
    requests: u64,
}

/// A request that is being traced.
#[derive(Debug)]
pub struct Trace {
    root: String,
    id: String,
    parent: Option<String>,
    begin: SystemTime,
}

/// What became of a traced request.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The HTTP status.
    pub status: u16,
}

impl Tracer {
    /// A tracer where `TRACE_NAME` names the service, with the future that sends, which is to be driven beside the service.
    /// It ends when the tracer is dropped and all is sent.
    pub async fn from_env() -> Option<(Tracer, impl Future<Output = ()> + Send + use<>)> {
        let name = std::env::var("TRACE_NAME").ok().filter(|name| !name.trim().is_empty())?;
        Some(Tracer::new(name, Client::new(&aws::loader().load().await)))
    }

    /// A tracer for a service, as [`Tracer::from_env`] makes it.
    pub fn new(name: String, client: Client) -> (Tracer, impl Future<Output = ()> + Send + use<>) {
        let (segments, waiting) = mpsc::channel(WAITING);
        (Tracer { name, segments, second: Mutex::default() }, send(client, waiting))
    }

    /// Begins to trace a request with this `X-Amzn-Trace-Id`, if it is to be traced: whoever made the header may have decided.
    pub fn begin(&self, header: Option<&str>) -> Option<Trace> {
        let begin = SystemTime::now();
        let header = Header::read(header.unwrap_or_default());
        if !header.sampled.unwrap_or_else(|| self.samples(begin)) {
            return None;
        }
        let root = header.root.map_or_else(|| new_root(begin), str::to_owned);
        Some(Trace { root, id: new_id(), parent: header.parent.map(str::to_owned), begin })
    }

    /// Ends a trace. Nothing waits for it to be sent.
    pub fn end(&self, trace: &Trace, outcome: Outcome<'_>) {
        if self.segments.try_send(trace.segment(&self.name, outcome).to_string()).is_err() {
            tracing::debug!("a segment was dropped, as too many wait to be sent");
        }
    }

    fn samples(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if second.of != now {
            *second = Second { of: now, requests: 0 };
        }
        second.requests += 1;
        second.requests % ONE_IN == 1
    }
}

impl Trace {
    fn segment(&self, name: &str, outcome: Outcome<'_>) -> Value {
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let mut segment = json!({
            "name": name,
            "id": self.id,
            "trace_id": self.root,
            "start_time": seconds(self.begin),
            "end_time": seconds(SystemTime::now()),
            "http": {
                "request": {"method": outcome.method, "url": outcome.path},
                "response": {"status": outcome.status},
            },
        });
        if let Some(parent) = &self.parent {
            segment["parent_id"] = parent.as_str().into();
        }
        match outcome.status {
            429 => (segment["error"], segment["throttle"]) = (true.into(), true.into()),
            400..=499 => segment["error"] = true.into(),
            500..=599 => segment["fault"] = true.into(),
            _ => {}
        }
        segment
    }
}

/// Sends what comes, several at a time.
async fn send(client: Client, mut waiting: mpsc::Receiver<String>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let documents = json!({ "TraceSegmentDocuments": batch }).to_string();
        let request = Request::new("xray", http::Method::POST, "/TraceSegments")
            .header("content-type", "application/json")
            .body(documents);
        match tokio::time::timeout(PATIENCE, client.call(request)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, segments = batch.len(), "X-Ray did not take segments"),
            Err(_) => tracing::warn!(segments = batch.len(), "X-Ray did not take segments in time"),
        }
        batch.clear();
        if !waiting.is_closed() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn new_id() -> String {
    Uuid::new_v4().simple().to_string()[..16].to_owned()
}

fn new_root(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("1-{seconds:08x}-{}", &Uuid::new_v4().simple().to_string()[..24])
}

/// What `X-Amzn-Trace-Id: Root=1-…;Parent=…;Sampled=1` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Header<'a> {
    root: Option<&'a str>,
    parent: Option<&'a str>,
    sampled: Option<bool>,
}

impl<'a> Header<'a> {
    fn read(text: &'a str) -> Header<'a> {
        let mut header = Header::default();
        for (name, value) in text.split(';').filter_map(|part| part.trim().split_once('=')) {
            match (name, value) {
                ("Root", root) if is_root(root) => header.root = Some(root),
                ("Parent", parent) if is_hex(parent, 16) => header.parent = Some(parent),
                ("Sampled", "0") => header.sampled = Some(false),
                ("Sampled", "1") => header.sampled = Some(true),
                _ => {}
            }
        }
        header
    }
}

fn is_root(text: &str) -> bool {
    let mut parts = text.split('-');
    let sizes = [("1", 1), ("", 8), ("", 24)];
    let right = sizes.iter().all(|(exact, size)| {
        parts.next().is_some_and(|part| is_hex(part, *size) && (exact.is_empty() || part == *exact))
    });
    right && parts.next().is_none()
}

fn is_hex(text: &str, size: usize) -> bool {
    text.len() == size && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    fn tracer() -> (Tracer, mpsc::Receiver<String>) {
        let (segments, waiting) = mpsc::channel(WAITING);
        (Tracer { name: "items".to_owned(), segments, second: Mutex::default() }, waiting)
    }

    #[test]
    fn whoever_made_the_header_decides() {
        let (tracer, _waiting) = tracer();
        let of = |text: &str| tracer.begin(Some(text));
        let trace = of(&format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1")).unwrap();
        assert_eq!((trace.root.as_str(), trace.parent.as_deref()), (ROOT, Some("53995c3f42cd8ad8")));
        assert!(is_hex(&trace.id, 16), "{}", trace.id);
        assert!(of(&format!("Root={ROOT};Sampled=0")).is_none());
    }

    #[test]
    fn otherwise_few_requests_are_traced() {
        let (tracer, _waiting) = tracer();
        let begun = (0..400).filter_map(|_| tracer.begin(Some(&format!("Root={ROOT};Self=x")))).count();
        // 400 requests take far less than the three seconds that would make it more.
        assert!((20..=23).contains(&begun), "{begun}");
    }

    #[test]
    fn nonsense_in_the_header_is_not_passed_on() {
        for root in [
            "",
            "1-5759e988",
            "2-5759e988-bd862e3fe1be46a994272793",
            "1-5759e988-bd862e3fe1be46a99427279\n",
            "\"},{",
        ] {
            let text = format!("Root={root};Parent=<script>;Sampled=1");
            let header = Header::read(&text);
            assert_eq!((header.root, header.parent, header.sampled), (None, None, Some(true)), "{root}");
        }
        let root = new_root(SystemTime::now());
        assert_eq!(Header::read(&format!("Root={root}")).root, Some(root.as_str()), "what it makes it reads");
    }

    #[test]
    fn a_segment_says_what_became_of_the_request() {
        let (tracer, mut waiting) = tracer();
        let trace = tracer.begin(Some(&format!("Root={ROOT};Sampled=1"))).unwrap();
        for (status, flags) in [
            (200, [false, false, false]),
            (404, [true, false, false]),
            (429, [true, true, false]),
            (502, [false, false, true]),
        ] {
            tracer.end(&trace, Outcome { method: "GET", path: "/items", status });
            let segment: Value = serde_json::from_str(&waiting.try_recv().unwrap()).unwrap();
            assert_eq!((&segment["trace_id"], &segment["name"]), (&json!(ROOT), &json!("items")));
            assert_eq!(segment["http"]["response"]["status"], status);
            assert_eq!(["error", "throttle", "fault"].map(|flag| segment[flag] == true), flags, "{status}");
            assert!(segment["end_time"].as_f64() >= segment["start_time"].as_f64());
        }
    }

    #[test]
    fn what_cannot_be_sent_in_time_is_dropped() {
        let (tracer, waiting) = tracer();
        let trace = tracer.begin(Some("Sampled=1")).unwrap();
        for _ in 0..WAITING + 10 {
            tracer.end(&trace, Outcome { method: "GET", path: "/items", status: 200 });
        }
        assert_eq!(waiting.len(), WAITING);
    }
}
