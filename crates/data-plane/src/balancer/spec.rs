use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::TargetGroup;
use crate::tls::{TlsError, TlsSpec};

/// `TargetType: ip`, HTTP. Defaults are those of an Application Load Balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroupSpec {
    pub name: String,
    pub health_check: HealthCheck,
    pub algorithm: Algorithm,
    /// How long a target that leaves may finish its requests.
    pub deregistration_delay: Duration,
}

/// How targets are probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    pub protocol: HealthCheckProtocol,
    /// Of the request, where the protocol has one.
    pub path: String,
    pub port: HealthCheckPort,
    pub interval: Duration,
    pub timeout: Duration,
    pub healthy_threshold: u32,
    pub unhealthy_threshold: u32,
    pub matcher: Matcher,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            protocol: HealthCheckProtocol::Http,
            path: "/".to_owned(),
            port: HealthCheckPort::Traffic,
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            healthy_threshold: 5,
            unhealthy_threshold: 2,
            matcher: Matcher::default(),
        }
    }
}

/// What a healthy target does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HealthCheckProtocol {
    /// Answers a request with a status that matches.
    #[default]
    Http,
    /// Accepts a connection.
    Tcp,
}

/// Where targets are probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthCheckPort {
    /// `traffic-port`.
    Traffic,
    Port(u16),
}

/// Status codes that count as healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher(pub(crate) Vec<(u16, u16)>);

/// How the next target is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Algorithm {
    #[default]
    RoundRobin,
    LeastOutstandingRequests,
}

/// `TargetHealth.State`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetState {
    Initial,
    Healthy,
    Unhealthy,
    Draining,
    /// No listener forwards to the group.
    Unused,
}

/// One target with its health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetDescription {
    pub address: SocketAddr,
    pub state: TargetState,
    /// Such as `Target.ResponseCodeMismatch`.
    pub reason: Option<&'static str>,
    pub description: Option<String>,
    pub outstanding_requests: usize,
}

/// What a listener does with requests.
#[derive(Clone)]
pub struct ListenerSpec {
    /// The port it has in the template, told to targets as `X-Forwarded-Port`.
    pub port: u16,
    /// What callers speak TLS with; plain HTTP without. Told to targets as `X-Forwarded-Proto`.
    pub tls: Option<TlsSpec>,
    pub default_action: Action,
    /// Tried in the order of their priority.
    pub rules: Vec<Rule>,
    /// `idle_timeout.timeout_seconds` of the load balancer.
    pub idle_timeout: Duration,
}

/// All conditions must hold.
#[derive(Clone)]
pub struct Rule {
    /// Lowest first.
    pub priority: u32,
    pub conditions: Vec<Condition>,
    pub action: Action,
}

/// One of the values must match. `*` and `?` are wildcards in paths, hosts, header and query values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Case-sensitive.
    Path(Vec<String>),
    Host(Vec<String>),
    Header(StringCondition),
    /// Exact, upper case.
    Method(Vec<String>),
    /// Key (any when absent) and value.
    Query(Vec<(Option<String>, String)>),
    /// CIDR blocks: address and prefix length.
    SourceIp(Vec<(IpAddr, u8)>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringCondition {
    pub name: String,
    pub values: Vec<String>,
}

/// The end of a rule.
#[derive(Clone)]
pub enum Action {
    Forward(Vec<WeightedTargetGroup>),
    Redirect(Redirect),
    FixedResponse(FixedResponse),
}

#[derive(Clone)]
pub struct WeightedTargetGroup {
    pub target_group: Arc<TargetGroup>,
    /// 0 to 999.
    pub weight: u32,
}

/// The fields may contain `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// 301 or 302.
    pub status: StatusCode,
    pub protocol: String,
    pub host: String,
    pub port: String,
    pub path: String,
    pub query: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedResponse {
    pub status: StatusCode,
    pub content_type: Option<String>,
    pub body: String,
}

/// Why a listener cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    #[error("the address of the listener cannot be read: {0}")]
    Address(std::io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("rule with priority {priority}: {reason}")]
    Rule { priority: u32, reason: String },
}

/// A matcher that cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("matcher \"{0}\" is not a list of codes and ranges from 200 to 499, such as 200,202 or 200-299")]
pub struct MatcherError(pub String);

impl Default for Matcher {
    fn default() -> Self {
        Self(vec![(200, 200)])
    }
}

impl std::str::FromStr for Matcher {
    type Err = MatcherError;

    /// Reads `200`, `200,202` or `200-299`.
    fn from_str(text: &str) -> Result<Self, MatcherError> {
        let code = |text: &str| text.trim().parse().ok().filter(|code| (200..=499).contains(code));
        let range = |part: &str| {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            Some((code(low)?, code(high)?)).filter(|(low, high)| low <= high)
        };
        let ranges = text.split(',').map(range).collect::<Option<Vec<_>>>();
        ranges.map(Self).ok_or_else(|| MatcherError(text.to_owned()))
    }
}

impl Matcher {
    /// Whether `status` counts as healthy.
    #[must_use]
    pub fn matches(&self, status: StatusCode) -> bool {
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&status.as_u16()))
    }
}
