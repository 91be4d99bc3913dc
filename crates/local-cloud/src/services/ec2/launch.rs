//! Launching and terminating.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cloudformation::signals::Signal;
use data_plane::host::{Host, HostPlan, HostSignal, HostSpec, Outside};

use super::{Ec2Error, Instance, InstanceType, ItemKind, LaunchData};
use crate::Services;
use crate::services::{compute, ids};
use crate::wire::epoch_millis;

/// Who instances are to IAM.
const PRINCIPAL: &str = "ec2.amazonaws.com";
/// The most that user data may be before it is encoded.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html>
const MOST_USER_DATA: usize = 16 * 1024;

/// An instance to launch.
#[derive(Clone, Debug)]
pub struct Launch {
    pub data: LaunchData,
    /// Launch template and version.
    pub template: (String, String),
    pub stack_name: String,
    pub logical_id: String,
    pub tags: BTreeMap<String, String>,
}

/// Launches an instance, whose boot goes on in the background; says what plays nginx on it too.
///
/// # Errors
/// Something that it names does not exist, or its user data has something that cannot be done here.
pub async fn launch(services: &Arc<Services>, launch: Launch) -> Result<(Instance, String), Ec2Error> {
    let invalid = |parameter: &'static str, reason: String| Ec2Error::Invalid { parameter, reason };
    let data = &launch.data;
    let name = data.instance_type.as_deref().unwrap_or_default();
    let kind = InstanceType::find(name).ok_or_else(|| {
        let names = InstanceType::names().join(", ");
        invalid("InstanceType", format!("'{name}' is not offered by this cloud, which offers {names}"))
    })?;
    let image = data.image_id.clone().unwrap_or_default();
    match services.ssm.image_architecture(&image) {
        Some("x86_64") => {}
        Some(other) => {
            let reason =
                format!("the image '{image}' is for {other}, and the instance type '{name}' has x86_64");
            return Err(invalid("ImageId", reason));
        }
        None => return Err(Ec2Error::NotFound { kind: "image", id: image }),
    }
    let [interface] = data.network_interfaces.as_slice() else {
        return Err(invalid("NetworkInterfaces", "it must have one item, which names a subnet".to_owned()));
    };
    let subnet = interface.subnet_id.clone().unwrap_or_default();
    let ItemKind::Subnet { vpc, cidr, zone } = services.ec2.get(&subnet)?.kind else {
        return Err(Ec2Error::NotFound { kind: "subnet", id: subnet });
    };
    let (profile, role) = identity(services, data)?;
    let encoded = data.user_data.as_deref().unwrap_or_default();
    let user_data = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let user_data = user_data.filter(|text| text.len() <= MOST_USER_DATA).ok_or_else(|| {
        invalid("UserData", "it must be Base64 of at most 16 KiB of text; write Fn::Base64".to_owned())
    })?;
    let plan = HostPlan::parse(&user_data).map_err(|error| invalid("UserData", error.to_string()))?;

    let id = ids::ec2("i");
    let directory = services.context.work_dir.join("hosts").join(&id);
    let spec = HostSpec { id: id.clone(), plan, memory: u64::from(kind.memory_mib) * 1024 * 1024, directory };
    let (context, played_by) =
        compute::host(services, Arc::new(Surroundings(Arc::downgrade(services)))).await;
    services.ec2.hold(&id, interface.groups.iter().cloned().chain([subnet.clone()]))?;
    let host = Host::start(spec, context).map_err(|error| {
        services.ec2.release(&id);
        Ec2Error::NoPort { reason: error.to_string() }
    })?;
    let number =
        ids::hex(4).bytes().fold(0_u16, |number, byte| number.wrapping_mul(31).wrapping_add(u16::from(byte)));
    let [high, low] = number.to_be_bytes();
    let instance = Instance {
        id,
        stack_name: launch.stack_name,
        logical_id: launch.logical_id,
        kind,
        image,
        profile,
        role,
        vpc,
        subnet,
        zone,
        groups: interface.groups.clone(),
        private_ip: cidr.host(u32::from(number)),
        public_ip: interface.associate_public_ip_address.then(|| Ipv4Addr::new(100, 64, high, low)),
        template: launch.template,
        tags: launch.tags,
        launched_at: epoch_millis(),
        host: Arc::new(host),
    };
    services.ec2.instances.insert(instance.clone());
    Ok((instance, played_by))
}

/// Terminates an instance: its connections may end, then its processes do. One that is gone already is a success.
pub async fn terminate(services: &Services, id: &str) {
    services.ec2.addresses.bid_farewell(id).await;
    if let Some(instance) = services.ec2.instances.remove(id) {
        instance.host.stop().await;
    }
    services.ec2.release(id);
}

/// ARN and ID of the instance profile, and the ARN of its role.
type Identity = (Option<(String, String)>, Option<String>);

fn identity(services: &Services, data: &LaunchData) -> Result<Identity, Ec2Error> {
    let Some(reference) = &data.iam_instance_profile else { return Ok((None, None)) };
    let name = reference.name.as_deref().or_else(|| reference.arn.as_deref()?.rsplit('/').next());
    let name = name.unwrap_or_default();
    let invalid = |reason: String| Ec2Error::Invalid { parameter: "iamInstanceProfile", reason };
    let profile = services
        .iam
        .instance_profile(name)
        .ok_or_else(|| invalid(format!("Invalid IAM Instance Profile name '{name}'")))?;
    let role = profile.role.as_ref().and_then(|role| services.iam.role(role)).map(|role| role.arn);
    match &role {
        Some(role) if !services.iam.trusts(role, PRINCIPAL) => {
            Err(invalid(format!("the role {role} does not trust {PRINCIPAL}")))
        }
        Some(_) => Ok((Some((profile.arn, profile.id)), role)),
        None => Err(invalid(format!("the instance profile '{name}' has no role"))),
    }
}

/// What programs on instances reach: this cloud, with the rights of their role.
struct Surroundings(Weak<Services>);

impl Surroundings {
    fn of(&self, host: &str) -> Result<(Arc<Services>, Instance), String> {
        let services = self.0.upgrade().ok_or("the cloud is stopping")?;
        let instance = services.ec2.instances.get(host).map_err(|error| error.to_string())?;
        Ok((services, instance))
    }
}

#[async_trait]
impl Outside for Surroundings {
    async fn fetch(&self, host: &str, bucket: &str, key: &str) -> Result<Bytes, String> {
        let (services, instance) = self.of(host)?;
        let Some(role) = &instance.role else {
            return Err("fatal error: Unable to locate credentials".to_owned());
        };
        let object = format!("arn:aws:s3:::{bucket}/{key}");
        if !services.iam.allows(role, "s3:GetObject", Some(&object)) {
            return Err(format!(
                "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden ({role} may not do s3:GetObject on {object})"
            ));
        }
        let read = services.s3.get_object(bucket, key, None).await;
        read.map_err(|error| {
            format!("fatal error: An error occurred when calling the GetObject operation: {error}")
        })
    }

    async fn signal(&self, signal: HostSignal) -> Result<(), String> {
        let (services, instance) = self.of(&signal.host)?;
        // Without credentials of its own, an instance may signal within its stack only.
        if instance.stack_name != signal.stack {
            return Err(format!("the instance is not a member of the stack {}", signal.stack));
        }
        let said = Signal { unique_id: signal.host, success: signal.success, detail: signal.detail };
        services.signals.send(&signal.stack, &signal.resource, said).map_err(|error| error.to_string())
    }
}
