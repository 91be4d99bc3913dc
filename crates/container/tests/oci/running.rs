//! The image that a registry gives back, run by runc: it must answer as the same program does without a container.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use artifacts::image;
use artifacts::zip::Compression;
use artifacts::{Architecture, registry};
use rustix::process::Signal;

use crate::bundle::Container;
use crate::debian::DebianRegistry;
use crate::service::{Answer, Service};
use crate::skopeo::{Skopeo, layout};
use crate::topic::Topic;

const PATIENCE: Duration = Duration::from_secs(20);

/// Why this machine runs no containers, where it does not.
async fn refusal() -> Option<String> {
    let container = Container::of_true();
    let mut command = container.command();
    command.stderr(Stdio::piped());
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("runc goes on").unwrap();
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    (!output.status.success()).then(|| format!("runc ended with {}: {said}", output.status))
}

/// Says, where nobody can miss it, what is not asked here.
fn leave_out(refusal: &str) {
    // Not by `eprintln!`, which is silent when a test passes.
    let line = format!("LEFT OUT: this machine runs no containers, so the image was not run: {refusal}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// The program as it is released: symbols are most of it, and packing them takes most of the time.
fn program_without_symbols(folder: &Path) -> Vec<u8> {
    let stripped = folder.join("container");
    let program = env!("CARGO_BIN_EXE_container");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(program).status().unwrap();
    assert!(strip.success(), "strip ends with {strip}");
    fs::read(stripped).unwrap()
}

/// What does not change from one answer to the next.
fn content(answer: Answer) -> (u16, Vec<(String, String)>, String) {
    let lasting = answer.headers.into_iter().filter(|(name, _)| name != "date").collect();
    (answer.status, lasting, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pulled_image_answers_as_the_program_does() {
    if let Some(refusal) = refusal().await {
        leave_out(&refusal);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = program_without_symbols(folder.path());
    let built = image::of_program(&program, Architecture::host(), Compression::Fast).unwrap();
    let debian = DebianRegistry::start().await;
    let pushed = registry::push(&debian.client, &debian.uri, &built).await.unwrap();
    let skopeo = Skopeo::with(&[(&debian.uri, DebianRegistry::TOKEN)]);
    let pulled = folder.path().join("pulled");
    skopeo.copy(&format!("docker://{}", pushed.reference), &layout(&pulled), &[]).await.unwrap();
    let pulled = image::read_layout(&pulled).unwrap();

    let topic = Topic::start().await;
    let mut variables = topic.environment();
    variables.extend([
        ("WORKLOAD", "publish".to_owned()),
        ("PORT", "0".to_owned()),
        ("BIND_ADDRESS", "127.0.0.1".to_owned()),
    ]);
    let container = Container::of(&pulled, &variables);
    let boxed = Service::of(container.command()).await;
    let plain = Service::start(topic.environment()).await;
    let health = boxed.request("GET", "/healthz", None, b"").await;
    assert_eq!(health.status, 200, "{health:?}");
    for case in workload::publish::cases() {
        let mut answers = Vec::new();
        for service in [&boxed, &plain] {
            let answer = service.request(case.method, &case.path, case.content_type, &case.body).await;
            answers.push((content(answer), topic.take_messages()));
        }
        assert_eq!(answers[0], answers[1], "{}", case.name);
    }

    boxed.signal(Signal::TERM);
    let (status, _) = boxed.end().await;
    assert_eq!(status.code(), Some(0), "the container's program ends well when it is asked to: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_program_does_not_run() {
    if let Some(refusal) = refusal().await {
        leave_out(&refusal);
        return;
    }
    let image = image::of_program(b"no program", Architecture::host(), Compression::Fast).unwrap();
    let container = Container::of(&image, &[]);
    let mut command = container.command();
    command.stderr(Stdio::piped());
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("runc goes on").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("exec format error"), "{said}");
}
