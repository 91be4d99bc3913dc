use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource};
use crate::services::ec2::{Cidr, Item, ItemKind};
use crate::services::ids;

pub(in crate::resources) struct Subnet;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    vpc_id: String,
    cidr_block: String,
    availability_zone: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[async_trait]
impl ResourceType for Subnet {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-subnet.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let cidr: Cidr =
            properties.cidr_block.parse().map_err(|error| failed(Code::InvalidRequest, error))?;
        let region = &call.request.region;
        let zone = properties.availability_zone.clone().unwrap_or_else(|| format!("{region}a"));
        let letter = zone.strip_prefix(region.as_str()).unwrap_or_default();
        if letter.len() != 1 || !letter.bytes().all(|byte| (b'a'..=b'f').contains(&byte)) {
            let message = format!(
                "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {region}a, {region}b, {region}c, {region}d, {region}e, {region}f."
            );
            return Err(failed(Code::InvalidRequest, message));
        }
        let id = ids::ec2("subnet");
        let kind = ItemKind::Subnet { vpc: properties.vpc_id.clone(), cidr, zone: zone.clone() };
        let needs = [properties.vpc_id.clone()].into();
        let item = Item { kind, needs, tags: call.tags(&properties.tags) };
        call.services.ec2.insert(&id, item).map_err(refused)?;
        Ok(resource(
            id.clone(),
            [
                ("SubnetId", json!(id)),
                ("AvailabilityZone", json!(zone)),
                ("CidrBlock", json!(cidr.to_string())),
                ("VpcId", json!(properties.vpc_id)),
                ("NetworkAclAssociationId", json!(ids::ec2("aclassoc"))),
                ("Ipv6CidrBlocks", json!([])),
            ],
        ))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        call.services
            .ec2
            .set_tags(&current.physical_id, call.tags(&call.properties.tags))
            .map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.ec2.remove(&current.physical_id).map_err(refused)
    }
}
