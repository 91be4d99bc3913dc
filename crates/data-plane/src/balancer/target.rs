//! One target: its health, the requests it is serving, the connections kept to it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::wire::Wire;
use super::{TargetDescription, TargetState};
use crate::mutex::Mutex;

/// Idle connections are closed before most servers would close them, so that few requests meet a closing one.
const MOST_IDLE: Duration = Duration::from_secs(30);
/// Idle connections kept to one target.
const MOST_KEPT: usize = 512;

pub(crate) struct Target {
    address: SocketAddr,
    health: Mutex<Health>,
    outstanding: AtomicUsize,
    /// Told when the last outstanding request ends.
    quiet: Notify,
    idle: Mutex<Vec<(Wire, Instant)>>,
    leaving: AtomicBool,
    /// Ends the health checks.
    pub(super) unchecked: CancellationToken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) state: TargetState,
    pub(super) reason: Option<&'static str>,
    pub(super) description: Option<String>,
}

/// A connection and whether it has served before.
pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) reused: bool,
}

/// Counts one request until it is dropped.
pub(crate) struct Outstanding(Arc<Target>);

impl Outstanding {
    pub(super) fn target(&self) -> &Arc<Target> {
        &self.0
    }
}

impl Drop for Outstanding {
    fn drop(&mut self) {
        if self.0.outstanding.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.quiet.notify_waiters();
        }
    }
}

impl Target {
    /// A target whose health checks end with `closed`.
    pub(crate) fn new(address: SocketAddr, closed: &CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            address,
            health: Mutex::new(Health::initial()),
            outstanding: AtomicUsize::new(0),
            quiet: Notify::new(),
            idle: Mutex::default(),
            leaving: AtomicBool::new(false),
            unchecked: closed.child_token(),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn state(&self) -> TargetState {
        self.health.lock().state
    }

    /// Whether this changed anything. A leaving target stays draining.
    pub(super) fn set_health(&self, health: Health) -> bool {
        let mut current = self.health.lock();
        if *current == health || self.leaving.load(Ordering::Acquire) && health.state != TargetState::Draining
        {
            return false;
        }
        *current = health;
        true
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// No connection is kept from now on.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        self.unchecked.cancel();
        self.idle.lock().clear();
        self.set_health(Health {
            state: TargetState::Draining,
            reason: Some("Target.DeregistrationInProgress"),
            description: Some("Target deregistration is in progress".to_owned()),
        });
    }

    pub(super) fn outstanding(&self) -> usize {
        self.outstanding.load(Ordering::Acquire)
    }

    /// Counts a request in.
    pub(crate) fn admit(self: &Arc<Self>) -> Outstanding {
        self.outstanding.fetch_add(1, Ordering::AcqRel);
        Outstanding(Arc::clone(self))
    }

    /// Waits until no request is outstanding.
    pub(super) async fn quiet(&self) {
        loop {
            let mut quiet = std::pin::pin!(self.quiet.notified());
            // Listening before looking, so that no end is missed.
            quiet.as_mut().enable();
            if self.outstanding() == 0 {
                return;
            }
            quiet.await;
        }
    }

    pub(super) fn describe(&self) -> TargetDescription {
        let Health { state, reason, description } = self.health.lock().clone();
        TargetDescription {
            address: self.address,
            state,
            reason,
            description,
            outstanding_requests: self.outstanding(),
        }
    }

    /// A kept connection that is still open, or a new one.
    pub(super) async fn connect(&self) -> io::Result<Connection> {
        while let Some(mut wire) = self.take_idle() {
            if wire.is_ready().await {
                return Ok(Connection { wire, reused: true });
            }
        }
        Ok(Connection { wire: Wire::open(self.address).await?, reused: false })
    }

    fn take_idle(&self) -> Option<Wire> {
        let mut idle = self.idle.lock();
        let (wire, since) = idle.pop()?;
        if since.elapsed() > MOST_IDLE {
            // The rest has been idle for even longer.
            idle.clear();
            return None;
        }
        Some(wire)
    }

    /// Keeps a connection whose response has been read.
    pub(super) fn keep(&self, wire: Wire) {
        if wire.has_ended() {
            return;
        }
        let mut idle = self.idle.lock();
        // Looked at under the lock, so that nothing is kept after a leaving target has let go of all.
        if !self.is_leaving() && idle.len() < MOST_KEPT {
            idle.push((wire, Instant::now()));
        }
    }
}

impl Health {
    pub(super) fn initial() -> Self {
        Self {
            state: TargetState::Initial,
            reason: Some("Elb.RegistrationInProgress"),
            description: Some("Target registration is in progress".to_owned()),
        }
    }

    pub(super) fn healthy() -> Self {
        Self { state: TargetState::Healthy, reason: None, description: None }
    }

    pub(super) fn unused() -> Self {
        Self {
            state: TargetState::Unused,
            reason: Some("Target.NotInUse"),
            description: Some(
                "Target group is not configured to receive traffic from the load balancer".to_owned(),
            ),
        }
    }
}
