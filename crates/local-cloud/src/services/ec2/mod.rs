//! EC2: instances, and the network as far as other services name it: nothing is filtered or routed on loopback, but what is
//! named must exist, and what is in use cannot be deleted.

mod address;
mod cidr;
mod firewall;
mod instance;
mod instance_type;
mod launch;
mod launch_template;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use address::{Address, Addresses, Association, associate};
pub use cidr::Cidr;
pub use firewall::{FirewallRule, Peer};
pub use instance::{Instance, Instances, public_dns};
pub use instance_type::InstanceType;
pub use launch::{Launch, launch, terminate};
pub use launch_template::{LaunchData, LaunchTemplate, LaunchTemplates};
pub use wire::Ec2Api;

/// Networks of the account, by ID.
#[derive(Default)]
pub struct Ec2 {
    state: Mutex<BTreeMap<String, Item>>,
    /// Rules of security groups by the resource that they belong to.
    rules: Mutex<BTreeMap<String, Vec<FirewallRule>>>,
    pub addresses: Addresses,
    pub instances: Instances,
    pub launch_templates: LaunchTemplates,
}

/// Something with an ID.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub kind: ItemKind,
    /// IDs of what this one needs, which cannot be deleted before it.
    pub needs: BTreeSet<String>,
    pub tags: BTreeMap<String, String>,
}

/// What an ID stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    Vpc {
        cidr: Cidr,
    },
    /// With the VPC it is attached to.
    InternetGateway {
        vpc: Option<String>,
    },
    Subnet {
        vpc: String,
        cidr: Cidr,
        zone: String,
    },
    RouteTable {
        vpc: String,
    },
    SecurityGroup {
        vpc: String,
        name: String,
    },
    Endpoint {
        vpc: String,
    },
    /// A load balancer, function or service that has addresses in subnets.
    Interface,
}

/// Why EC2 refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ec2Error {
    #[error("The {kind} ID '{id}' does not exist")]
    NotFound { kind: &'static str, id: String },
    #[error("The {kind} '{id}' has dependencies and cannot be deleted.")]
    DependencyViolation { kind: &'static str, id: String },
    #[error("resource {id} has a dependent object")]
    Dependent { id: String },
    #[error("The CIDR '{0}' is invalid.")]
    InvalidRange(Cidr),
    #[error("The CIDR '{0}' conflicts with another subnet")]
    Conflict(Cidr),
    #[error("resource {gateway} is already attached to network {vpc}")]
    AlreadyAttached { gateway: String, vpc: String },
    #[error("The security group '{name}' already exists for VPC '{vpc}'")]
    DuplicateGroup { name: String, vpc: String },
    #[error("Launch template name already in use: {name}")]
    TemplateExists { name: String },
    #[error("Could not find the specified version {version} for the launch template with ID {id}.")]
    NoTemplateVersion { id: String, version: String },
    #[error("The address with allocation id {allocation} cannot be released because it is in use.")]
    AddressInUse { allocation: String },
    #[error("{parameter}: {reason}")]
    Invalid { parameter: &'static str, reason: String },
    #[error("Insufficient capacity: {reason}")]
    NoPort { reason: String },
}

impl Ec2 {
    fn state(&self) -> MutexGuard<'_, BTreeMap<String, Item>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> MutexGuard<'_, BTreeMap<String, Vec<FirewallRule>>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item; everything that it needs must exist.
    ///
    /// # Errors
    /// Something it needs is missing, a subnet lies outside its VPC or over another one, or a group's name is taken.
    pub fn insert(&self, id: &str, item: Item) -> Result<(), Ec2Error> {
        let mut state = self.state();
        for need in &item.needs {
            if !state.contains_key(need) {
                return Err(missing(need));
            }
        }
        match &item.kind {
            ItemKind::Subnet { vpc, cidr, .. } => check_subnet(&state, vpc, *cidr)?,
            ItemKind::SecurityGroup { vpc, name } => {
                let taken = state.values().any(|other| other.kind == item.kind);
                if taken {
                    return Err(Ec2Error::DuplicateGroup { name: name.clone(), vpc: vpc.clone() });
                }
            }
            _ => {}
        }
        state.insert(id.to_owned(), item);
        Ok(())
    }

    /// The item with an ID.
    pub fn get(&self, id: &str) -> Result<Item, Ec2Error> {
        self.state().get(id).cloned().ok_or_else(|| missing(id))
    }

    /// Replaces what an item needs.
    pub fn set_needs(&self, id: &str, needs: BTreeSet<String>) -> Result<(), Ec2Error> {
        let mut state = self.state();
        if let Some(need) = needs.iter().find(|need| !state.contains_key(*need)) {
            return Err(missing(need));
        }
        state.get_mut(id).ok_or_else(|| missing(id))?.needs = needs;
        Ok(())
    }

    /// Replaces an item's tags.
    pub fn set_tags(&self, id: &str, tags: BTreeMap<String, String>) -> Result<(), Ec2Error> {
        self.state().get_mut(id).ok_or_else(|| missing(id))?.tags = tags;
        Ok(())
    }

    /// Deletes an item; one that is gone already is a success.
    ///
    /// # Errors
    /// Something else needs it.
    pub fn remove(&self, id: &str) -> Result<(), Ec2Error> {
        let mut state = self.state();
        let needed = state.iter().any(|(other, item)| other != id && item.needs.contains(id));
        if needed && state.contains_key(id) {
            return Err(match kind_of(id) {
                "security group" => Ec2Error::Dependent { id: id.to_owned() },
                kind => Ec2Error::DependencyViolation { kind, id: id.to_owned() },
            });
        }
        state.remove(id);
        Ok(())
    }

    /// Attaches an internet gateway to a VPC, or detaches it.
    pub fn attach_gateway(&self, gateway: &str, vpc: Option<&str>) -> Result<(), Ec2Error> {
        let mut state = self.state();
        if let Some(vpc) = vpc {
            if !state.contains_key(vpc) {
                return Err(missing(vpc));
            }
            let attached = state.iter().find_map(|(id, item)| match &item.kind {
                ItemKind::InternetGateway { vpc: Some(other) } if id == gateway || other == vpc => {
                    Some(other.clone())
                }
                _ => None,
            });
            if let Some(other) = attached {
                return Err(Ec2Error::AlreadyAttached { gateway: gateway.to_owned(), vpc: other });
            }
        }
        match state.get_mut(gateway) {
            Some(item) => {
                item.needs = vpc.into_iter().map(str::to_owned).collect();
                item.kind = ItemKind::InternetGateway { vpc: vpc.map(str::to_owned) };
                Ok(())
            }
            None if vpc.is_none() => Ok(()),
            None => Err(missing(gateway)),
        }
    }

    /// Whether a VPC has a way to the internet.
    #[must_use]
    pub fn has_internet_gateway(&self, vpc: &str) -> bool {
        self.state().values().any(
            |item| matches!(&item.kind, ItemKind::InternetGateway { vpc: Some(attached) } if attached == vpc),
        )
    }

    /// The VPC and zone of a subnet.
    pub fn subnet(&self, id: &str) -> Result<(String, String), Ec2Error> {
        match self.get(id)?.kind {
            ItemKind::Subnet { vpc, zone, .. } => Ok((vpc, zone)),
            _ => Err(missing(id)),
        }
    }

    /// Notes that `owner` has addresses in subnets and security groups, which must exist; replaces what it had.
    pub fn hold(&self, owner: &str, ids: impl IntoIterator<Item = String>) -> Result<(), Ec2Error> {
        let needs: BTreeSet<String> = ids.into_iter().collect();
        self.insert(owner, Item { kind: ItemKind::Interface, needs, tags: BTreeMap::new() })
    }

    /// Notes that `owner` has no addresses any more.
    pub fn release(&self, owner: &str) {
        self.state().remove(owner);
    }

    /// All items but the interfaces, in the order of their IDs.
    #[must_use]
    pub fn items(&self) -> Vec<(String, Item)> {
        let state = self.state();
        state
            .iter()
            .filter(|(_, item)| item.kind != ItemKind::Interface)
            .map(|(id, item)| (id.clone(), item.clone()))
            .collect()
    }
}

fn check_subnet(state: &BTreeMap<String, Item>, vpc: &str, cidr: Cidr) -> Result<(), Ec2Error> {
    match state.get(vpc).map(|item| &item.kind) {
        Some(ItemKind::Vpc { cidr: whole }) if whole.contains(cidr) && (16..=28).contains(&cidr.prefix()) => {
        }
        Some(ItemKind::Vpc { .. }) => return Err(Ec2Error::InvalidRange(cidr)),
        _ => return Err(missing(vpc)),
    }
    let overlaps = state.values().any(|item| match &item.kind {
        ItemKind::Subnet { vpc: other, cidr: taken, .. } => other == vpc && taken.overlaps(cidr),
        _ => false,
    });
    if overlaps { Err(Ec2Error::Conflict(cidr)) } else { Ok(()) }
}

fn missing(id: &str) -> Ec2Error {
    Ec2Error::NotFound { kind: kind_of(id), id: id.to_owned() }
}

fn kind_of(id: &str) -> &'static str {
    match id.split('-').next().unwrap_or_default() {
        "vpc" => "vpc",
        "subnet" => "subnet",
        "sg" => "security group",
        "igw" => "internetGateway",
        "rtb" => "routeTable",
        _ => "resource",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: ItemKind, needs: &[&str]) -> Item {
        Item { kind, needs: needs.iter().map(|id| (*id).to_owned()).collect(), tags: BTreeMap::new() }
    }

    fn subnet(cidr: &str) -> Item {
        let kind =
            ItemKind::Subnet { vpc: "vpc-1".into(), cidr: cidr.parse().unwrap(), zone: "us-east-1a".into() };
        item(kind, &["vpc-1"])
    }

    #[test]
    fn subnets_lie_inside_their_vpc_and_apart() {
        let ec2 = Ec2::default();
        assert_eq!(
            ec2.insert("subnet-1", subnet("10.0.0.0/24")).unwrap_err().to_string(),
            "The vpc ID 'vpc-1' does not exist"
        );
        ec2.insert("vpc-1", item(ItemKind::Vpc { cidr: "10.0.0.0/16".parse().unwrap() }, &[])).unwrap();
        ec2.insert("subnet-1", subnet("10.0.0.0/24")).unwrap();
        let conflict = ec2.insert("subnet-2", subnet("10.0.0.128/25")).unwrap_err();
        assert_eq!(conflict.to_string(), "The CIDR '10.0.0.128/25' conflicts with another subnet");
        let outside = ec2.insert("subnet-2", subnet("10.1.0.0/24")).unwrap_err();
        assert_eq!(outside.to_string(), "The CIDR '10.1.0.0/24' is invalid.");
    }

    #[test]
    fn what_is_in_use_stays() {
        let ec2 = Ec2::default();
        ec2.insert("vpc-1", item(ItemKind::Vpc { cidr: "10.0.0.0/16".parse().unwrap() }, &[])).unwrap();
        ec2.insert("subnet-1", subnet("10.0.0.0/24")).unwrap();
        ec2.hold("balancer", ["subnet-1".to_owned()]).unwrap();
        let refused = ec2.remove("subnet-1").unwrap_err();
        assert_eq!(refused.to_string(), "The subnet 'subnet-1' has dependencies and cannot be deleted.");
        ec2.release("balancer");
        ec2.remove("subnet-1").unwrap();
        ec2.remove("vpc-1").unwrap();
        ec2.remove("vpc-1").unwrap();
        assert!(ec2.items().is_empty());
    }
}
