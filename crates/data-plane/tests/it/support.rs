//! What all tests start with.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_plane::LogSink;
use data_plane::function::{AccountConcurrency, FunctionContext, FunctionSpec, LogFormat};
use data_plane::launcher::Launcher;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub const FIXTURE: &str = env!("CARGO_BIN_EXE_data-plane-fixture");

pub fn launcher() -> Launcher {
    Launcher::new(PathBuf::from(FIXTURE), vec!["launch".into()])
}

/// Keeps what is logged.
#[derive(Default)]
pub struct Memory(Mutex<Vec<(String, String, String)>>);

impl LogSink for Memory {
    fn write(&self, group: &str, stream: &str, message: &str) {
        self.0.lock().unwrap().push((group.to_owned(), stream.to_owned(), message.to_owned()));
    }
}

impl Memory {
    pub fn messages(&self, group: &str) -> Vec<String> {
        let all = self.0.lock().unwrap();
        all.iter().filter(|(of, _, _)| of == group).map(|(_, _, message)| message.clone()).collect()
    }
}

/// Waits until `condition` holds, for 15 s at most.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !condition() {
        assert!(Instant::now() < deadline, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
}

/// A zip of files with their modes.
pub fn zip_of(files: &[(&str, &str, u32)]) -> Bytes {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content, mode) in files {
        zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner().into()
}

/// The code of a function that does what its payload says.
pub fn bootstrap() -> Bytes {
    zip_of(&[("bootstrap", &format!("#!/bin/sh\nexec {FIXTURE} bootstrap\n"), 0o755)])
}

pub fn function_spec() -> FunctionSpec {
    FunctionSpec {
        name: "worker".to_owned(),
        arn: "arn:aws:lambda:us-east-1:000000000000:function:worker".to_owned(),
        version: "$LATEST".to_owned(),
        code: bootstrap(),
        handler: "bootstrap".to_owned(),
        runtime: "provided.al2023".to_owned(),
        environment: BTreeMap::new(),
        memory_mb: 128,
        timeout: Duration::from_secs(3),
        log_group: "/aws/lambda/worker".to_owned(),
        log_format: LogFormat::Text,
        log_level: None,
        reserved_concurrency: None,
        provisioned: 0,
        tracing: false,
    }
}

/// A context whose directory lives as long as the returned guard.
pub fn function_context() -> (FunctionContext, Arc<Memory>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let logs = Arc::new(Memory::default());
    let context = FunctionContext {
        launcher: launcher(),
        logs: logs.clone(),
        directory: directory.path().to_owned(),
        region: "us-east-1".to_owned(),
        environment: BTreeMap::from([("AWS_ENDPOINT_URL".to_owned(), "http://127.0.0.1:1".to_owned())]),
        concurrency: AccountConcurrency::new(1000),
        idle_timeout: Duration::from_secs(600),
    };
    (context, logs, directory)
}
