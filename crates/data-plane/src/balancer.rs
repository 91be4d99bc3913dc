//! Application load balancing: target groups with health checks, and listeners with rules.

mod spec;

use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::body::Body;
pub use spec::{
    Action, Algorithm, Condition, FixedResponse, HealthCheck, HealthCheckPort, ListenerError, ListenerSpec,
    Matcher, MatcherError, Protocol, Redirect, Rule, StringCondition, TargetDescription, TargetGroupSpec,
    TargetState, WeightedTargetGroup,
};

/// Targets of one kind, their health, and the connections kept to them.
pub struct TargetGroup {
    states: watch::Receiver<Vec<TargetDescription>>,
}

impl TargetGroup {
    /// Starts the health checks. Must be called within a Tokio runtime.
    #[must_use]
    pub fn start(spec: TargetGroupSpec) -> Arc<Self> {
        let _ = spec;
        Arc::new(Self { states: watch::channel(Vec::new()).1 })
    }

    /// Applies new settings to the targets that are registered.
    pub fn update(&self, spec: TargetGroupSpec) {
        let _ = spec;
    }

    /// Adds a target; it serves once it is healthy.
    pub fn register(&self, target: SocketAddr) {
        let _ = target;
    }

    /// No new request goes to `target` from now on; it leaves when those in progress have ended, at the latest after the deregistration delay.
    pub fn deregister(&self, target: SocketAddr) {
        let _ = target;
    }

    /// Waits until `target` has left.
    pub async fn deregistered(&self, target: SocketAddr) {
        let _ = target;
    }

    /// All targets with their health.
    #[must_use]
    pub fn targets(&self) -> Vec<TargetDescription> {
        self.states.borrow().clone()
    }

    /// Follows the health of the targets.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Vec<TargetDescription>> {
        self.states.clone()
    }

    /// Ends the health checks and closes the connections.
    pub async fn stop(&self) {}
}

/// One listener of a load balancer, with a loopback port of its own.
pub struct Listener {}

impl Listener {
    /// Serves `spec` on `socket`. Must be called within a Tokio runtime.
    pub fn start(spec: ListenerSpec, socket: TcpListener) -> Result<Arc<Self>, ListenerError> {
        let _ = (spec, socket);
        Ok(Arc::new(Self {}))
    }

    /// Replaces the rules and settings at once; requests in progress keep those they began with.
    pub fn update(&self, spec: ListenerSpec) -> Result<(), ListenerError> {
        let _ = spec;
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    /// Serves one request in process, as VPC links do.
    pub async fn handle(&self, request: Request<Body>, client: SocketAddr) -> Response<Body> {
        let _ = (request, client);
        Response::new(Body::empty())
    }

    /// Takes no more connections and waits for the requests in progress, for 10 s at most.
    pub async fn stop(&self) {}
}
