//! `AWS::ApiGatewayV2::*`

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::kind::{Call, Code, ResourceType, resource, with};
use crate::services::apigateway::VpcLink as Stored;
use crate::services::ids;
use crate::wire::epoch_millis;

pub(super) struct VpcLink;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Properties {
    name: String,
    subnet_ids: Vec<String>,
    #[serde(default)]
    security_group_ids: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl Properties {
    fn link(&self, call: &Call<Self>, id: String, created_at: i64) -> Stored {
        let mut tags = call.tags(&[]);
        tags.extend(self.tags.clone());
        Stored {
            id,
            name: self.name.clone(),
            subnets: self.subnet_ids.clone(),
            security_groups: self.security_group_ids.clone(),
            tags,
            created_at,
        }
    }
}

#[async_trait]
impl ResourceType for VpcLink {
    const SCHEMA: &'static str = include_str!("schemas/apigatewayv2-vpc-link.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let id = ids::letters_and_digits(6);
        for subnet in &properties.subnet_ids {
            call.services.ec2.subnet(subnet).map_err(with(Code::NotFound))?;
        }
        let held = properties.subnet_ids.iter().chain(&properties.security_group_ids).cloned();
        call.services.ec2.hold(&Stored::holder(&id), held).map_err(with(Code::NotFound))?;
        call.services.apigateway.put_link(properties.link(&call, id.clone(), epoch_millis()));
        Ok(resource(id.clone(), [("VpcLinkId", json!(id))]))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let before = call.services.apigateway.link(&current.physical_id).map_err(with(Code::NotFound))?;
        let link = call.properties.link(&call, before.id, before.created_at);
        call.services.apigateway.put_link(link);
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.apigateway.remove_link(&current.physical_id);
        call.services.ec2.release(&Stored::holder(&current.physical_id));
        Ok(())
    }
}
