use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, ResourceType, Tag, resource};
use crate::services::ec2::{self, Launch, public_dns};

pub(in crate::resources) struct Instance;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    launch_template: Reference,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reference {
    launch_template_id: String,
    version: String,
}

#[async_trait]
impl ResourceType for Instance {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-instance.yaml");
    type Properties = Properties;

    /// An instance counts as created when it runs; only a creation policy waits for its boot.
    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let Reference { launch_template_id, version } = &call.properties.launch_template;
        let templates = &call.services.ec2.launch_templates;
        let launch = Launch {
            data: templates.version(launch_template_id, version).map_err(refused)?,
            template: (launch_template_id.clone(), version.clone()),
            stack_name: call.request.stack_name.clone(),
            logical_id: call.request.logical_id.clone(),
            tags: call.tags(&call.properties.tags),
        };
        let (instance, played_by) = ec2::launch(&call.services, launch).await.map_err(refused)?;
        (call.request.progress)(&format!("nginx on the instance is played by {played_by}"));
        let region = &call.request.region;
        let text = |value: Option<String>| json!(value.unwrap_or_default());
        Ok(resource(
            instance.id.clone(),
            [
                ("InstanceId", json!(instance.id)),
                ("AvailabilityZone", json!(instance.zone)),
                ("PrivateDnsName", json!(instance.private_dns(region))),
                ("PrivateIp", json!(instance.private_ip)),
                ("PublicDnsName", text(instance.public_ip.map(|ip| public_dns(ip, region)))),
                ("PublicIp", text(instance.public_ip.map(|ip| ip.to_string()))),
                ("VpcId", json!(instance.vpc)),
            ],
        ))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let tags = call.tags(&call.properties.tags);
        call.services.ec2.instances.set_tags(&current.physical_id, tags).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        ec2::terminate(&call.services, &current.physical_id).await;
        Ok(())
    }
}
