use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, ResourceType, Tag, exists, resource};
use crate::services::ecs;

pub(in crate::resources) struct Cluster;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    cluster_name: Option<String>,
    #[serde(default)]
    capacity_providers: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

fn cluster(call: &Call<Properties>, name: String) -> ecs::Cluster {
    ecs::Cluster {
        arn: call.arn("ecs", &format!("cluster/{name}")),
        name,
        capacity_providers: call.properties.capacity_providers.clone(),
        tags: call.tags(&call.properties.tags),
    }
}

#[async_trait]
impl ResourceType for Cluster {
    const SCHEMA: &'static str = include_str!("../schemas/ecs-cluster.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let name = call.name(call.properties.cluster_name.as_ref(), 255);
        if call.services.ecs.cluster(&name).is_ok() {
            return Err(exists("AWS::ECS::Cluster", &name));
        }
        let cluster = call.services.ecs.create_cluster(cluster(&call, name));
        Ok(resource(cluster.name, [("Arn", json!(cluster.arn))]))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        call.services.ecs.update_cluster(cluster(&call, current.physical_id.clone()));
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.ecs.delete_cluster(&current.physical_id).map_err(refused)
    }
}
