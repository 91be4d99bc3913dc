use std::collections::BTreeSet;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource};
use crate::services::ec2::{Cidr, Item, ItemKind};
use crate::services::ids;

pub(in crate::resources) struct Vpc;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    cidr_block: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[async_trait]
impl ResourceType for Vpc {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-vpc.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let cidr: Cidr =
            call.properties.cidr_block.parse().map_err(|error| failed(Code::InvalidRequest, error))?;
        if !(16..=28).contains(&cidr.prefix()) {
            return Err(failed(Code::InvalidRequest, format!("The CIDR '{cidr}' is invalid.")));
        }
        let (id, ec2) = (ids::ec2("vpc"), &call.services.ec2);
        let tags = call.tags(&call.properties.tags);
        ec2.insert(&id, Item { kind: ItemKind::Vpc { cidr }, needs: BTreeSet::new(), tags })
            .map_err(refused)?;
        // A VPC comes with a group; it goes with the VPC, so it is not kept apart.
        let group = ids::ec2("sg");
        Ok(resource(
            id.clone(),
            [
                ("VpcId", json!(id)),
                ("CidrBlock", json!(cidr.to_string())),
                ("CidrBlockAssociations", json!([ids::ec2("vpc-cidr-assoc")])),
                ("DefaultNetworkAcl", json!(ids::ec2("acl"))),
                ("DefaultSecurityGroup", json!(group)),
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
