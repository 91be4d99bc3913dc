//! One step of a developer command: a program that runs in the workspace's root and must succeed.
#![allow(clippy::print_stderr, reason = "a developer command speaks to a person on stderr")]

use std::io::Read;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::opinion::Verdict;

/// A step that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{program} could not be started: {source}; is it installed and on PATH?")]
    Start { program: String, source: std::io::Error },
    #[error("`{line}` ended with {status}")]
    Status { line: String, status: std::process::ExitStatus },
    #[error("{path} could not be {action}: {source}")]
    File { path: PathBuf, action: &'static str, source: std::io::Error },
    #[error("`{line}` ended with {status} and said:\n{said}")]
    Answer { line: String, status: std::process::ExitStatus, said: String },
    #[error("`{line}` was ended after {} s", limit.as_secs())]
    Slow { line: String, limit: Duration },
    #[error("{tool} does not catch {mutation}, so that its silence says nothing")]
    Blind { tool: &'static str, mutation: &'static str },
    #[error("not everything that was asked agrees")]
    Verdicts,
    #[error(
        "{0}; the tests of HTML reports need Chromium: as root, `apt-get install chromium` or this command installs it"
    )]
    Chromium(Box<Failed>),
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

/// Tells on stderr what each tool said, one line each.
pub fn summarize(verdicts: &[Verdict]) {
    eprintln!("== summary");
    let width = verdicts.iter().map(|verdict| verdict.tool.len()).max().unwrap_or_default();
    for Verdict { tool, seconds, outcome } in verdicts {
        let (word, text) = match outcome {
            Ok(text) => ("agrees", text.as_str()),
            Err(_) => ("FAILED", "its reason stands below"),
        };
        eprintln!("{tool:width$}  {word}  {seconds:6.1} s  {text}");
    }
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

/// The cargo that runs this command.
pub fn cargo_program() -> String {
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

/// Runs a program in the workspace's root and gives what it wrote to stdout; what it wrote until it failed is in the error.
/// It is ended when it takes longer than `limit`.
pub fn answer(program: &str, arguments: &[&str], limit: Duration) -> Result<String, Failed> {
    let start = |source| Failed::Start { program: program.into(), source };
    let line = || format!("{program} {}", arguments.join(" "));
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let mut stdout = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut said = Vec::new();
        // What a program wrote until its output broke is all that there is to know.
        let _ = stdout.as_mut().map(|stdout| stdout.read_to_end(&mut said));
        String::from_utf8_lossy(&said).into_owned()
    });
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(start)? {
            break status;
        }
        if Instant::now() >= deadline {
            child.kill().map_err(start)?;
            child.wait().map_err(start)?;
            return Err(Failed::Slow { line: line(), limit });
        }
        thread::sleep(Duration::from_millis(20));
    };
    let said = reader.join().unwrap_or_default();
    if status.success() {
        return Ok(said);
    }
    Err(Failed::Answer { line: line(), status, said })
}
