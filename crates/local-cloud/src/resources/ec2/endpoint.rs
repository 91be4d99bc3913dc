use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource};
use crate::services::ec2::{Item, ItemKind};
use crate::services::ids;
use crate::wire::{epoch_millis, iso_seconds};

pub(in crate::resources) struct VpcEndpoint;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    vpc_id: String,
    service_name: String,
    vpc_endpoint_type: Option<String>,
    #[serde(default)]
    route_table_ids: Vec<String>,
    #[serde(default)]
    security_group_ids: Vec<String>,
    #[serde(default)]
    subnet_ids: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl Properties {
    fn needs(&self) -> impl Iterator<Item = String> {
        let lists = [&self.route_table_ids, &self.security_group_ids, &self.subnet_ids];
        std::iter::once(self.vpc_id.clone()).chain(lists.into_iter().flatten().cloned())
    }
}

#[async_trait]
impl ResourceType for VpcEndpoint {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-vpc-endpoint.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let (id, properties) = (ids::ec2("vpce"), &call.properties);
        if !properties.service_name.starts_with(&format!("com.amazonaws.{}.", call.request.region)) {
            let message = format!("The Vpc Endpoint Service '{}' does not exist", properties.service_name);
            return Err(failed(Code::NotFound, message));
        }
        let gateway = properties.vpc_endpoint_type.as_deref().unwrap_or("Gateway") == "Gateway";
        let service = properties.service_name.rsplit('.').next().unwrap_or_default();
        if gateway && !["s3", "dynamodb"].contains(&service) {
            let message = format!(
                "The service name '{}' does not support endpoints of type Gateway; ask for an Interface endpoint",
                properties.service_name
            );
            return Err(failed(Code::InvalidRequest, message));
        }
        let kind = ItemKind::Endpoint { vpc: properties.vpc_id.clone() };
        let item = Item { kind, needs: properties.needs().collect(), tags: call.tags(&properties.tags) };
        call.services.ec2.insert(&id, item).map_err(refused)?;
        let interfaces: Vec<String> = properties.subnet_ids.iter().map(|_| ids::ec2("eni")).collect();
        Ok(resource(
            id.clone(),
            [
                ("Id", json!(id)),
                ("CreationTimestamp", json!(iso_seconds(epoch_millis()))),
                ("DnsEntries", json!([])),
                ("NetworkInterfaceIds", json!(interfaces)),
            ],
        ))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let needs = call.properties.needs().collect();
        call.services.ec2.set_needs(&current.physical_id, needs).map_err(refused)?;
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
