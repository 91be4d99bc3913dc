use std::collections::BTreeSet;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::{Attribute, pairs, refused};
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource, with};
use crate::services::elbv2::{Attributes, LoadBalancer as Stored, name_in};
use crate::services::ids;
use crate::wire::epoch_millis;

pub(in crate::resources) struct LoadBalancer;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    name: Option<String>,
    scheme: Option<String>,
    #[serde(default)]
    subnets: Vec<String>,
    #[serde(default)]
    security_groups: Vec<String>,
    #[serde(default)]
    load_balancer_attributes: Vec<Attribute>,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl Properties {
    /// The VPC, and the subnets with their zones.
    fn network(&self, call: &Call<Self>, internal: bool) -> Result<(String, Vec<(String, String)>), Failure> {
        let ec2 = &call.services.ec2;
        let invalid = |message: String| Err(failed(Code::InvalidRequest, message));
        let mut placed = Vec::new();
        for subnet in &self.subnets {
            let (vpc, zone) = ec2.subnet(subnet).map_err(with(Code::NotFound))?;
            placed.push((vpc, subnet.clone(), zone));
        }
        let vpcs: BTreeSet<&String> = placed.iter().map(|(vpc, ..)| vpc).collect();
        let zones: BTreeSet<&String> = placed.iter().map(|(.., zone)| zone).collect();
        if zones.len() < 2 {
            return invalid(
                "At least two subnets in two different Availability Zones must be specified".to_owned(),
            );
        }
        if zones.len() < placed.len() {
            return invalid(
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
                    .to_owned(),
            );
        }
        let vpc = match vpcs.into_iter().collect::<Vec<_>>().as_slice() {
            [vpc] => (*vpc).clone(),
            _ => return invalid("All subnets must belong to the same VPC".to_owned()),
        };
        if !internal && !ec2.has_internet_gateway(&vpc) {
            return invalid(format!("VPC {vpc} has no internet gateway"));
        }
        Ok((vpc, placed.into_iter().map(|(_, subnet, zone)| (subnet, zone)).collect()))
    }

    fn held(&self) -> impl Iterator<Item = String> {
        self.subnets.iter().chain(&self.security_groups).cloned()
    }
}

fn described(balancer: &Stored) -> Resource {
    resource(
        balancer.arn.clone(),
        [
            ("LoadBalancerArn", json!(balancer.arn)),
            ("DNSName", json!(balancer.dns_name)),
            ("CanonicalHostedZoneID", json!(Stored::HOSTED_ZONE)),
            ("LoadBalancerFullName", json!(name_in(&balancer.arn))),
            ("LoadBalancerName", json!(balancer.name)),
        ],
    )
}

#[async_trait]
impl ResourceType for LoadBalancer {
    const SCHEMA: &'static str = include_str!("../schemas/elbv2-load-balancer.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let name = call.name(properties.name.as_ref(), 32);
        let scheme = properties.scheme.clone().unwrap_or_else(|| "internet-facing".to_owned());
        let internal = scheme == "internal";
        let (vpc, subnets) = properties.network(&call, internal)?;
        let attributes =
            Attributes::of_load_balancer(&pairs(&properties.load_balancer_attributes)).map_err(refused)?;
        let prefix = if internal { "internal-" } else { "" };
        let balancer = Stored {
            arn: call.arn("elasticloadbalancing", &format!("loadbalancer/app/{name}/{}", ids::hex(16))),
            dns_name: format!("{prefix}{name}-{}.{}.elb.amazonaws.com", ids::digits(10), call.request.region),
            name,
            scheme,
            vpc,
            subnets,
            security_groups: properties.security_groups.clone(),
            attributes,
            tags: call.tags(&properties.tags),
            created_at: epoch_millis(),
        };
        let created = described(&balancer);
        call.services.ec2.hold(&balancer.arn, properties.held()).map_err(with(Code::NotFound))?;
        if let Err(error) = call.services.elbv2.create_load_balancer(balancer) {
            call.services.ec2.release(&created.physical_id);
            return Err(refused(error));
        }
        Ok(created)
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let elb = &call.services.elbv2;
        let before = elb.load_balancer(&current.physical_id).map_err(refused)?;
        let (vpc, subnets) = properties.network(&call, before.scheme == "internal")?;
        let attributes =
            Attributes::of_load_balancer(&pairs(&properties.load_balancer_attributes)).map_err(refused)?;
        call.services.ec2.hold(&before.arn, properties.held()).map_err(with(Code::NotFound))?;
        let balancer = Stored {
            vpc,
            subnets,
            security_groups: properties.security_groups.clone(),
            attributes,
            tags: call.tags(&properties.tags),
            ..before
        };
        elb.update_load_balancer(balancer).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.elbv2.delete_load_balancer(&current.physical_id).await.map_err(refused)?;
        call.services.ec2.release(&current.physical_id);
        Ok(())
    }
}
