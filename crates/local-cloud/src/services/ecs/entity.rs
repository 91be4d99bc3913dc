use std::collections::BTreeMap;
use std::time::Duration;

use data_plane::task::{DeploymentConfiguration, TaskService};

/// A cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub arn: String,
    pub name: String,
    pub capacity_providers: Vec<String>,
    pub tags: BTreeMap<String, String>,
}

/// A service with the tasks it keeps.
#[derive(Clone)]
pub struct Service {
    pub arn: String,
    pub name: String,
    /// Name of its cluster.
    pub cluster: String,
    /// ARN of its task definition.
    pub definition: String,
    pub desired: u32,
    pub targets: Vec<LoadBalancerTarget>,
    pub deployment: DeploymentConfiguration,
    pub grace: Duration,
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    pub assign_public_ip: bool,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    pub handle: TaskService,
}

/// Where a service registers its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancerTarget {
    /// ARN.
    pub target_group: String,
    pub container: String,
    pub port: u16,
}
