//! The load balancer that the Express services of a network share.

use std::collections::{BTreeMap, BTreeSet};

use super::ExpressService;
use crate::Services;
use crate::services::ec2::{Item, ItemKind};
use crate::services::ecs::{Ecs, EcsError};
use crate::services::elbv2::{Action, Attributes, ListenerSettings, LoadBalancer};
use crate::services::ids;
use crate::wire::epoch_millis;

/// A shared load balancer with its listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    pub vpc: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// ARN.
    pub load_balancer: String,
    /// ARN.
    pub listener: String,
    /// ID of the security group that was made for it.
    pub security_group: String,
}

fn refused(error: impl std::fmt::Display) -> EcsError {
    EcsError::InvalidParameter(error.to_string())
}

impl Ecs {
    /// The load balancer for services in these subnets: the one that is there, or a new one.
    pub(super) async fn gateway(&self, services: &Services, subnets: &[String]) -> Result<Gateway, EcsError> {
        let (vpc, placed) = network(services, subnets)?;
        // Without routes to tell them apart, subnets count as public where their network has a way to the internet.
        let public = services.ec2.has_internet_gateway(&vpc);
        let scheme = if public { "internet-facing" } else { "internal" };
        let key = (vpc.clone(), scheme.to_owned());
        if let Some(gateway) = self.state().express.gateways.get(&key) {
            return Ok(gateway.clone());
        }
        let security_group = ids::ec2("sg");
        let name = format!("ecs-express-gateway-{}", ids::hex(8));
        let kind = ItemKind::SecurityGroup { vpc: vpc.clone(), name: name.clone() };
        let item = Item { kind, needs: BTreeSet::from([vpc.clone()]), tags: BTreeMap::new() };
        services.ec2.insert(&security_group, item).map_err(refused)?;
        let (region, hex) = (&services.context.region, ids::hex(16));
        let arn = services.context.arn("elasticloadbalancing", &format!("loadbalancer/app/{name}/{hex}"));
        let held = subnets.iter().cloned().chain([security_group.clone()]);
        services.ec2.hold(&arn, held).map_err(refused)?;
        let balancer = LoadBalancer {
            arn: arn.clone(),
            dns_name: format!("{name}-{}.{region}.elb.amazonaws.com", ids::digits(10)),
            name,
            scheme: scheme.to_owned(),
            vpc: vpc.clone(),
            subnets: placed,
            security_groups: vec![security_group.clone()],
            attributes: Attributes::of_load_balancer(&[]).map_err(refused)?,
            tags: BTreeMap::new(),
            created_at: epoch_millis(),
        };
        services.elbv2.create_load_balancer(balancer).map_err(refused)?;
        let nobody: Action = serde_json::from_value(serde_json::json!({
            "Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"},
        }))
        .map_err(refused)?;
        let settings =
            ListenerSettings { port: 443, tls: None, default_actions: vec![nobody], tags: BTreeMap::new() };
        let listener = services.elbv2.create_listener(&arn, settings).await;
        let listener = listener.map_err(refused)?.arn;
        let gateway =
            Gateway { vpc, scheme: scheme.to_owned(), load_balancer: arn, listener, security_group };
        self.state().express.gateways.insert(key, gateway.clone());
        Ok(gateway)
    }

    /// Deletes a shared load balancer that no service has any more.
    pub(super) async fn release_gateway(&self, services: &Services, gateway: &Gateway) {
        let used = |service: &ExpressService| service.gateway == *gateway;
        let unused = {
            let express = &mut self.state().express;
            let unused = !express.services.values().any(used);
            if unused {
                express.gateways.retain(|_, one| one != gateway);
            }
            unused
        };
        if !unused {
            return;
        }
        if let Err(error) = services.elbv2.delete_load_balancer(&gateway.load_balancer).await {
            tracing::warn!(%error, "a shared load balancer could not be deleted");
        }
        services.ec2.release(&gateway.load_balancer);
        if let Err(error) = services.ec2.remove(&gateway.security_group) {
            tracing::warn!(%error, "the security group of a shared load balancer could not be deleted");
        }
    }
}

/// The VPC of subnets, and each with its zone.
fn network(services: &Services, subnets: &[String]) -> Result<(String, Vec<(String, String)>), EcsError> {
    let (mut vpcs, mut placed) = (BTreeSet::new(), Vec::new());
    for subnet in subnets {
        let (vpc, zone) = services.ec2.subnet(subnet).map_err(refused)?;
        vpcs.insert(vpc);
        placed.push((subnet.clone(), zone));
    }
    let zones: BTreeSet<&String> = placed.iter().map(|(_, zone)| zone).collect();
    match vpcs.len() {
        1 if zones.len() >= 2 => Ok((vpcs.into_iter().collect(), placed)),
        1 => Err(refused("At least two subnets in two different Availability Zones must be specified.")),
        0 => Err(refused("networkConfiguration must name subnets: there is no default VPC here.")),
        _ => Err(refused("All subnets must belong to the same VPC.")),
    }
}
