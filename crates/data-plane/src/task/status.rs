use std::net::SocketAddr;
use std::time::SystemTime;

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskExit {
    /// Exit code, or 128 + signal as a shell gives it.
    pub code: i32,
    /// The end of its output.
    pub last_lines: Vec<String>,
}

/// `lastStatus` of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// Started, not yet healthy in its target groups.
    Pending,
    Running,
    /// Deregistered; serves what it has.
    Draining,
    /// Was sent SIGTERM.
    Stopping,
}

/// One task of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSummary {
    /// 32 hex digits.
    pub id: String,
    pub definition: String,
    pub address: SocketAddr,
    pub process_id: u32,
    pub state: TaskState,
    pub started_at: SystemTime,
}

/// `rolloutState` of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentState {
    InProgress,
    Completed,
    Failed,
}

/// One generation of tasks of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// `ecs-svc/` and a number.
    pub id: String,
    /// The newest is `PRIMARY`, others `ACTIVE`.
    pub primary: bool,
    pub definition: String,
    pub desired: u32,
    pub pending: u32,
    pub running: u32,
    /// Tasks that ended or could not start since the last one that became healthy.
    pub failed: u32,
    pub state: DeploymentState,
    /// Why it is in this state.
    pub reason: String,
    pub created_at: SystemTime,
}

/// A line of a service's history, in the words of ECS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEvent {
    pub at: SystemTime,
    pub message: String,
}

/// A service at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceStatus {
    pub desired: u32,
    pub pending: u32,
    pub running: u32,
    /// Newest first.
    pub deployments: Vec<Deployment>,
    /// Newest first, at most 100.
    pub events: Vec<ServiceEvent>,
    pub tasks: Vec<TaskSummary>,
    /// Set when the circuit breaker gave up on what was last asked for.
    pub failure: Option<DeploymentFailure>,
    /// How many specs the service has been given that this state takes into account.
    pub revision: u64,
    /// Set when the service has been stopped.
    pub stopped: bool,
}

/// The circuit breaker gave up on a deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tasks failed to start: {reason}{}", .last_lines.iter().flat_map(|line| ["\n  ", line]).collect::<String>())]
pub struct DeploymentFailure {
    /// Such as `the essential container exited with code 1`.
    pub reason: String,
    /// The last lines that a failed task printed.
    pub last_lines: Vec<String>,
    /// Whether the service went back to its previous deployment.
    pub rolled_back: bool,
}
