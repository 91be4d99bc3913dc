use std::collections::BTreeSet;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, ResourceType, Tag, resource};
use crate::services::ec2::{Item, ItemKind};
use crate::services::ids;

pub(in crate::resources) struct InternetGateway;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct GatewayProperties {
    #[serde(default)]
    tags: Vec<Tag>,
}

#[async_trait]
impl ResourceType for InternetGateway {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-internet-gateway.yaml");
    type Properties = GatewayProperties;

    async fn create(call: Call<GatewayProperties>) -> Result<Resource, Failure> {
        let id = ids::ec2("igw");
        let tags = call.tags(&call.properties.tags);
        let item = Item { kind: ItemKind::InternetGateway { vpc: None }, needs: BTreeSet::new(), tags };
        call.services.ec2.insert(&id, item).map_err(refused)?;
        Ok(resource(id.clone(), [("InternetGatewayId", json!(id))]))
    }

    async fn update(
        call: Call<GatewayProperties>,
        current: Resource,
        _: GatewayProperties,
    ) -> Result<Resource, Failure> {
        call.services
            .ec2
            .set_tags(&current.physical_id, call.tags(&call.properties.tags))
            .map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<GatewayProperties>, current: Resource) -> Result<(), Failure> {
        call.services.ec2.remove(&current.physical_id).map_err(refused)
    }
}

pub(in crate::resources) struct VpcGatewayAttachment;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct AttachmentProperties {
    vpc_id: String,
    internet_gateway_id: String,
}

#[async_trait]
impl ResourceType for VpcGatewayAttachment {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-vpc-gateway-attachment.yaml");
    type Properties = AttachmentProperties;

    async fn create(call: Call<AttachmentProperties>) -> Result<Resource, Failure> {
        let AttachmentProperties { vpc_id, internet_gateway_id } = &call.properties;
        call.services.ec2.attach_gateway(internet_gateway_id, Some(vpc_id)).map_err(refused)?;
        Ok(resource(format!("IGW|{vpc_id}"), [("AttachmentType", json!("IGW"))]))
    }

    async fn update(
        call: Call<AttachmentProperties>,
        current: Resource,
        before: AttachmentProperties,
    ) -> Result<Resource, Failure> {
        let ec2 = &call.services.ec2;
        ec2.attach_gateway(&before.internet_gateway_id, None).map_err(refused)?;
        ec2.attach_gateway(&call.properties.internet_gateway_id, Some(&call.properties.vpc_id))
            .map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<AttachmentProperties>, _: Resource) -> Result<(), Failure> {
        call.services.ec2.attach_gateway(&call.properties.internet_gateway_id, None).map_err(refused)
    }
}
