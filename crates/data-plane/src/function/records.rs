//! What the platform itself writes to a function's log, as text lines or JSON records.
//! <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{FunctionSpec, LogFormat};

/// How an invocation ended, for its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Error,
    Timeout,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
        }
    }
}

/// The measures of one invocation.
#[derive(Debug, Clone)]
pub(super) struct Report<'a> {
    pub(super) request_id: &'a str,
    pub(super) duration: Duration,
    pub(super) billed: Duration,
    pub(super) init: Option<Duration>,
    pub(super) used_mb: u64,
    pub(super) status: Status,
}

pub(super) fn init_start(spec: &FunctionSpec, initialization_type: &str) -> String {
    match spec.log_format {
        LogFormat::Text => format!("INIT_START Runtime Version: {}", spec.runtime),
        LogFormat::Json => record(
            "platform.initStart",
            &json!({
                "initializationType": initialization_type,
                "phase": "init",
                "runtimeVersion": spec.runtime,
                "functionName": spec.name,
                "functionVersion": spec.version,
            }),
        ),
    }
}

pub(super) fn start(spec: &FunctionSpec, request_id: &str) -> String {
    match spec.log_format {
        LogFormat::Text => format!("START RequestId: {request_id} Version: {}", spec.version),
        LogFormat::Json => {
            record("platform.start", &json!({"requestId": request_id, "version": spec.version}))
        }
    }
}

/// A line of the platform about a failed invocation.
pub(super) fn failure(spec: &FunctionSpec, request_id: &str, status: Status, message: &str) -> String {
    match spec.log_format {
        LogFormat::Text => format!("{} {request_id} {message}", now()),
        LogFormat::Json => record(
            "platform.runtimeDone",
            &json!({"requestId": request_id, "status": status.name(), "errorMessage": message}),
        ),
    }
}

/// The lines that close an invocation.
pub(super) fn report(spec: &FunctionSpec, report: &Report<'_>) -> Vec<String> {
    let id = report.request_id;
    let (duration, billed) = (millis(report.duration), report.billed.as_millis());
    let (memory, used) = (spec.memory_mb, report.used_mb);
    match spec.log_format {
        LogFormat::Text => {
            let mut line = format!(
                "REPORT RequestId: {id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\t\
                 Memory Size: {memory} MB\tMax Memory Used: {used} MB\t"
            );
            if let Some(init) = report.init {
                // Writing to a string cannot fail.
                let _ = write!(line, "Init Duration: {:.2} ms\t", millis(init));
            }
            if report.status != Status::Success {
                let _ = write!(line, "Status: {}\t", report.status.name());
            }
            vec![format!("END RequestId: {id}"), line]
        }
        LogFormat::Json => {
            let mut metrics = json!({
                "durationMs": rounded(duration),
                "billedDurationMs": billed,
                "memorySizeMB": memory,
                "maxMemoryUsedMB": used,
            });
            if let Some(init) = report.init {
                metrics["initDurationMs"] = rounded(millis(init));
            }
            let status = report.status.name();
            vec![record("platform.report", &json!({"requestId": id, "metrics": metrics, "status": status}))]
        }
    }
}

/// The time now as platform records carry it.
fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let millis = now.replace_millisecond(now.millisecond()).unwrap_or(now);
    millis.format(&Rfc3339).unwrap_or_default()
}

fn record(kind: &str, record: &Value) -> String {
    json!({"time": now(), "type": kind, "record": record}).to_string()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn rounded(millis: f64) -> Value {
    json!((millis * 1000.0).round() / 1000.0)
}
