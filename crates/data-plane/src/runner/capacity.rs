//! Who may come in, and which instance serves whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{Notify, watch};

use super::Scaling;
use crate::balancer::{Outstanding, TargetGroup};
use crate::mutex::Mutex;

/// Counts the requests of a service, and tells how many instances they want.
pub(super) struct Capacity {
    group: Arc<TargetGroup>,
    scaling: Mutex<Scaling>,
    requests: AtomicU32,
    /// The most requests at a time since it was last asked for.
    peak: AtomicU32,
    /// How many instances the requests of this moment want; only grows until the scaler lowers it.
    wanted: watch::Sender<u32>,
    /// Told when a request ends or an instance becomes healthy.
    freed: Notify,
}

/// One request, from its arrival until its answer has been read.
pub(super) struct Slot(Arc<Capacity>);

impl Capacity {
    pub(super) fn new(group: Arc<TargetGroup>, scaling: Scaling) -> Arc<Self> {
        Arc::new(Self {
            group,
            wanted: watch::Sender::new(scaling.min_size),
            scaling: Mutex::new(scaling),
            requests: AtomicU32::new(0),
            peak: AtomicU32::new(0),
            freed: Notify::new(),
        })
    }

    pub(super) fn group(&self) -> &Arc<TargetGroup> {
        &self.group
    }

    pub(super) fn scaling(&self) -> Scaling {
        *self.scaling.lock()
    }

    /// Applies other bounds to the requests from now on.
    pub(super) fn set_scaling(&self, scaling: Scaling) {
        *self.scaling.lock() = scaling;
        self.want(scaling.instances(self.requests()));
        self.freed.notify_waiters();
    }

    pub(super) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Acquire)
    }

    /// The most requests at a time since the last call.
    pub(super) fn take_peak(&self) -> u32 {
        self.peak.swap(self.requests(), Ordering::AcqRel)
    }

    /// Follows how many instances are wanted.
    pub(super) fn wanted(&self) -> watch::Receiver<u32> {
        self.wanted.subscribe()
    }

    /// Sets how many instances are wanted, whatever it was.
    pub(super) fn want(&self, instances: u32) {
        self.wanted.send_if_modified(|wanted| std::mem::replace(wanted, instances) != instances);
    }

    /// Counts a request in; `None` where it is one more than all instances that may run can serve.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Slot> {
        let scaling = self.scaling();
        let before = self.requests.fetch_add(1, Ordering::AcqRel);
        let slot = Slot(Arc::clone(self));
        if before >= scaling.most_requests() {
            return None;
        }
        self.peak.fetch_max(before + 1, Ordering::AcqRel);
        let instances = scaling.instances(before + 1);
        if instances > *self.wanted.borrow() {
            self.wanted
                .send_if_modified(|wanted| std::mem::replace(wanted, instances.max(*wanted)) < instances);
        }
        Some(slot)
    }

    /// An instance with room for one more request, if there is one now.
    pub(super) fn try_admit(&self) -> Option<Outstanding> {
        self.group.admit_below(self.scaling().max_concurrency as usize)
    }

    /// Waits for an instance with room for one more request.
    pub(super) async fn admit(&self) -> Outstanding {
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // Listening before looking, so that no end is missed.
            freed.as_mut().enable();
            if let Some(admitted) = self.try_admit() {
                return admitted;
            }
            freed.await;
        }
    }

    /// Lets everybody who waits look again.
    pub(super) fn changed(&self) {
        self.freed.notify_waiters();
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
        self.0.freed.notify_one();
    }
}
