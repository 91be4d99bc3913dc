use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::FunctionSpec;
use super::records::Status;
use crate::process::exit_code;

/// Why an environment ended.
pub(super) enum Failure {
    Init(String),
    Exit(ExitStatus),
    Timeout,
}

impl Failure {
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Init(reason) => reason.clone(),
            Self::Exit(status) => format!("the process exited with code {}", exit_code(*status)),
            Self::Timeout => "it took too long".to_owned(),
        }
    }

    /// Error type, message and status of the invocation that was cut off.
    pub(super) fn of_invocation(&self, spec: &FunctionSpec) -> (&'static str, String, Status) {
        match self {
            Self::Timeout => {
                let seconds = spec.timeout.as_secs_f64();
                let message = format!("Task timed out after {seconds:.2} seconds");
                ("Sandbox.Timedout", message, Status::Timeout)
            }
            Self::Init(reason) => ("Runtime.InitError", reason.clone(), Status::Error),
            Self::Exit(status) => ("Runtime.ExitError", exit_message(*status), Status::Error),
        }
    }
}

fn exit_message(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
        (None, Some(6)) => "Runtime exited with error: signal: aborted".to_owned(),
        (None, Some(11)) => "Runtime exited with error: signal: segmentation fault".to_owned(),
        (None, signal) => format!("Runtime exited with error: signal: {}", signal.unwrap_or_default()),
    }
}
