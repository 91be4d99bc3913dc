use std::collections::BTreeSet;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource};
use crate::services::ec2::{FirewallRule, Item, ItemKind, Peer};
use crate::services::ids;

pub(in crate::resources) struct SecurityGroup;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct GroupProperties {
    group_name: Option<String>,
    vpc_id: Option<String>,
    #[serde(default)]
    security_group_ingress: Vec<Rule>,
    #[serde(default)]
    security_group_egress: Vec<Rule>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// A rule in either direction.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Rule {
    ip_protocol: String,
    from_port: Option<i64>,
    to_port: Option<i64>,
    cidr_ip: Option<String>,
    cidr_ipv6: Option<String>,
    source_prefix_list_id: Option<String>,
    source_security_group_id: Option<String>,
    destination_prefix_list_id: Option<String>,
    destination_security_group_id: Option<String>,
}

impl Rule {
    fn check(&self) -> Result<(), Failure> {
        let refused = |message: String| Err(failed(Code::InvalidRequest, message));
        let peers = [
            &self.cidr_ip,
            &self.cidr_ipv6,
            &self.source_prefix_list_id,
            &self.source_security_group_id,
            &self.destination_prefix_list_id,
            &self.destination_security_group_id,
        ];
        let given = peers.iter().filter(|peer| peer.is_some()).count();
        if given != 1 {
            return refused(format!(
                "A rule must name exactly one of a CIDR range, a prefix list and a security group; it names {given}"
            ));
        }
        let protocol = self.ip_protocol.as_str();
        let known =
            ["tcp", "udp", "icmp", "icmpv6", "-1"].contains(&protocol) || protocol.parse::<u8>().is_ok();
        if !known {
            return refused(format!("Invalid value '{protocol}' for IP protocol. Unknown protocol."));
        }
        if ["tcp", "udp", "6", "17"].contains(&protocol) {
            match (self.from_port, self.to_port) {
                (Some(from), Some(to)) if (0..=to).contains(&from) && to <= 65535 => {}
                (Some(from), Some(to)) => {
                    return refused(format!("Invalid value for portRange: {from} to {to}."));
                }
                _ => {
                    return refused(
                        "The parameters FromPort and ToPort are required for tcp and udp".to_owned(),
                    );
                }
            }
        }
        Ok(())
    }

    /// The rule of `group`; its ranges were checked.
    fn of(&self, group: &str, outbound: bool) -> FirewallRule {
        let port = |port: i64| u16::try_from(port).ok();
        let peer = match (self.peer(), &self.cidr_ip) {
            (Some(peer), _) => Peer::Group(peer.clone()),
            (None, Some(range)) => range.parse().map_or(Peer::Elsewhere, Peer::Range),
            (None, None) => Peer::Elsewhere,
        };
        FirewallRule {
            group: group.to_owned(),
            outbound,
            protocol: Some(self.ip_protocol.clone()).filter(|protocol| protocol != "-1"),
            ports: self.from_port.and_then(port).zip(self.to_port.and_then(port)),
            peer,
        }
    }

    fn peer(&self) -> Option<&String> {
        self.source_security_group_id.as_ref().or(self.destination_security_group_id.as_ref())
    }
}

impl GroupProperties {
    fn needs(&self, own: &str) -> Result<BTreeSet<String>, Failure> {
        let rules = self.security_group_ingress.iter().chain(&self.security_group_egress);
        let mut needs: BTreeSet<String> = self.vpc_id.iter().cloned().collect();
        for rule in rules {
            rule.check()?;
            needs.extend(rule.peer().filter(|peer| *peer != own).cloned());
        }
        Ok(needs)
    }

    fn rules(&self, own: &str) -> Vec<FirewallRule> {
        let inbound = self.security_group_ingress.iter().map(|rule| rule.of(own, false));
        inbound.chain(self.security_group_egress.iter().map(|rule| rule.of(own, true))).collect()
    }
}

#[async_trait]
impl ResourceType for SecurityGroup {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-security-group.yaml");
    type Properties = GroupProperties;

    async fn create(call: Call<GroupProperties>) -> Result<Resource, Failure> {
        let (id, properties) = (ids::ec2("sg"), &call.properties);
        let Some(vpc) = properties.vpc_id.clone() else {
            return Err(failed(Code::InvalidRequest, "No default VPC for this user"));
        };
        let name = call.name(properties.group_name.as_ref(), 255);
        let needs = properties.needs(&id)?;
        let kind = ItemKind::SecurityGroup { vpc: vpc.clone(), name };
        let item = Item { kind, needs, tags: call.tags(&properties.tags) };
        call.services.ec2.insert(&id, item).map_err(refused)?;
        call.services.ec2.set_rules(&id, properties.rules(&id));
        Ok(resource(id.clone(), [("GroupId", json!(id)), ("Id", json!(id)), ("VpcId", json!(vpc))]))
    }

    async fn update(
        call: Call<GroupProperties>,
        current: Resource,
        _: GroupProperties,
    ) -> Result<Resource, Failure> {
        let needs = call.properties.needs(&current.physical_id)?;
        call.services.ec2.set_needs(&current.physical_id, needs).map_err(refused)?;
        let rules = call.properties.rules(&current.physical_id);
        call.services.ec2.set_rules(&current.physical_id, rules);
        call.services
            .ec2
            .set_tags(&current.physical_id, call.tags(&call.properties.tags))
            .map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<GroupProperties>, current: Resource) -> Result<(), Failure> {
        call.services.ec2.remove(&current.physical_id).map_err(refused)?;
        call.services.ec2.remove_rules(&current.physical_id);
        Ok(())
    }
}

/// A rule that stands alone.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct RuleProperties {
    group_id: String,
    #[serde(flatten)]
    rule: Rule,
}

fn create_rule(call: &Call<RuleProperties>, outbound: bool) -> Result<Resource, Failure> {
    let RuleProperties { group_id, rule } = &call.properties;
    rule.check()?;
    let ec2 = &call.services.ec2;
    ec2.get(group_id).map_err(refused)?;
    let id = ids::ec2("sgr");
    let peer = rule.peer().filter(|peer| *peer != group_id).cloned();
    // The rule is part of its group, so the group may go before it; a group that it refers to may not.
    ec2.hold(&id, peer).map_err(refused)?;
    ec2.set_rules(&id, vec![rule.of(group_id, outbound)]);
    Ok(resource(id.clone(), [("Id", json!(id))]))
}

macro_rules! rule_kind {
    ($name:ident, $outbound:literal, $schema:literal) => {
        pub(in crate::resources) struct $name;

        #[async_trait]
        impl ResourceType for $name {
            const SCHEMA: &'static str = include_str!($schema);
            type Properties = RuleProperties;

            async fn create(call: Call<RuleProperties>) -> Result<Resource, Failure> {
                create_rule(&call, $outbound)
            }

            async fn update(
                _: Call<RuleProperties>,
                current: Resource,
                _: RuleProperties,
            ) -> Result<Resource, Failure> {
                Ok(current)
            }

            async fn delete(call: Call<RuleProperties>, current: Resource) -> Result<(), Failure> {
                call.services.ec2.remove_rules(&current.physical_id);
                call.services.ec2.release(&current.physical_id);
                Ok(())
            }
        }
    };
}

rule_kind!(SecurityGroupIngress, false, "../schemas/ec2-security-group-ingress.yaml");
rule_kind!(SecurityGroupEgress, true, "../schemas/ec2-security-group-egress.yaml");
