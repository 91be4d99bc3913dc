//! The health checks of one target.
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::target::{Health, Target};
use super::target_group::TargetGroup;
use super::{HealthCheck, HealthCheckPort, HealthCheckProtocol, TargetState};
use crate::body::Body;

/// The first pause between checks of a new target; it doubles up to the interval. A task that starts in
/// milliseconds then serves in milliseconds, as one success is enough for a new target.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Checks `target` until it leaves the group, or the group goes.
pub(super) async fn watch(group: Weak<TargetGroup>, target: Arc<Target>) {
    let Some(mut used) = group.upgrade().map(|group| group.used()) else { return };
    let mut checks = Checks::new();
    loop {
        if !*used.borrow_and_update() {
            let Some(present) = group.upgrade() else { return };
            present.report(&target, Health::unused());
            drop(present);
            if used.changed().await.is_err() {
                return;
            }
            checks = Checks::new();
            continue;
        }
        let Some(check) = group.upgrade().map(|group| group.spec().health_check.clone()) else { return };
        let probed = probe(target.address(), &check).await;
        let (health, pause) = checks.judge(target.state(), probed, &check);
        if let Some(health) = health {
            let Some(present) = group.upgrade() else { return };
            present.report(&target, health);
        }
        tokio::select! {
            () = sleep(pause) => {}
            _ = used.changed() => {}
        }
    }
}

/// Consecutive results.
struct Checks {
    since: Instant,
    pause: Duration,
    successes: u32,
    failures: u32,
}

impl Checks {
    fn new() -> Self {
        Self { since: Instant::now(), pause: FIRST_PAUSE, successes: 0, failures: 0 }
    }

    /// The health after one more result, if it changes, and when to check again.
    fn judge(
        &mut self,
        state: TargetState,
        probed: Result<(), Failure>,
        check: &HealthCheck,
    ) -> (Option<Health>, Duration) {
        let initial = matches!(state, TargetState::Initial | TargetState::Unused);
        match probed {
            Ok(()) => {
                (self.successes, self.failures) = (self.successes + 1, 0);
                let healthy = initial || self.successes >= check.healthy_threshold;
                (healthy.then(Health::healthy), check.interval)
            }
            Err(failure) if initial => {
                // A new target has as long as its checks would take at the interval.
                let allowed = check.interval * check.unhealthy_threshold;
                let over = self.since.elapsed() >= allowed;
                self.failures = check.unhealthy_threshold;
                let left = allowed.saturating_sub(self.since.elapsed()).max(FIRST_PAUSE);
                let pause = self.pause.min(check.interval).min(left);
                self.pause *= 2;
                (over.then(|| failure.health()), pause)
            }
            Err(failure) => {
                (self.successes, self.failures) = (0, self.failures + 1);
                let unhealthy = self.failures >= check.unhealthy_threshold;
                (unhealthy.then(|| failure.health()), check.interval)
            }
        }
    }
}

/// Why a target did not pass.
enum Failure {
    Timeout,
    Connection(String),
    Mismatch(StatusCode),
}

impl Failure {
    fn health(self) -> Health {
        let (reason, description) = match self {
            Self::Timeout => ("Target.Timeout", "Request timed out".to_owned()),
            Self::Connection(error) => {
                ("Target.FailedHealthChecks", format!("Health checks failed: {error}"))
            }
            Self::Mismatch(status) => (
                "Target.ResponseCodeMismatch",
                format!("Health checks failed with these codes: [{}]", status.as_u16()),
            ),
        };
        Health { state: TargetState::Unhealthy, reason: Some(reason), description: Some(description) }
    }
}

async fn probe(target: SocketAddr, check: &HealthCheck) -> Result<(), Failure> {
    let mut address = target;
    if let HealthCheckPort::Port(port) = check.port {
        address.set_port(port);
    }
    if check.protocol == HealthCheckProtocol::Tcp {
        let connected = timeout(check.timeout, TcpStream::connect(address)).await;
        let connected = connected.map_err(|_| Failure::Timeout)?;
        return connected.map(drop).map_err(|error| Failure::Connection(error.to_string()));
    }
    let status = timeout(check.timeout, request(address, &check.path)).await.map_err(|_| Failure::Timeout)?;
    let status = status.map_err(|error| Failure::Connection(error.to_string()))?;
    if check.matcher.matches(status) { Ok(()) } else { Err(Failure::Mismatch(status)) }
}

async fn request(
    address: SocketAddr,
    path: &str,
) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(path)
        .header(HOST, address.to_string())
        .header(USER_AGENT, "ELB-HealthChecker/2.0")
        .header(CONNECTION, "close")
        .body(Body::empty())?;
    let response = async {
        let response = sender.send_request(request).await?;
        Ok(response.status())
    };
    let mut connection = std::pin::pin!(connection);
    let mut response = std::pin::pin!(response);
    tokio::select! {
        response = response.as_mut() => response,
        ended = connection.as_mut() => {
            ended?;
            response.await
        }
    }
}
