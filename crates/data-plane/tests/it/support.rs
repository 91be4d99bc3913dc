//! What all tests start with.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_plane::LogSink;
use data_plane::balancer::{
    Action, Algorithm, HealthCheck, Listener, ListenerSpec, TargetGroup, TargetGroupSpec, WeightedTargetGroup,
};
use data_plane::function::{AccountConcurrency, FunctionContext, FunctionSpec, LogFormat};
use data_plane::launcher::Launcher;
use data_plane::task::{Image, ImageConfig, RootfsCache, TaskContext, TaskSpec};
use http::{Request, Response};
use http_body_util::BodyExt;
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
        idle_timeout: Duration::from_mins(10),
    };
    (context, logs, directory)
}

pub type Client = hyper_util::client::legacy::Client<
    hyper_util::client::legacy::connect::HttpConnector,
    http_body_util::Full<Bytes>,
>;

/// A client with a pool of connections.
pub fn client() -> Client {
    hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http()
}

pub async fn get(client: &Client, address: SocketAddr, path: &str) -> Response<Bytes> {
    send(client, Request::get(format!("http://{address}{path}")), "").await
}

pub async fn send(client: &Client, request: http::request::Builder, body: &str) -> Response<Bytes> {
    let request = request.body(http_body_util::Full::new(Bytes::from(body.to_owned()))).unwrap();
    let (parts, body) = client.request(request).await.unwrap().into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

pub fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

/// A gzipped tar of files, directories (`name/`), links (`name -> target`) and whiteouts.
pub fn layer(entries: &[(&str, &str, u32)]) -> Bytes {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (name, content, mode) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(*mode);
        if let Some((link, target)) = name.split_once(" -> ") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, link, target).unwrap();
            continue;
        }
        header.set_size(content.len() as u64);
        if name.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
        }
        // Set as raw bytes, so that names which lead out of the archive can be written too.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap().into()
}

/// An image whose entry point is the test web service.
pub fn image(digest: &str) -> Image {
    let program = format!("#!/bin/sh\nexec {FIXTURE} \"$@\"\n");
    Image {
        digest: digest.to_owned(),
        layers: vec![layer(&[("app/", "", 0o755), ("app/server", &program, 0o755)])],
        config: ImageConfig {
            entrypoint: vec!["/app/server".to_owned()],
            cmd: vec!["serve".to_owned()],
            env: vec!["FROM_IMAGE=yes".to_owned()],
            working_dir: Some("/app".to_owned()),
        },
    }
}

/// A task of the test web service; the directory with its image lives as long as the guard.
pub async fn task_spec() -> (TaskSpec, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let rootfs = RootfsCache::new(directory.path().to_owned()).unpack(image("sha256:app")).await.unwrap();
    let spec = TaskSpec {
        family: "web".to_owned(),
        definition: "web:1".to_owned(),
        container: "app".to_owned(),
        rootfs,
        entry_point: None,
        command: None,
        working_dir: None,
        environment: BTreeMap::new(),
        container_port: Some(8080),
        cpu: 256,
        memory_mb: 512,
        open_files: Some(256),
        log_group: Some("web".to_owned()),
        log_stream_prefix: "app".to_owned(),
        stop_timeout: Duration::from_secs(5),
    };
    (spec, directory)
}

pub fn with_variable(mut spec: TaskSpec, name: &str, value: &str) -> TaskSpec {
    spec.environment.insert(name.to_owned(), value.to_owned());
    spec
}

pub fn task_context() -> (TaskContext, Arc<Memory>) {
    let logs = Arc::new(Memory::default());
    let environment = BTreeMap::from([("AWS_REGION".to_owned(), "us-east-1".to_owned())]);
    (TaskContext { launcher: launcher(), logs: logs.clone(), environment }, logs)
}

pub fn target_group() -> Arc<TargetGroup> {
    TargetGroup::start(TargetGroupSpec {
        name: "web".to_owned(),
        health_check: HealthCheck {
            path: "/healthz".to_owned(),
            interval: Duration::from_millis(100),
            timeout: Duration::from_millis(500),
            healthy_threshold: 2,
            unhealthy_threshold: 2,
            ..HealthCheck::default()
        },
        algorithm: Algorithm::RoundRobin,
        deregistration_delay: Duration::from_secs(5),
    })
}

pub fn forward_to(groups: &[(&Arc<TargetGroup>, u32)]) -> Action {
    let weighted = groups
        .iter()
        .map(|(group, weight)| WeightedTargetGroup { target_group: Arc::clone(group), weight: *weight });
    Action::Forward(weighted.collect())
}

pub fn listener_spec(default_action: Action) -> ListenerSpec {
    ListenerSpec {
        port: 80,
        tls: None,
        default_action,
        rules: Vec::new(),
        idle_timeout: Duration::from_mins(1),
    }
}

pub async fn listener(spec: ListenerSpec) -> Arc<Listener> {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    Listener::start(spec, socket).unwrap()
}
