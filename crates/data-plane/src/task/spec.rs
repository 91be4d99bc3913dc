use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::ImageRootfs;
use crate::LogSink;
use crate::balancer::TargetGroup;
use crate::launcher::Launcher;

/// An image as a registry gives it.
#[derive(Debug, Clone)]
pub struct Image {
    /// Digest of the manifest, `sha256:…`: the key of the cache.
    pub digest: String,
    /// tar or tar+gzip, base first.
    pub layers: Vec<Bytes>,
    pub config: ImageConfig,
}

/// The `config` object of an OCI image configuration.
#[derive(Debug, Clone, Default)]
pub struct ImageConfig {
    pub entrypoint: Vec<String>,
    pub cmd: Vec<String>,
    /// `NAME=value`.
    pub env: Vec<String>,
    pub working_dir: Option<String>,
}

impl ImageConfig {
    /// Reads an OCI or Docker image configuration document.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn from_json(document: &[u8]) -> Result<Self, serde_json::Error> {
        let document: serde_json::Value = serde_json::from_slice(document)?;
        let config = &document["config"];
        let list = |name: &str| -> Vec<String> {
            let items = config[name].as_array().into_iter().flatten();
            items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let working_dir = config["WorkingDir"].as_str().filter(|path| !path.is_empty()).map(str::to_owned);
        Ok(Self { entrypoint: list("Entrypoint"), cmd: list("Cmd"), env: list("Env"), working_dir })
    }
}

/// An image could not be unpacked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("image {digest} cannot be unpacked: {reason}")]
pub struct RootfsError {
    pub digest: String,
    pub reason: String,
}

/// One container as a process. It runs as the user who runs the cloud, whatever user the image names, because
/// an ordinary user cannot become another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSpec {
    pub family: String,
    /// Of the task definition, for events and snapshots: `family:revision` or its ARN.
    pub definition: String,
    pub container: String,
    pub rootfs: Arc<ImageRootfs>,
    /// Replace the image's entry point or command when set.
    pub entry_point: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    /// Replaces the image's working directory when set.
    pub working_dir: Option<String>,
    /// Over the image's and the context's variables.
    pub environment: BTreeMap<String, String>,
    /// The port of the container; its process gets a free loopback port as `PORT` instead.
    pub container_port: Option<u16>,
    /// CPU units; 1024 is one processor. Not enforced: all tasks share this machine.
    pub cpu: u32,
    pub memory_mb: u32,
    pub open_files: Option<u64>,
    pub log_group: Option<String>,
    /// `awslogs-stream-prefix`; the stream is `prefix/container/task-id`.
    pub log_stream_prefix: String,
    /// From SIGTERM to SIGKILL.
    pub stop_timeout: Duration,
}

/// What tasks need around them.
#[derive(Clone)]
pub struct TaskContext {
    pub launcher: Launcher,
    pub logs: Arc<dyn LogSink>,
    /// Variables that every task gets, such as `AWS_ENDPOINT_URL`.
    pub environment: BTreeMap<String, String>,
}

/// Why a process could not be started.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TaskError {
    #[error("{family}: the image {digest} names no entry point or command, and the task definition neither")]
    NoProgram { family: String, digest: String },
    #[error("{family}: exec: \"{program}\": not found in the image {digest}")]
    ProgramNotFound { family: String, program: String, digest: String },
    #[error("{family}: the process could not be started: {reason}")]
    Spawn { family: String, reason: String },
}

/// A number of equal tasks behind target groups.
#[derive(Clone)]
pub struct ServiceSpec {
    pub name: String,
    pub task: TaskSpec,
    pub desired_count: u32,
    /// Each task is registered with all of these, and counts as healthy when all say so.
    pub target_groups: Vec<Arc<TargetGroup>>,
    pub deployment: DeploymentConfiguration,
    /// How long after its start a task may fail health checks and live.
    pub health_check_grace_period: Duration,
    /// Replace the tasks even when nothing in them changed.
    pub force_new_deployment: bool,
}

impl ServiceSpec {
    /// Whether tasks of `self` may go on as tasks of `other`.
    pub(super) fn runs_the_same(&self, other: &Self) -> bool {
        let groups = self.target_groups.iter().zip(&other.target_groups);
        self.task == other.task
            && self.target_groups.len() == other.target_groups.len()
            && groups.into_iter().all(|(one, another)| Arc::ptr_eq(one, another))
    }
}

/// How a service replaces its tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeploymentConfiguration {
    /// Of the desired count, rounded up.
    pub minimum_healthy_percent: u32,
    /// Of the desired count, rounded down.
    pub maximum_percent: u32,
    pub circuit_breaker: Option<CircuitBreaker>,
}

impl Default for DeploymentConfiguration {
    fn default() -> Self {
        Self { minimum_healthy_percent: 100, maximum_percent: 200, circuit_breaker: None }
    }
}

/// Gives up on a deployment after half the desired count of consecutive failed tasks (at least 3, at most 200).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// Go back to the last deployment that completed.
    pub rollback: bool,
}
