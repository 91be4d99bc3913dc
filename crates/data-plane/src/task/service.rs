use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::scheduler::{Order, Scheduler};
use super::{DeploymentFailure, DeploymentState, ServiceSpec, ServiceStatus, TaskContext};

/// Keeps a number of tasks running behind target groups and replaces them without failed requests. Cheap to clone;
/// when the last clone is dropped, its tasks are killed.
#[derive(Clone)]
pub struct TaskService(Arc<Inner>);

struct Inner {
    status: watch::Receiver<ServiceStatus>,
    orders: mpsc::UnboundedSender<Order>,
    /// Counts the specs given; the status tells which of them it has seen.
    revision: AtomicU64,
    _owner: JoinSet<()>,
}

impl TaskService {
    /// Starts the first deployment; returns at once. Must be called within a Tokio runtime.
    #[must_use]
    pub fn start(spec: ServiceSpec, context: TaskContext) -> Self {
        let (publish, status) = watch::channel(ServiceStatus::default());
        let (orders, received) = mpsc::unbounded_channel();
        let mut owner = JoinSet::new();
        owner.spawn(Scheduler::new(context, publish).run(received));
        let service = Self(Arc::new(Inner { status, orders, revision: AtomicU64::new(0), _owner: owner }));
        service.update(spec);
        service
    }

    /// Starts a new deployment when the tasks change, else scales or re-targets the present one.
    pub fn update(&self, spec: ServiceSpec) {
        let revision = self.0.revision.fetch_add(1, Ordering::AcqRel) + 1;
        // The scheduler goes only when the service was stopped; then there is nothing to update.
        let _ = self.0.orders.send(Order::Update { spec: Box::new(spec), revision });
    }

    /// Drains and stops one task; the service starts another in its place. A task that is gone does not matter.
    pub fn stop_task(&self, id: &str) {
        // The scheduler goes only when the service was stopped, and its tasks with it.
        let _ = self.0.orders.send(Order::StopTask(id.to_owned()));
    }

    /// The state now.
    #[must_use]
    pub fn status(&self) -> ServiceStatus {
        self.0.status.borrow().clone()
    }

    /// Follows the state.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<ServiceStatus> {
        self.0.status.clone()
    }

    /// Waits until what was last asked for is there: the newest deployment's tasks are running and healthy, all
    /// others have ended. Without a circuit breaker this may wait for ever.
    ///
    /// # Errors
    /// The circuit breaker gave up on the deployment. After a rollback the error still comes, once the previous
    /// deployment is steady again.
    pub async fn steady(&self) -> Result<(), DeploymentFailure> {
        let revision = self.0.revision.load(Ordering::Acquire);
        let settled = |status: &ServiceStatus| {
            let primary = status.deployments.first();
            let completed = primary.is_some_and(|one| one.state == DeploymentState::Completed);
            let moving = primary.is_some_and(|one| one.state == DeploymentState::InProgress);
            let given_up = status.failure.as_ref().is_some_and(|failure| !failure.rolled_back || !moving);
            status.stopped || status.revision >= revision && (given_up || completed)
        };
        let mut status = self.watch();
        // The scheduler is gone only when the service was stopped.
        let failure = status.wait_for(settled).await.ok().and_then(|status| status.failure.clone());
        failure.map_or(Ok(()), Err)
    }

    /// Drains and stops all tasks and ends the service.
    pub async fn stop(&self) {
        let _ = self.0.orders.send(Order::Stop);
        let mut status = self.watch();
        // An error says that the scheduler is gone, and its tasks with it.
        let _ = status.wait_for(|status| status.stopped).await;
    }
}
