//! One step of a developer command: a program that runs in the workspace's root and must succeed.
#![allow(clippy::print_stderr, reason = "a developer command speaks to a person on stderr")]

use std::ffi::OsString;
use std::io::Read;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::opinion::Verdict;

/// A step that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{program} could not be started: {source}; is it installed and on PATH?")]
    Start { program: String, source: std::io::Error },
    #[error("`{line}` ended with {status}")]
    Status { line: String, status: ExitStatus },
    #[error("{path} could not be {action}: {source}")]
    File { path: PathBuf, action: &'static str, source: std::io::Error },
    #[error("`{line}` ended with {status} and said:\n{said}")]
    Answer { line: String, status: ExitStatus, said: String },
    #[error("`{line}` was ended after {} s", limit.as_secs())]
    Slow { line: String, limit: Duration },
    #[error("{tool} does not catch {mutation}, so that its silence says nothing")]
    Blind { tool: &'static str, mutation: &'static str },
    #[error("{package} has no test program {target}, so that what it would ask was not asked")]
    NoTests { package: String, target: String },
    #[error("these tests failed, and said above why: {programs}")]
    Tests { programs: String },
    #[error("docs/fidelity.md was not what the tests found; it is now: look at what changed, and commit it")]
    Fidelity,
    #[error("{path} does not hold the facts that docs/fidelity.md tells: {source}")]
    Facts { path: PathBuf, source: serde_json::Error },
    #[error("{path} does not settle differences as it should: {source}")]
    Settled { path: PathBuf, source: Box<toml::de::Error> },
    #[error("not everything that was asked agrees")]
    Verdicts,
    #[error(
        "{failed}; {purpose} needs {package}: as root, `apt-get install {package}` or this command installs it"
    )]
    Package { package: &'static str, purpose: &'static str, failed: Box<Failed> },
    #[error("PATH cannot hold {path}: {source}")]
    Path { path: PathBuf, source: std::env::JoinPathsError },
}

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// When the first step began.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Says on stderr which step begins, and how many minutes and seconds after the first.
pub fn heading(text: &str) {
    let seconds = BEGAN.elapsed().as_secs();
    eprintln!("== {:02}:{:02} {text}", seconds / 60, seconds % 60);
}

/// Tells on stderr how things go.
pub fn tell(text: &str) {
    eprintln!("{text}");
}

/// Tells on stderr what each tool said, one line each.
pub fn summarize(verdicts: &[Verdict]) {
    heading("summary");
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

/// Builds with cargo, and gives what it tells of that: a JSON document on each line.
pub fn cargo_messages(arguments: &[&str]) -> Result<String, Failed> {
    let (program, line) = (cargo_program(), arguments.join(" "));
    let built = self::program(&program)
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Failed::Start { program: program.clone(), source })?;
    if !built.status.success() {
        return Err(Failed::Status { line: format!("{program} {line}"), status: built.status });
    }
    Ok(String::from_utf8_lossy(&built.stdout).into_owned())
}

/// `PATH` with a directory before the others.
pub fn path_with(directory: &Path) -> Result<OsString, Failed> {
    let others = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(iter::once(directory.to_owned()).chain(std::env::split_paths(&others)))
        .map_err(|source| Failed::Path { path: directory.to_owned(), source })
}

/// The cargo that runs this command.
pub fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// A program that does not see what cargo told this one about itself: build scripts watch such variables, so that the
/// same build by hand and by this command would each undo the other.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    for (variable, _) in std::env::vars_os() {
        let text = variable.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|own| text.starts_with(own)) {
            command.env_remove(&variable);
        }
    }
    command
}

/// Runs a program in the workspace's root and fails unless it succeeds.
pub fn run(program: &str, arguments: &[&str]) -> Result<(), Failed> {
    run_in(&root(), program, arguments)
}

/// Runs a program in a directory and fails unless it succeeds.
pub fn run_in(directory: &Path, program: &str, arguments: &[&str]) -> Result<(), Failed> {
    succeed(self::program(program).current_dir(directory), program, arguments)
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
    let mut child = self::program(program)
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
    let status = wait(child, &line(), limit)?;
    let said = reader.join().unwrap_or_default();
    if status.success() {
        return Ok(said);
    }
    Err(Failed::Answer { line: line(), status, said })
}

/// Waits for a program's end, and ends it when it takes longer than `limit`.
pub fn wait(mut child: Child, line: &str, limit: Duration) -> Result<ExitStatus, Failed> {
    let lost = |source| Failed::Start { program: line.into(), source };
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().map_err(lost)? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            child.kill().map_err(lost)?;
            child.wait().map_err(lost)?;
            return Err(Failed::Slow { line: line.into(), limit });
        }
        thread::sleep(Duration::from_millis(20));
    }
}
