use std::collections::BTreeMap;
use std::sync::Arc;

use data_plane::balancer;
use data_plane::tls::{TlsSpec, TlsVersion};

use super::{Action, Attributes, Condition};

/// An application load balancer.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    pub arn: String,
    pub name: String,
    pub dns_name: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    pub vpc: String,
    /// Subnets with their zones.
    pub subnets: Vec<(String, String)>,
    pub security_groups: Vec<String>,
    pub attributes: Attributes,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

impl LoadBalancer {
    /// The hosted zone of load balancers in us-east-1, which alias records name.
    pub const HOSTED_ZONE: &str = "Z35SXDOTRQ7X7K";
}

/// A target group.
#[derive(Clone)]
pub struct TargetGroup {
    pub arn: String,
    pub name: String,
    pub vpc: Option<String>,
    pub port: u16,
    pub health_check: balancer::HealthCheck,
    /// As it was written, for descriptions.
    pub matcher: String,
    pub attributes: Attributes,
    pub tags: BTreeMap<String, String>,
    pub handle: Arc<balancer::TargetGroup>,
}

impl TargetGroup {
    /// The settings of the data plane's group.
    #[must_use]
    pub fn spec(&self) -> balancer::TargetGroupSpec {
        Self::spec_of(&self.name, &self.health_check, &self.attributes)
    }

    /// The settings of a data plane's group from a target group's parts.
    #[must_use]
    pub fn spec_of(
        name: &str,
        health_check: &balancer::HealthCheck,
        attributes: &Attributes,
    ) -> balancer::TargetGroupSpec {
        balancer::TargetGroupSpec {
            name: name.to_owned(),
            health_check: health_check.clone(),
            algorithm: attributes.algorithm(),
            deregistration_delay: attributes.deregistration_delay(),
        }
    }
}

/// What a template says about a listener.
#[derive(Clone)]
pub struct ListenerSettings {
    pub port: u16,
    pub tls: Option<ListenerTls>,
    pub default_actions: Vec<Action>,
    pub tags: BTreeMap<String, String>,
}

/// The TLS of a listener.
#[derive(Clone, Debug)]
pub struct ListenerTls {
    /// ARNs, the default certificate first.
    pub certificates: Vec<String>,
    /// Such as `ELBSecurityPolicy-TLS13-1-2-2021-06`.
    pub policy: String,
    /// What they come to.
    pub spec: TlsSpec,
}

/// The security policies that are offered: those that speak nothing older than TLS 1.2.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html>
pub const SECURITY_POLICIES: [(&str, TlsVersion); 10] = [
    ("ELBSecurityPolicy-TLS13-1-2-2021-06", TlsVersion::Tls12),
    ("ELBSecurityPolicy-TLS13-1-2-PQ-2025-09", TlsVersion::Tls12),
    ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", TlsVersion::Tls12),
    ("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", TlsVersion::Tls12),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", TlsVersion::Tls12),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09", TlsVersion::Tls12),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", TlsVersion::Tls12),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09", TlsVersion::Tls12),
    ("ELBSecurityPolicy-TLS13-1-3-2021-06", TlsVersion::Tls13),
    ("ELBSecurityPolicy-TLS13-1-3-PQ-2025-09", TlsVersion::Tls13),
];

/// A listener with the port it really has.
#[derive(Clone)]
pub struct Listener {
    pub arn: String,
    /// ARN of its load balancer.
    pub balancer: String,
    /// As in the template; the loopback port is the handle's.
    pub port: u16,
    pub tls: Option<ListenerTls>,
    pub default_actions: Vec<Action>,
    pub tags: BTreeMap<String, String>,
    pub handle: Arc<balancer::Listener>,
}

/// A rule of a listener.
#[derive(Clone, Debug)]
pub struct Rule {
    pub arn: String,
    /// ARN of its listener.
    pub listener: String,
    pub priority: u32,
    pub conditions: Vec<Condition>,
    pub actions: Vec<Action>,
    pub tags: BTreeMap<String, String>,
}

/// What stands behind the type in an ARN: `app/web/0a1b…` for `…:loadbalancer/app/web/0a1b…`.
#[must_use]
pub fn name_in(arn: &str) -> &str {
    arn.rsplit(':').next().and_then(|resource| resource.split_once('/')).map_or("", |(_, name)| name)
}
