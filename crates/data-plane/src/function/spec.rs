use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::AccountConcurrency;
use crate::LogSink;
use crate::launcher::Launcher;

/// How the platform's own records and the runtime's are written, as in `LoggingConfig.LogFormat`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    #[default]
    Text,
}

/// What a function is made of.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    pub name: String,
    /// Without a qualifier.
    pub arn: String,
    /// `$LATEST` or a number.
    pub version: String,
    /// A zip with an executable `bootstrap` at its top.
    pub code: Bytes,
    pub handler: String,
    /// Only `provided.*` runtimes can run.
    pub runtime: String,
    pub environment: BTreeMap<String, String>,
    pub memory_mb: u32,
    pub timeout: Duration,
    pub log_group: String,
    pub log_format: LogFormat,
    /// `AWS_LAMBDA_LOG_LEVEL` of the handler, for JSON logs; `INFO` when absent.
    pub log_level: Option<String>,
    /// The concurrency kept for, and the most allowed to, this function. 0 throttles every invocation.
    pub reserved_concurrency: Option<u32>,
    /// Environments started ahead of requests and never reaped.
    pub provisioned: u32,
    /// `TracingConfig: Active`: each invocation gets a sampled trace header.
    pub tracing: bool,
}

/// What the functions of one account share and need around them.
#[derive(Clone)]
pub struct FunctionContext {
    pub launcher: Launcher,
    pub logs: Arc<dyn LogSink>,
    /// Where code is unpacked, one directory a version; removed when no environment uses it.
    pub directory: PathBuf,
    pub region: String,
    /// Environment variables that every function gets, such as `AWS_ENDPOINT_URL` and credentials.
    pub environment: BTreeMap<String, String>,
    pub concurrency: AccountConcurrency,
    /// How long an environment without requests stays. The last one of a function stays for ever.
    pub idle_timeout: Duration,
}

/// How to invoke.
#[derive(Debug, Clone, Default)]
pub struct InvokeOptions {
    /// Return the last 4 KB of the log of this invocation; the answer then waits for the log to be complete.
    pub log_tail: bool,
    /// `X-Amz-Client-Context`, decoded JSON.
    pub client_context: Option<String>,
    /// An incoming `X-Amzn-Trace-Id`.
    pub trace_id: Option<String>,
    /// The ARN the caller used, if it had a qualifier.
    pub invoked_arn: Option<String>,
}

/// What one execution gave.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub request_id: String,
    /// The handler's JSON, or `{"errorType":…,"errorMessage":…}`.
    pub payload: Bytes,
    /// `Unhandled` when the handler, the runtime or a limit failed the invocation.
    pub function_error: Option<String>,
    /// The end of the log, when asked for.
    pub log_tail: Option<String>,
    pub duration: Duration,
    /// Rounded up to a millisecond.
    pub billed: Duration,
    /// Set when this invocation started the environment.
    pub init_duration: Option<Duration>,
    /// The version that ran.
    pub version: String,
}

/// Why a function was not run.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InvokeError {
    /// `TooManyRequestsException`; `reason` is AWS's, e.g. `ReservedFunctionConcurrentInvocationLimitExceeded`.
    #[error("rate exceeded for function {function} ({reason})")]
    Throttled { function: String, reason: &'static str },
    #[error("{size} byte payload is too large for the RequestResponse invocation type (limit {limit} bytes)")]
    PayloadTooLarge { size: usize, limit: usize },
    #[error("function {function} is stopped")]
    Stopped { function: String },
}

/// Why no environment could be started.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StartError {
    #[error("runtime {runtime} cannot run here: provided.al2023 and provided.al2 with a bootstrap can")]
    Runtime { runtime: String },
    #[error("the code of {function} is not usable: {reason}")]
    Code { function: String, reason: String },
    #[error("{function} could not be started: {reason}")]
    Spawn { function: String, reason: String },
    /// The process ended, reported an error or said nothing in time before its first request for work.
    #[error("{function} did not initialise: {reason}{}", .last_lines.iter().flat_map(|line| ["\n  ", line]).collect::<String>())]
    Init { function: String, reason: String, last_lines: Vec<String> },
    #[error("function {function} is stopped")]
    Stopped { function: String },
}
