use std::collections::BTreeSet;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, exists, failed, resource};
use crate::services::ec2::{Ec2, Item, ItemKind};
use crate::services::ids;

pub(in crate::resources) struct RouteTable;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct TableProperties {
    vpc_id: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[async_trait]
impl ResourceType for RouteTable {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-route-table.yaml");
    type Properties = TableProperties;

    async fn create(call: Call<TableProperties>) -> Result<Resource, Failure> {
        let (id, vpc) = (ids::ec2("rtb"), call.properties.vpc_id.clone());
        let needs = [vpc.clone()].into();
        let item = Item { kind: ItemKind::RouteTable { vpc }, needs, tags: call.tags(&call.properties.tags) };
        call.services.ec2.insert(&id, item).map_err(refused)?;
        Ok(resource(id.clone(), [("RouteTableId", json!(id))]))
    }

    async fn update(
        call: Call<TableProperties>,
        current: Resource,
        _: TableProperties,
    ) -> Result<Resource, Failure> {
        call.services
            .ec2
            .set_tags(&current.physical_id, call.tags(&call.properties.tags))
            .map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<TableProperties>, current: Resource) -> Result<(), Failure> {
        call.services.ec2.remove(&current.physical_id).map_err(refused)
    }
}

pub(in crate::resources) struct Route;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct RouteProperties {
    route_table_id: String,
    destination_cidr_block: String,
    gateway_id: String,
}

/// A route holds its gateway through its table: the table needs what its routes lead to.
fn change_needs(ec2: &Ec2, table: &str, change: impl FnOnce(&mut BTreeSet<String>)) -> Result<(), Failure> {
    let mut needs = ec2.get(table).map_err(refused)?.needs;
    change(&mut needs);
    ec2.set_needs(table, needs).map_err(refused)
}

#[async_trait]
impl ResourceType for Route {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-route.yaml");
    type Properties = RouteProperties;

    async fn create(call: Call<RouteProperties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let ec2 = &call.services.ec2;
        let table = ec2.get(&properties.route_table_id).map_err(refused)?;
        let gateway = ec2.get(&properties.gateway_id).map_err(refused)?;
        let attached = match (&table.kind, &gateway.kind) {
            (ItemKind::RouteTable { vpc }, ItemKind::InternetGateway { vpc: Some(attached) }) => {
                vpc == attached
            }
            _ => false,
        };
        if !attached {
            let message = format!(
                "route table {} and network gateway {} belong to different networks",
                properties.route_table_id, properties.gateway_id
            );
            return Err(failed(Code::InvalidRequest, message));
        }
        let id = format!("{}|{}", properties.route_table_id, properties.destination_cidr_block);
        if table.needs.contains(&properties.gateway_id) {
            return Err(exists("AWS::EC2::Route", &id));
        }
        change_needs(ec2, &properties.route_table_id, |needs| {
            needs.insert(properties.gateway_id.clone());
        })?;
        Ok(resource(id, [("CidrBlock", json!(properties.destination_cidr_block))]))
    }

    async fn update(
        call: Call<RouteProperties>,
        current: Resource,
        before: RouteProperties,
    ) -> Result<Resource, Failure> {
        let properties = &call.properties;
        call.services.ec2.get(&properties.gateway_id).map_err(refused)?;
        change_needs(&call.services.ec2, &properties.route_table_id, |needs| {
            needs.remove(&before.gateway_id);
            needs.insert(properties.gateway_id.clone());
        })?;
        Ok(current)
    }

    async fn delete(call: Call<RouteProperties>, _: Resource) -> Result<(), Failure> {
        let properties = &call.properties;
        if call.services.ec2.get(&properties.route_table_id).is_err() {
            return Ok(());
        }
        change_needs(&call.services.ec2, &properties.route_table_id, |needs| {
            needs.remove(&properties.gateway_id);
        })
    }
}

pub(in crate::resources) struct SubnetRouteTableAssociation;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct AssociationProperties {
    route_table_id: String,
    subnet_id: String,
}

#[async_trait]
impl ResourceType for SubnetRouteTableAssociation {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-subnet-route-table-association.yaml");
    type Properties = AssociationProperties;

    async fn create(call: Call<AssociationProperties>) -> Result<Resource, Failure> {
        let AssociationProperties { route_table_id, subnet_id } = &call.properties;
        let ec2 = &call.services.ec2;
        let (vpc, _) = ec2.subnet(subnet_id).map_err(refused)?;
        match ec2.get(route_table_id).map_err(refused)?.kind {
            ItemKind::RouteTable { vpc: other } if other == vpc => {}
            _ => {
                let message = format!(
                    "route table {route_table_id} and subnet {subnet_id} belong to different networks"
                );
                return Err(failed(Code::InvalidRequest, message));
            }
        }
        let id = ids::ec2("rtbassoc");
        ec2.hold(&id, [route_table_id.clone(), subnet_id.clone()]).map_err(refused)?;
        Ok(resource(id.clone(), [("Id", json!(id))]))
    }

    async fn update(
        _: Call<AssociationProperties>,
        current: Resource,
        _: AssociationProperties,
    ) -> Result<Resource, Failure> {
        Ok(current)
    }

    async fn delete(call: Call<AssociationProperties>, current: Resource) -> Result<(), Failure> {
        call.services.ec2.release(&current.physical_id);
        Ok(())
    }
}
