//! What exists in a cloud, so that it can be proved that nothing is left.

use serde::{Deserialize, Serialize};

/// A child process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    /// What runs in it: `function my-function`, `task my-service/0a1b…`.
    pub name: String,
}

/// Everything that a cloud holds, by kind and by name. `GET /_local/inventory` answers with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Inventory {
    /// Names of stacks that are not deleted.
    pub stacks: Vec<String>,
    pub processes: Vec<Process>,
    /// Loopback ports of REST APIs and listeners; the cloud's own port is not among them.
    pub ports: Vec<u16>,
    pub queues: Vec<String>,
    pub topics: Vec<String>,
    pub buckets: Vec<String>,
    pub log_groups: Vec<String>,
    pub functions: Vec<String>,
    pub repositories: Vec<String>,
    pub roles: Vec<String>,
    /// Further resources as `type name`, such as `rest-api abc123` or `load-balancer name`.
    pub others: Vec<String>,
}

impl Inventory {
    /// Whether nothing at all exists.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
