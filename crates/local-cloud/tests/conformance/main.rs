//! boto3 and the AWS CLI, with the API models that they carry, judge the embedded cloud.
//!
//! The suite is Python, in `suite/`: it asks the cloud for every operation of every model to find out which ones are
//! served, and fails where one of those lacks a call that succeeds, a call that is refused, or an answer as its model
//! says. What it found out stands in `target/fidelity/operations.json` afterwards.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use data_plane::launcher::Launcher;
use local_cloud::{Cloud, CloudOptions};
use tempfile::TempDir;
use tokio::process::Command;

const FIXTURE: &str = env!("CARGO_BIN_EXE_local-cloud-fixture");
/// Many times what the suite takes.
const LIMIT: Duration = Duration::from_mins(4);

async fn cloud(directory: &TempDir) -> Cloud {
    let launcher = Launcher::new(PathBuf::from(FIXTURE), vec!["launch".into()]);
    let listener = CloudOptions::bind(0).await.unwrap();
    Cloud::start(CloudOptions::new(listener, directory.path().to_owned(), launcher)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_as_the_models_say() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = manifest.join("../..").canonicalize().unwrap();
    let python = workspace.join("target/tools/python/bin/python");
    assert!(python.exists(), "boto3 is not installed: run `cargo xtask tools`");
    let (asked_home, probed_home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    // Probes leave things behind that would disturb the scenarios.
    let (asked, probed) = (cloud(&asked_home).await, cloud(&probed_home).await);
    let mut suite = Command::new(python);
    suite
        .arg(manifest.join("tests/conformance/suite"))
        .args([asked.endpoint(), probed.endpoint(), FIXTURE])
        .arg(workspace.join("target/fidelity/operations.json"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, suite.output()).await;
    asked.stop().await;
    probed.stop().await;
    let Ok(output) = output else { panic!("the suite did not end within {} s", LIMIT.as_secs()) };
    let output = output.unwrap();
    let (words, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{words}\n{complaints}");
}
