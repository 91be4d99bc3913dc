use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, ResourceType, Tag, resource};
use crate::services::ec2;

/// The physical ID is the address, as on AWS.
pub(in crate::resources) struct Eip;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct EipProperties {
    #[serde(default)]
    tags: Vec<Tag>,
}

/// The allocation of an address that exists.
fn allocation(current: &Resource) -> &str {
    current.attributes.get("AllocationId").and_then(|id| id.as_str()).unwrap_or_default()
}

#[async_trait]
impl ResourceType for Eip {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-eip.yaml");
    type Properties = EipProperties;

    async fn create(call: Call<EipProperties>) -> Result<Resource, Failure> {
        let address =
            call.services.ec2.addresses.allocate(&call.request.stack_name, call.tags(&call.properties.tags));
        let public_ip = address.public_ip.to_string();
        let attributes = [("AllocationId", json!(address.allocation)), ("PublicIp", json!(public_ip))];
        Ok(resource(public_ip, attributes))
    }

    async fn update(
        call: Call<EipProperties>,
        current: Resource,
        _: EipProperties,
    ) -> Result<Resource, Failure> {
        let tags = call.tags(&call.properties.tags);
        call.services.ec2.addresses.set_tags(allocation(&current), tags).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<EipProperties>, current: Resource) -> Result<(), Failure> {
        let services = &call.services;
        services.ec2.addresses.release(allocation(&current), &services.hosts).await.map_err(refused)
    }
}

pub(in crate::resources) struct EipAssociation;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct AssociationProperties {
    allocation_id: String,
    instance_id: String,
}

#[async_trait]
impl ResourceType for EipAssociation {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-eip-association.yaml");
    type Properties = AssociationProperties;

    async fn create(call: Call<AssociationProperties>) -> Result<Resource, Failure> {
        let AssociationProperties { allocation_id, instance_id } = &call.properties;
        let id = ec2::associate(&call.services, allocation_id, instance_id).await.map_err(refused)?;
        Ok(resource(id.clone(), [("Id", json!(id))]))
    }

    /// Whatever changes replaces it.
    async fn update(
        _: Call<AssociationProperties>,
        current: Resource,
        _: AssociationProperties,
    ) -> Result<Resource, Failure> {
        Ok(current)
    }

    /// One that has lost its address to another is gone already.
    async fn delete(call: Call<AssociationProperties>, current: Resource) -> Result<(), Failure> {
        call.services.ec2.addresses.disassociate(&current.physical_id);
        Ok(())
    }
}
