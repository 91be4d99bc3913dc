//! Runs Cargo and reads what it says.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use crate::process_group::ProcessGroup;
use crate::{Artifact, BuildError, BuildEvent, Flavor, Workspace, static_rustc};

/// The longest that one run of Cargo may take: a slow machine with nothing compiled yet.
const LONGEST: Duration = Duration::from_hours(1);
/// The package of the running program, and its directory.
const THIS_PROGRAM: &str = "deploy";
/// How many of the last lines a failure shows.
const LAST_LINES: usize = 40;

/// A program that Cargo built.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) artifact: Artifact,
    pub(crate) program: PathBuf,
    /// Whether it was built before and still current.
    pub(crate) fresh: bool,
    pub(crate) elapsed: Duration,
}

/// What a run of Cargo said.
#[derive(Debug, Default)]
struct Output {
    messages: Vec<Value>,
    last_lines: VecDeque<String>,
}

/// Cargo's target directory for the workspace.
pub(crate) async fn target_directory(workspace: &Workspace) -> Result<PathBuf, BuildError> {
    if let Some(directory) = workspace.target_directory() {
        return Ok(directory.to_path_buf());
    }
    let arguments = ["metadata", "--no-deps", "--format-version", "1"].map(str::to_owned);
    let output = run(workspace, &arguments, None, "the workspace", &|_| {}).await?;
    let directory = output.messages.iter().find_map(|message| message["target_directory"].as_str());
    Ok(directory.map_or_else(|| workspace.root().join("target"), PathBuf::from))
}

/// Compiles artifacts; the result has their order. `target` is Cargo's target directory.
pub(crate) async fn compile(
    workspace: &Workspace,
    target: &Path,
    artifacts: &[Artifact],
    flavor: Flavor,
    on_event: &(dyn Fn(BuildEvent) + Send + Sync),
) -> Result<Vec<Compiled>, BuildError> {
    let rustc = match flavor {
        Flavor::Local => None,
        Flavor::Aws(architecture) => {
            crate::target::require(architecture).await?;
            Some(static_rustc::under(&target.join("artifacts"))?)
        }
    };
    let started = Instant::now();
    let names = artifacts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let arguments = arguments(workspace, artifacts, flavor);
    let output = run(workspace, &arguments, rustc.as_deref(), &names, on_event).await?;
    let elapsed = started.elapsed();
    let compiled = artifacts.iter().map(|artifact| {
        let (program, fresh) =
            program(&output, artifact).ok_or_else(|| BuildError::NoProgram { artifact: artifact.clone() })?;
        Ok(Compiled { artifact: artifact.clone(), program, fresh, elapsed })
    });
    compiled.collect()
}

fn arguments(workspace: &Workspace, artifacts: &[Artifact], flavor: Flavor) -> Vec<String> {
    let mut arguments = vec!["build".to_owned()];
    let mut packages: BTreeSet<&str> = artifacts.iter().map(Artifact::package).collect();
    if workspace.root().join(THIS_PROGRAM).join("Cargo.toml").is_file() {
        // Nothing of it is built, but dependencies get the features that they were compiled with for it, and so are
        // not compiled a second time.
        packages.insert(THIS_PROGRAM);
    }
    for package in packages {
        arguments.extend(["--package".to_owned(), package.to_owned()]);
    }
    let mut binaries: Vec<&str> = Vec::new();
    for artifact in artifacts {
        // An image and the program in it are one binary.
        if !binaries.contains(&artifact.binary()) {
            binaries.push(artifact.binary());
            arguments.extend(["--bin".to_owned(), artifact.binary().to_owned()]);
        }
    }
    arguments.push("--message-format=json-render-diagnostics".to_owned());
    let optimised = matches!(flavor, Flavor::Aws(_)) || !cfg!(debug_assertions);
    if optimised {
        arguments.push("--release".to_owned());
    }
    if let Flavor::Aws(architecture) = flavor
        && !crate::target::is_host(architecture)
    {
        arguments.extend(["--target".to_owned(), architecture.target().to_owned()]);
    }
    arguments
}

fn program(output: &Output, artifact: &Artifact) -> Option<(PathBuf, bool)> {
    output.messages.iter().rev().find_map(|message| {
        let is_it = message["reason"] == "compiler-artifact"
            && message["target"]["name"] == artifact.binary()
            && message["target"]["kind"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"));
        let executable = message["executable"].as_str().filter(|_| is_it)?;
        Some((PathBuf::from(executable), message["fresh"] == true))
    })
}

/// Whether `cargo run` sets this variable to describe the program that it runs. Build scripts that watch such a variable,
/// ring's among them, would run again, and all that depends on them would be compiled twice.
/// <https://doc.rust-lang.org/cargo/reference/environment-variables.html#environment-variables-cargo-sets-for-crates>
fn describes_a_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "CARGO_CRATE_NAME"
        || name == "CARGO_PRIMARY_PACKAGE"
        || ["CARGO_BIN_", "CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|start| name.starts_with(start))
}

async fn run(
    workspace: &Workspace,
    arguments: &[String],
    rustc: Option<&Path>,
    artifacts: &str,
    on_event: &(dyn Fn(BuildEvent) + Send + Sync),
) -> Result<Output, BuildError> {
    let program =
        std::env::var("CARGO").ok().filter(|cargo| !cargo.is_empty()).unwrap_or_else(|| "cargo".to_owned());
    tracing::debug!(program, ?arguments, "starting cargo");
    let mut command = Command::new(&program);
    if let Some(directory) = workspace.target_directory() {
        command.env("CARGO_TARGET_DIR", directory);
    }
    for (name, _) in std::env::vars_os().filter(|(name, _)| describes_a_package(name)) {
        command.env_remove(name);
    }
    if let Some(rustc) = rustc {
        command.env(static_rustc::VARIABLE, rustc);
    }
    command
        .args(arguments)
        .current_dir(workspace.root())
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_TERM_PROGRESS_WHEN", "never")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut cargo =
        ProcessGroup::spawn(&mut command).map_err(|source| BuildError::CargoMissing { program, source })?;
    let mut output = Output::default();
    let (stdout, stderr) = (cargo.leader.stdout.take(), cargo.leader.stderr.take());
    let reading = async {
        tokio::join!(
            each_line(stdout, |line| output.messages.extend(serde_json::from_str::<Value>(&line).ok())),
            each_line(stderr, |line| {
                if output.last_lines.len() == LAST_LINES {
                    output.last_lines.pop_front();
                }
                output.last_lines.push_back(line.clone());
                on_event(BuildEvent::Compiler { line });
            }),
        );
        cargo.wait().await
    };
    let status = tokio::time::timeout(LONGEST, reading)
        .await
        .map_err(|_| BuildError::TimedOut { artifacts: artifacts.to_owned(), after: LONGEST })?;
    match status {
        Ok(status) if status.success() => Ok(output),
        status => Err(BuildError::Compile {
            artifacts: artifacts.to_owned(),
            status: status.map_or_else(|error| error.to_string(), |status| status.to_string()),
            last_lines: Vec::from(output.last_lines).join("\n"),
        }),
    }
}

async fn each_line(stream: Option<impl AsyncRead + Unpin>, mut take: impl FnMut(String)) {
    let Some(stream) = stream else { return };
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        take(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;

    #[test]
    fn what_describes_the_running_program_is_kept_from_the_build() {
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_CRATE_NAME", "CARGO_BIN_NAME"] {
            assert!(describes_a_package(OsStr::new(name)), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "CARGO", "PATH"] {
            assert!(!describes_a_package(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn one_run_builds_all_programs_for_this_machine() {
        let artifacts = [
            Artifact::Lambda("publish".to_owned()),
            Artifact::Lambda("query".to_owned()),
            Artifact::Container,
            Artifact::Program,
        ];
        let line = arguments(&Workspace::find().unwrap(), &artifacts, Flavor::Local).join(" ");
        assert!(
            line.starts_with(
                "build --package container --package deploy --package lambda --bin publish --bin query --bin container --message-format"
            ),
            "{line}"
        );
        assert!(!line.contains("crt-static"), "{line}");
    }

    #[test]
    fn programs_for_aws_are_optimised_also_by_an_unoptimised_program() {
        let aws = Flavor::Aws(Architecture::host());
        let line = arguments(&Workspace::find().unwrap(), &[Artifact::Container], aws).join(" ");
        assert!(line.starts_with("build --package container --package deploy --bin container"), "{line}");
        assert!(line.contains("--release"), "{line}");
    }
}
