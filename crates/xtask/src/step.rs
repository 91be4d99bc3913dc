//! One step of a developer command: a program that runs in the workspace's root and must succeed.
#![allow(clippy::print_stderr, reason = "a developer command speaks to a person on stderr")]

use std::iter;
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
    #[error("PATH cannot hold {path}: {source}")]
    Path { path: PathBuf, source: std::env::JoinPathsError },
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
    run(&cargo_program(), arguments)
}

/// Runs cargo as [`cargo`] does; what it starts finds the programs in `directory` before others.
pub fn cargo_with(directory: &Path, arguments: &[&str]) -> Result<(), Failed> {
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(iter::once(directory.to_owned()).chain(std::env::split_paths(&others)))
        .map_err(|source| Failed::Path { path: directory.to_owned(), source })?;
    let program = cargo_program();
    succeed(Command::new(&program).env("PATH", path).current_dir(root()), &program, arguments)
}

fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// Runs a program in the workspace's root and fails unless it succeeds.
pub fn run(program: &str, arguments: &[&str]) -> Result<(), Failed> {
    run_in(&root(), program, arguments)
}

/// Runs a program in a directory and fails unless it succeeds.
pub fn run_in(directory: &Path, program: &str, arguments: &[&str]) -> Result<(), Failed> {
    succeed(Command::new(program).current_dir(directory), program, arguments)
}

fn succeed(command: &mut Command, program: &str, arguments: &[&str]) -> Result<(), Failed> {
    let status = command
        .args(arguments)
        .status()
        .map_err(|source| Failed::Start { program: program.into(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Failed::Status { line: format!("{program} {}", arguments.join(" ")), status })
}
