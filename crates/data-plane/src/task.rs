//! Container tasks as processes of the image's own entry point, and services that keep a number of them running.

mod deployment;
mod health;
mod instance;
mod rootfs;
mod scheduler;
mod service;
mod spec;
mod status;
mod substitute;

pub use instance::Task;
pub use rootfs::{ImageRootfs, RootfsCache};
pub use service::TaskService;
pub use spec::{
    CircuitBreaker, DeploymentConfiguration, Image, ImageConfig, RootfsError, ServiceSpec, TaskContext,
    TaskError, TaskSpec,
};
pub use status::{
    Deployment, DeploymentFailure, DeploymentState, ServiceEvent, ServiceStatus, TaskExit, TaskState,
    TaskSummary,
};
pub use substitute::Substitute;
