//! Elastic IP addresses: ports of this machine that lead to one instance or another.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use data_plane::address::PublicPort;
use tokio::net::TcpListener;

use super::Ec2Error;
use crate::Services;
use crate::services::hosts::Hosts;
use crate::services::ids;

/// How long connections of an instance that has lost its address may go on.
const LONGEST_FAREWELL: Duration = Duration::from_secs(5);

/// An address of the account.
#[derive(Clone)]
pub struct Address {
    /// `eipalloc-…`
    pub allocation: String,
    pub public_ip: Ipv4Addr,
    pub association: Option<Association>,
    pub tags: BTreeMap<String, String>,
    /// The stack that it belongs to.
    pub stack: String,
    ports: BTreeMap<u16, Arc<PublicPort>>,
}

/// Which instance has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// `eipassoc-…`
    pub id: String,
    pub instance: String,
}

/// All addresses of a region, by allocation.
#[derive(Default)]
pub struct Addresses(Mutex<BTreeMap<String, Address>>);

impl Addresses {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Address>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the account an address that nobody else has.
    pub fn allocate(&self, stack: &str, tags: BTreeMap<String, String>) -> Address {
        let mut addresses = self.lock();
        let taken: BTreeSet<Ipv4Addr> = addresses.values().map(|address| address.public_ip).collect();
        // A range that is set aside for benchmarks, so that nobody's address is taken.
        let range = u32::from(Ipv4Addr::new(198, 18, 0, 1))..u32::from(Ipv4Addr::new(198, 19, 255, 255));
        let free = range.map(Ipv4Addr::from).find(|address| !taken.contains(address));
        let address = Address {
            allocation: ids::ec2("eipalloc"),
            public_ip: free.unwrap_or(Ipv4Addr::LOCALHOST),
            association: None,
            tags,
            stack: stack.to_owned(),
            ports: BTreeMap::new(),
        };
        addresses.insert(address.allocation.clone(), address.clone());
        address
    }

    /// Replaces an address's tags.
    pub fn set_tags(&self, allocation: &str, tags: BTreeMap<String, String>) -> Result<(), Ec2Error> {
        self.lock().get_mut(allocation).ok_or_else(|| missing(allocation))?.tags = tags;
        Ok(())
    }

    /// All addresses in the order of their allocations.
    #[must_use]
    pub fn all(&self) -> Vec<Address> {
        self.lock().values().cloned().collect()
    }

    /// The ports of this machine on which the addresses are.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        let addresses = self.lock();
        addresses
            .values()
            .flat_map(|address| address.ports.values())
            .map(|port| port.address().port())
            .collect()
    }

    /// Takes an address from the instance of an association, if it has it still.
    pub fn disassociate(&self, association: &str) {
        let mut addresses = self.lock();
        let of_it = |address: &&mut Address| {
            address.association.as_ref().is_some_and(|present| present.id == association)
        };
        if let Some(address) = addresses.values_mut().find(of_it) {
            address.association = None;
            address.ports.values().for_each(|port| port.lead_to(None));
        }
    }

    /// Gives an address back; one that is gone already is a success.
    ///
    /// # Errors
    /// An instance has it.
    pub async fn release(&self, allocation: &str, hosts: &Hosts) -> Result<(), Ec2Error> {
        let address = {
            let mut addresses = self.lock();
            let associated = addresses.get(allocation).is_some_and(|address| address.association.is_some());
            if associated {
                return Err(Ec2Error::AddressInUse { allocation: allocation.to_owned() });
            }
            addresses.remove(allocation)
        };
        if let Some(address) = address {
            for (number, port) in &address.ports {
                hosts.remove(&address.public_ip.to_string(), *number);
                port.stop().await;
            }
        }
        Ok(())
    }

    /// Waits until connections have ended that an instance still has from the time when an address was its own.
    pub async fn bid_farewell(&self, instance: &str) {
        let others = self.all().into_iter().filter(|address| {
            address.association.as_ref().is_some_and(|association| association.instance != instance)
        });
        let ports: Vec<Arc<PublicPort>> = others.flat_map(|address| address.ports.into_values()).collect();
        futures::future::join_all(ports.iter().map(|port| port.settle(LONGEST_FAREWELL))).await;
    }

    /// Closes all ports.
    pub async fn stop(&self) {
        let addresses = std::mem::take(&mut *self.lock());
        let ports: Vec<Arc<PublicPort>> =
            addresses.into_values().flat_map(|address| address.ports.into_values()).collect();
        futures::future::join_all(ports.iter().map(|port| port.stop())).await;
    }
}

/// Gives an address to an instance, whoever had it before, and gives the association.
///
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html>
///
/// # Errors
/// There is no such address or instance, or no port is free.
pub async fn associate(
    services: &Arc<Services>,
    allocation: &str,
    instance: &str,
) -> Result<String, Ec2Error> {
    let targets: BTreeMap<u16, SocketAddr> = services.ec2.instances.get(instance)?.public_ports();
    let addresses = &services.ec2.addresses;
    let known: BTreeSet<u16> = match addresses.lock().get(allocation) {
        Some(address) => address.ports.keys().copied().collect(),
        None => return Err(missing(allocation)),
    };
    let mut opened = BTreeMap::new();
    for port in targets.keys().filter(|port| !known.contains(port)) {
        let failed = |error: std::io::Error| Ec2Error::NoPort { reason: error.to_string() };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let admit = admit(Arc::downgrade(services), allocation.to_owned(), *port);
        opened.insert(*port, Arc::new(PublicPort::start(socket, Arc::new(admit)).map_err(failed)?));
    }
    let mut all = addresses.lock();
    let address = all.get_mut(allocation).ok_or_else(|| missing(allocation))?;
    for (number, port) in opened {
        services.hosts.add(&address.public_ip.to_string(), number, port.address());
        address.ports.insert(number, port);
    }
    let association = Association { id: ids::ec2("eipassoc"), instance: instance.to_owned() };
    address.association = Some(association.clone());
    for (number, port) in &address.ports {
        port.lead_to(targets.get(number).copied());
    }
    Ok(association.id)
}

/// Whether the security groups of the instance that has an address let anybody in.
fn admit(services: Weak<Services>, allocation: String, port: u16) -> impl Fn() -> bool {
    move || {
        let groups = services.upgrade().and_then(|services| {
            let ec2 = &services.ec2;
            let association = ec2.addresses.lock().get(&allocation)?.association.clone()?;
            let groups = ec2.instances.get(&association.instance).ok()?.groups.clone();
            Some(ec2.admits(&[], &groups, port).is_ok())
        });
        groups.unwrap_or(false)
    }
}

fn missing(allocation: &str) -> Ec2Error {
    Ec2Error::NotFound { kind: "allocation", id: allocation.to_owned() }
}
