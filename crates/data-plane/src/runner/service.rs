use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::capacity::Capacity;
use super::door::Door;
use super::scaler::{Plan, run};
use super::{RunnerSpec, RunnerStatus};
use crate::balancer::{Algorithm, Attachment, TargetGroup, TargetGroupSpec};
use crate::mutex::Mutex;
use crate::server::HttpServer;
use crate::task::{DeploymentFailure, TaskContext, TaskService};

/// How long a connection without a request stays open.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// How long an instance that leaves may finish its requests.
const DRAIN: Duration = Duration::from_secs(30);

/// A service of App Runner with a loopback port of its own. Dropping it kills its instances; [`Runner::stop`] ends
/// them gently.
pub struct Runner {
    door: Arc<Door>,
    plan: Arc<Mutex<Plan>>,
    service: TaskService,
    server: HttpServer,
    /// The group's health checks run while this is held.
    _used: Attachment,
    _scaler: JoinSet<()>,
}

impl Runner {
    /// Starts the instances that are always kept and serves on `socket`; returns before they are healthy. Must be
    /// called within a Tokio runtime.
    ///
    /// # Errors
    /// The address of the socket cannot be read.
    pub fn start(spec: RunnerSpec, socket: TcpListener, context: TaskContext) -> io::Result<Self> {
        let group = TargetGroup::start(group_spec(&spec));
        let used = Attachment::new(Arc::clone(&group));
        let capacity = Capacity::new(Arc::clone(&group), spec.scaling);
        let instances = spec.scaling.instances(0);
        let plan = Plan { spec, paused: false };
        let service = TaskService::start(plan.service(&group, instances), context);
        let plan = Arc::new(Mutex::new(plan));
        let mut scaler = JoinSet::new();
        scaler.spawn(run(service.clone(), Arc::clone(&capacity), Arc::clone(&plan)));
        let door = Arc::new(Door { capacity, paused: AtomicBool::new(false) });
        let server = HttpServer::start(socket, Arc::clone(&door), IDLE_TIMEOUT)?;
        Ok(Self { door, plan, service, server, _used: used, _scaler: scaler })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The state now.
    #[must_use]
    pub fn status(&self) -> RunnerStatus {
        RunnerStatus {
            paused: self.door.paused.load(Ordering::Acquire),
            requests: self.door.capacity.requests(),
            instances: self.service.status(),
        }
    }

    /// Waits until the instances that were last asked for are healthy and no others are left.
    ///
    /// # Errors
    /// They do not start.
    pub async fn steady(&self) -> Result<(), DeploymentFailure> {
        self.service.steady().await
    }

    /// Replaces the instances while the old ones serve, or only the bounds of their number where nothing else changed;
    /// waits for the end.
    ///
    /// # Errors
    /// The new instances do not start; then the old ones go on.
    pub async fn deploy(&self, spec: RunnerSpec) -> Result<(), DeploymentFailure> {
        let before = self.apply(spec);
        let outcome = self.service.steady().await;
        if outcome.is_err() {
            self.apply(before);
        }
        outcome
    }

    /// Makes `spec` what is to run, and gives what was.
    fn apply(&self, spec: RunnerSpec) -> RunnerSpec {
        let capacity = &self.door.capacity;
        let mut plan = self.plan.lock();
        capacity.group().update(group_spec(&spec));
        capacity.set_scaling(spec.scaling);
        let instances = spec.scaling.instances(capacity.requests());
        let before = std::mem::replace(&mut plan.spec, spec);
        self.service.update(plan.service(capacity.group(), instances));
        before
    }

    /// Ends all instances and answers nothing until [`Runner::resume`]; the port stays.
    ///
    /// # Errors
    /// None that can be expected: nothing is started.
    pub async fn pause(&self) -> Result<(), DeploymentFailure> {
        self.set_paused(true);
        self.service.steady().await
    }

    /// Starts the instances again.
    ///
    /// # Errors
    /// They do not start.
    pub async fn resume(&self) -> Result<(), DeploymentFailure> {
        self.set_paused(false);
        self.service.steady().await
    }

    fn set_paused(&self, paused: bool) {
        let capacity = &self.door.capacity;
        self.door.paused.store(paused, Ordering::Release);
        let mut plan = self.plan.lock();
        plan.paused = paused;
        let instances = plan.spec.scaling.instances(capacity.requests());
        self.service.update(plan.service(capacity.group(), instances));
    }

    /// Closes the port, waits for the requests in progress and ends all instances.
    pub async fn stop(&self) {
        self.server.stop().await;
        self.service.stop().await;
        self.door.capacity.group().stop().await;
    }
}

fn group_spec(spec: &RunnerSpec) -> TargetGroupSpec {
    TargetGroupSpec {
        name: spec.name.clone(),
        health_check: spec.health_check.clone(),
        algorithm: Algorithm::LeastOutstandingRequests,
        deregistration_delay: DRAIN,
    }
}
