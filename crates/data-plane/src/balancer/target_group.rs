use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::health;
use super::target::{Health, Outstanding, Target};
use super::{Algorithm, TargetDescription, TargetGroupSpec, TargetState};
use crate::mutex::Mutex;

/// Targets of one kind, their health, and the connections kept to them. Dropping it ends the checks too.
pub struct TargetGroup {
    spec: Mutex<Arc<TargetGroupSpec>>,
    targets: Mutex<Targets>,
    next: AtomicUsize,
    descriptions: watch::Sender<Vec<TargetDescription>>,
    attachments: AtomicUsize,
    used: watch::Sender<bool>,
    tasks: TaskTracker,
    closed: CancellationToken,
}

#[derive(Default)]
struct Targets {
    all: Vec<Arc<Target>>,
    /// Those that get requests now.
    serving: Vec<Arc<Target>>,
}

/// Held by a listener that forwards to the group; while none is, the targets are unused.
pub(crate) struct Attachment(Arc<TargetGroup>);

impl Attachment {
    pub(crate) fn new(group: Arc<TargetGroup>) -> Self {
        group.attachments.fetch_add(1, Ordering::AcqRel);
        group.used.send_replace(true);
        Self(group)
    }

    pub(super) fn group(&self) -> &Arc<TargetGroup> {
        &self.0
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        if self.0.attachments.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.used.send_replace(false);
        }
    }
}

impl TargetGroup {
    /// Makes an empty group. Until a listener forwards to it, its targets are unused and not checked.
    #[must_use]
    pub fn start(spec: TargetGroupSpec) -> Arc<Self> {
        Arc::new(Self {
            spec: Mutex::new(Arc::new(spec)),
            targets: Mutex::default(),
            next: AtomicUsize::new(0),
            descriptions: watch::Sender::new(Vec::new()),
            attachments: AtomicUsize::new(0),
            used: watch::Sender::new(false),
            tasks: TaskTracker::new(),
            closed: CancellationToken::new(),
        })
    }

    /// Applies new settings to the targets that are registered, from their next check on.
    pub fn update(&self, spec: TargetGroupSpec) {
        *self.spec.lock() = Arc::new(spec);
    }

    /// Its settings.
    #[must_use]
    pub fn spec(&self) -> Arc<TargetGroupSpec> {
        Arc::clone(&self.spec.lock())
    }

    /// Adds a target; it serves once it is healthy. Must be called within a Tokio runtime.
    pub fn register(self: &Arc<Self>, address: SocketAddr) {
        let target = {
            let mut targets = self.targets.lock();
            let present = |target: &Arc<Target>| target.address() == address && !target.is_leaving();
            if self.closed.is_cancelled() || targets.all.iter().any(present) {
                return;
            }
            let target = Target::new(address, &self.closed);
            targets.all.push(Arc::clone(&target));
            target
        };
        self.publish();
        let group = Arc::downgrade(self);
        self.tasks.spawn(async move {
            let unchecked = target.unchecked.clone();
            tokio::select! {
                () = health::watch(group, target) => {}
                () = unchecked.cancelled() => {}
            }
        });
    }

    /// No new request goes to `address` from now on; it leaves when those in progress have ended, at the latest
    /// after the deregistration delay. Must be called within a Tokio runtime.
    pub fn deregister(self: &Arc<Self>, address: SocketAddr) {
        drop(self.drain(address));
    }

    /// Deregisters `address` at once; the future waits until it serves no request, whatever the delay is.
    pub(crate) fn drain(self: &Arc<Self>, address: SocketAddr) -> impl Future<Output = ()> + Send + 'static {
        let leaving = self.take_out(address);
        async move {
            if let Some(target) = leaving {
                target.quiet().await;
            }
        }
    }

    fn take_out(self: &Arc<Self>, address: SocketAddr) -> Option<Arc<Target>> {
        let leaving = {
            let mut targets = self.targets.lock();
            let present = |target: &&Arc<Target>| target.address() == address && !target.is_leaving();
            let target = targets.all.iter().find(present).map(Arc::clone)?;
            target.leave();
            targets.refresh();
            target
        };
        self.publish();
        let (group, closed) = (Arc::downgrade(self), self.closed.clone());
        let (delay, target) = (self.spec().deregistration_delay, Arc::clone(&leaving));
        self.tasks.spawn(async move {
            tokio::select! {
                _ = timeout(delay, target.quiet()) => {}
                () = closed.cancelled() => {}
            }
            if let Some(group) = group.upgrade() {
                group.targets.lock().all.retain(|one| !Arc::ptr_eq(one, &target));
                group.publish();
            }
        });
        Some(leaving)
    }

    /// Waits until `address`, once it was deregistered, has left.
    pub async fn deregistered(&self, address: SocketAddr) {
        let left = |targets: &Vec<TargetDescription>| {
            !targets.iter().any(|target| target.address == address && target.state == TargetState::Draining)
        };
        // The sender is in `self`, so waiting cannot fail.
        let _ = self.descriptions.subscribe().wait_for(left).await;
    }

    /// All targets with their health.
    #[must_use]
    pub fn targets(&self) -> Vec<TargetDescription> {
        self.targets.lock().all.iter().map(|target| target.describe()).collect()
    }

    /// Follows the health of the targets. The number of outstanding requests in it is that of the last change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Vec<TargetDescription>> {
        self.descriptions.subscribe()
    }

    /// Ends the health checks and closes the connections.
    pub async fn stop(&self) {
        self.closed.cancel();
        *self.targets.lock() = Targets::default();
        self.publish();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Chooses the target of a request and counts the request in.
    pub(super) fn admit(&self) -> Option<Outstanding> {
        let targets = self.targets.lock();
        let count = targets.serving.len();
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        match self.spec.lock().algorithm {
            _ if count == 0 => None,
            Algorithm::RoundRobin => Some(targets.serving[turn % count].admit()),
            Algorithm::LeastOutstandingRequests => {
                // Beginning at another target each time spreads requests over equally loaded ones.
                let candidates = (0..count).map(|offset| &targets.serving[(turn + offset) % count]);
                candidates.min_by_key(|target| target.outstanding()).map(Target::admit)
            }
        }
    }

    /// Chooses the least busy target that serves fewer than `limit` requests, and counts the request in. All that ask
    /// with a limit take turns, so that no target gets more.
    pub(crate) fn admit_below(&self, limit: usize) -> Option<Outstanding> {
        let targets = self.targets.lock();
        let free = targets.serving.iter().filter(|target| target.outstanding() < limit);
        free.min_by_key(|target| target.outstanding()).map(Target::admit)
    }

    pub(super) fn used(&self) -> watch::Receiver<bool> {
        self.used.subscribe()
    }

    /// Takes note of a check.
    pub(super) fn report(&self, target: &Target, health: Health) {
        if target.set_health(health) {
            self.targets.lock().refresh();
            self.publish();
        }
    }

    fn publish(&self) {
        self.descriptions.send_replace(self.targets());
    }
}

impl Drop for TargetGroup {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

impl Targets {
    /// Healthy targets serve; if there are none, unhealthy ones do, which is better than certain failure.
    fn refresh(&mut self) {
        let of = |state: TargetState| -> Vec<Arc<Target>> {
            self.all.iter().filter(|target| target.state() == state).map(Arc::clone).collect()
        };
        let healthy = of(TargetState::Healthy);
        self.serving = if healthy.is_empty() { of(TargetState::Unhealthy) } else { healthy };
    }
}
