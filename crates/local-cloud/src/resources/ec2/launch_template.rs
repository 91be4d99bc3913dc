use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, ResourceType, Tag, resource};
use crate::services::ec2::{LaunchData, LaunchTemplate as Stored};
use crate::services::ids;
use crate::wire::epoch_millis;

pub(in crate::resources) struct LaunchTemplate;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    launch_template_name: Option<String>,
    launch_template_data: LaunchData,
    #[serde(default)]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagSpecification {
    tags: Vec<Tag>,
}

impl Properties {
    /// The tags of the template itself; those of the stack do not reach it.
    fn tags(&self) -> std::collections::BTreeMap<String, String> {
        let tags = self.tag_specifications.iter().flat_map(|specification| &specification.tags);
        tags.map(|tag| (tag.key.clone(), tag.value.clone())).collect()
    }
}

fn described(id: &str, latest: usize) -> Resource {
    resource(
        id,
        [
            ("LaunchTemplateId", json!(id)),
            ("LatestVersionNumber", json!(latest.to_string())),
            ("DefaultVersionNumber", json!("1")),
        ],
    )
}

#[async_trait]
impl ResourceType for LaunchTemplate {
    const SCHEMA: &'static str = include_str!("../schemas/ec2-launch-template.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let (id, properties) = (ids::ec2("lt"), &call.properties);
        let template = Stored {
            id: id.clone(),
            name: call.name(properties.launch_template_name.as_ref(), 128),
            versions: vec![properties.launch_template_data.clone()],
            tags: properties.tags(),
            created_at: epoch_millis(),
        };
        call.services.ec2.launch_templates.insert(template).map_err(refused)?;
        Ok(described(&id, 1))
    }

    /// Data that changes becomes another version.
    async fn update(
        call: Call<Properties>,
        current: Resource,
        before: Properties,
    ) -> Result<Resource, Failure> {
        let (templates, id) = (&call.services.ec2.launch_templates, current.physical_id.as_str());
        templates.set_tags(id, call.properties.tags()).map_err(refused)?;
        if before.launch_template_data == call.properties.launch_template_data {
            return Ok(current);
        }
        let data = call.properties.launch_template_data.clone();
        let latest = templates.add_version(id, data).map_err(refused)?;
        Ok(described(id, latest))
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.ec2.launch_templates.remove(&current.physical_id);
        Ok(())
    }
}
