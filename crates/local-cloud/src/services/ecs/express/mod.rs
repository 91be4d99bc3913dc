//! Express Mode: services with everything around them, made and deleted with them.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html>

mod describe;
mod gateway;
mod lifecycle;
mod settings;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use data_plane::balancer::Alias;

pub use gateway::Gateway;
pub use lifecycle::Wanted as ExpressWanted;
pub use settings::ExpressSettings;
pub(super) use wire::answer;

use super::{Ecs, EcsError};

/// Express services and the load balancers that they share.
#[derive(Default)]
pub(super) struct Express {
    /// By ARN of the service.
    services: BTreeMap<String, ExpressService>,
    /// By VPC and scheme.
    gateways: BTreeMap<(String, String), Gateway>,
}

/// A service of Express Mode with what was made for it.
#[derive(Clone)]
pub struct ExpressService {
    /// ARN of the ECS service.
    pub arn: String,
    pub name: String,
    /// Name of its cluster.
    pub cluster: String,
    /// Its host, without a scheme.
    pub endpoint: String,
    pub infrastructure_role: String,
    pub settings: ExpressSettings,
    pub gateway: Gateway,
    /// ARN of the rule that leads from the endpoint's name to the target group.
    pub rule: String,
    /// ARN.
    pub target_group: String,
    /// ARN of the scaling policy.
    pub policy: String,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    pub updated_at: i64,
    /// The endpoint's loopback port.
    pub alias: Arc<Alias>,
}

impl Ecs {
    /// An Express service by ARN.
    pub fn express_service(&self, arn: &str) -> Result<ExpressService, EcsError> {
        self.state().express.services.get(arn).cloned().ok_or(EcsError::ServiceNotFound)
    }

    /// All Express services.
    #[must_use]
    pub fn express_services(&self) -> Vec<ExpressService> {
        self.state().express.services.values().cloned().collect()
    }

    fn put_express(&self, service: ExpressService) {
        self.state().express.services.insert(service.arn.clone(), service);
    }
}
