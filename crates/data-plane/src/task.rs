//! Container tasks as processes of the image's own entry point, and services that keep a number of them running.

mod spec;
mod status;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub use spec::{
    CircuitBreaker, DeploymentConfiguration, Image, ImageConfig, RootfsError, ServiceSpec, TaskContext,
    TaskError, TaskSpec,
};
pub use status::{
    Deployment, DeploymentFailure, DeploymentState, ServiceEvent, ServiceStatus, TaskExit, TaskState,
    TaskSummary,
};

/// Image file systems, unpacked once per digest under one directory.
#[derive(Debug, Clone)]
pub struct RootfsCache {
    directory: PathBuf,
}

impl RootfsCache {
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Unpacks the layers of `image` in order, or finds them unpacked.
    pub async fn unpack(&self, image: Image) -> Result<Arc<ImageRootfs>, RootfsError> {
        Err(RootfsError { digest: image.digest, reason: self.directory.display().to_string() })
    }
}

/// An unpacked image.
#[derive(Debug)]
pub struct ImageRootfs {
    /// Where the image's `/` is.
    pub path: PathBuf,
    pub digest: String,
    pub config: ImageConfig,
}

/// One running process.
pub struct Task {}

impl Task {
    /// Starts the process; returns once it is spawned, not once it listens.
    pub fn start(spec: &TaskSpec, context: &TaskContext) -> Result<Self, TaskError> {
        let _ = context;
        Err(TaskError::Spawn { family: spec.family.clone(), reason: String::new() })
    }

    /// Where it was told to listen (`PORT`, `BIND_ADDRESS`).
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    /// Waits until the process has ended.
    pub async fn exited(&self) -> TaskExit {
        std::future::pending().await
    }

    /// SIGTERM, `grace`, then SIGKILL to the process group. Returns when it has ended.
    pub async fn stop(&self, grace: Duration) -> TaskExit {
        let _ = grace;
        std::future::pending().await
    }
}

/// Keeps a number of tasks running behind target groups and replaces them without failed requests. Cheap to clone.
#[derive(Clone)]
pub struct TaskService {
    status: watch::Receiver<ServiceStatus>,
}

impl TaskService {
    /// Starts the first deployment; returns at once.
    #[must_use]
    pub fn start(spec: ServiceSpec, context: TaskContext) -> Self {
        let _ = (spec, context);
        Self { status: watch::channel(ServiceStatus::default()).1 }
    }

    /// Starts a new deployment when the tasks change, else scales or re-targets the present one.
    pub fn update(&self, spec: ServiceSpec) {
        let _ = spec;
    }

    /// The state now.
    #[must_use]
    pub fn status(&self) -> ServiceStatus {
        self.status.borrow().clone()
    }

    /// Follows the state.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<ServiceStatus> {
        self.status.clone()
    }

    /// Waits until the newest deployment is complete: its tasks are running and healthy, all others have ended.
    ///
    /// # Errors
    /// The circuit breaker gave up on the deployment. After a rollback the error still comes, once the previous
    /// deployment is steady again.
    pub async fn steady(&self) -> Result<(), DeploymentFailure> {
        std::future::pending().await
    }

    /// Drains and stops all tasks and ends the service.
    pub async fn stop(&self) {}
}
