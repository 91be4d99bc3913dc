//! Instances: hosts of the data plane with what EC2 knows about them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_plane::host::Host;

use super::{Ec2Error, InstanceType};

/// A running instance. One that was terminated is gone.
#[derive(Clone)]
pub struct Instance {
    /// `i-…`
    pub id: String,
    pub stack_name: String,
    pub logical_id: String,
    pub kind: InstanceType,
    pub image: String,
    /// ARN and ID.
    pub profile: Option<(String, String)>,
    /// ARN.
    pub role: Option<String>,
    pub vpc: String,
    pub subnet: String,
    pub zone: String,
    pub groups: Vec<String>,
    pub private_ip: Ipv4Addr,
    /// Its own, until an Elastic IP address takes its place.
    pub public_ip: Option<Ipv4Addr>,
    /// Launch template and version.
    pub template: (String, String),
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub launched_at: i64,
    pub host: Arc<Host>,
}

impl Instance {
    /// Its open ports, and where they really are.
    #[must_use]
    pub fn public_ports(&self) -> BTreeMap<u16, SocketAddr> {
        self.host.public_ports()
    }

    /// `ip-10-42-0-5.ec2.internal`
    #[must_use]
    pub fn private_dns(&self, region: &str) -> String {
        let domain = match region {
            "us-east-1" => "ec2".to_owned(),
            region => format!("{region}.compute"),
        };
        format!("ip-{}.{domain}.internal", dashed(self.private_ip))
    }
}

/// `ec2-198-18-0-1.compute-1.amazonaws.com`
#[must_use]
pub fn public_dns(address: Ipv4Addr, region: &str) -> String {
    let domain = match region {
        "us-east-1" => "compute-1".to_owned(),
        region => format!("{region}.compute"),
    };
    format!("ec2-{}.{domain}.amazonaws.com", dashed(address))
}

fn dashed(address: Ipv4Addr) -> String {
    address.to_string().replace('.', "-")
}

/// The instances of a region, by ID.
#[derive(Default)]
pub struct Instances(Mutex<BTreeMap<String, Instance>>);

impl Instances {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Instance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, instance: Instance) {
        self.lock().insert(instance.id.clone(), instance);
    }

    pub(super) fn remove(&self, id: &str) -> Option<Instance> {
        self.lock().remove(id)
    }

    /// An instance by ID.
    pub fn get(&self, id: &str) -> Result<Instance, Ec2Error> {
        let missing = || Ec2Error::NotFound { kind: "instance", id: id.to_owned() };
        self.lock().get(id).cloned().ok_or_else(missing)
    }

    /// All instances in the order of their IDs.
    #[must_use]
    pub fn all(&self) -> Vec<Instance> {
        self.lock().values().cloned().collect()
    }

    /// Replaces an instance's tags.
    pub fn set_tags(&self, id: &str, tags: BTreeMap<String, String>) -> Result<(), Ec2Error> {
        let missing = || Ec2Error::NotFound { kind: "instance", id: id.to_owned() };
        self.lock().get_mut(id).ok_or_else(missing)?.tags = tags;
        Ok(())
    }

    /// Ends all.
    pub async fn stop(&self) {
        let instances = std::mem::take(&mut *self.lock());
        futures::future::join_all(instances.values().map(|instance| instance.host.stop())).await;
    }
}
