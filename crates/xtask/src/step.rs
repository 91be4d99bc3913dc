//! One step of a developer command: a program that runs in the workspace's root and must succeed.
#![allow(clippy::print_stderr, reason = "a developer command speaks to a person on stderr")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A step that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{program} could not be started: {source}; is it installed and on PATH?")]
    Start { program: String, source: std::io::Error },
    #[error("`{line}` ended with {status}")]
    Status { line: String, status: std::process::ExitStatus },
    #[error("{path} could not be {action}: {source}")]
    File { path: PathBuf, action: &'static str, source: std::io::Error },
}

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Says on stderr which step begins.
pub fn heading(text: &str) {
    eprintln!("== {text}");
}

/// Says on stderr why the command failed.
pub fn complain(failed: &Failed) {
    eprintln!("xtask: {failed}");
}

/// Runs cargo with these arguments in the workspace's root.
pub fn cargo(arguments: &[&str]) -> Result<(), Failed> {
    run(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments)
}

/// Runs a program in the workspace's root and fails unless it succeeds.
pub fn run(program: &str, arguments: &[&str]) -> Result<(), Failed> {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .status()
        .map_err(|source| Failed::Start { program: program.into(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Failed::Status { line: format!("{program} {}", arguments.join(" ")), status })
}
