use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::{refused, take};
use crate::resources::kind::{Call, ResourceType, resource};
use crate::services::apigateway::{Api, ApiGatewayError, Stage};
use crate::wire::epoch_millis;

pub(in crate::resources) struct Deployment;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    rest_api_id: String,
    description: Option<String>,
    stage_name: Option<String>,
}

/// Serves a deployment as the stage that its template names; a stage that is there keeps its settings.
fn serve(api: &mut Api, name: &str, deployment: &str) -> Result<(), ApiGatewayError> {
    let fresh = || Stage { name: name.to_owned(), created_at: epoch_millis(), ..Stage::default() };
    let stage = api.stages.get(name).cloned().unwrap_or_else(fresh);
    api.put_stage(Stage { deployment: deployment.to_owned(), ..stage })
}

#[async_trait]
impl ResourceType for Deployment {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-deployment.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let Properties { rest_api_id, description, stage_name } = &call.properties;
        let change = |api: &mut Api| {
            let id = api.deploy(description.clone())?;
            if let Some(name) = stage_name {
                serve(api, name, &id)?;
            }
            Ok(id)
        };
        let id = call.services.apigateway.change(rest_api_id, change).map_err(refused)?;
        Ok(resource(id.clone(), [("DeploymentId", json!(id))]))
    }

    async fn update(
        call: Call<Properties>,
        current: Resource,
        before: Properties,
    ) -> Result<Resource, Failure> {
        let Properties { rest_api_id, description, stage_name } = &call.properties;
        let change = |api: &mut Api| {
            if let Some(deployment) = api.deployments.get_mut(&current.physical_id) {
                deployment.description.clone_from(description);
            }
            match stage_name {
                Some(name) if before.stage_name.as_ref() != Some(name) => {
                    serve(api, name, &current.physical_id)
                }
                _ => Ok(()),
            }
        };
        call.services.apigateway.change(rest_api_id, change).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        let Properties { rest_api_id, stage_name, .. } = &call.properties;
        take(&call.services.apigateway, rest_api_id, |api| {
            // The stage that came with this deployment goes with it, unless it has moved on.
            let own = stage_name.as_ref().and_then(|name| api.stages.get(name));
            if let Some(name) =
                own.filter(|stage| stage.deployment == current.physical_id).map(|stage| stage.name.clone())
            {
                api.remove_stage(&name);
            }
            api.remove_deployment(&current.physical_id)
        })
    }
}
