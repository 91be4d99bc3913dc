use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, ResourceType, resource};
use crate::services::lambda::{self, FunctionReference};

pub(in crate::resources) struct Permission;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    action: String,
    function_name: String,
    principal: String,
    source_account: Option<String>,
    source_arn: Option<String>,
}

#[async_trait]
impl ResourceType for Permission {
    const SCHEMA: &'static str = include_str!("../schemas/lambda-permission.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let reference = FunctionReference::parse(&properties.function_name);
        let id = call.request.generated_name(100);
        let permission = lambda::Permission {
            id: id.clone(),
            action: properties.action.clone(),
            principal: properties.principal.clone(),
            source_arn: properties.source_arn.clone(),
            source_account: properties.source_account.clone(),
            qualifier: reference.qualifier,
        };
        call.services.lambda.add_permission(&reference.name, permission).map_err(refused)?;
        Ok(resource(id.clone(), [("Id", json!(id))]))
    }

    async fn update(_: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        let reference = FunctionReference::parse(&call.properties.function_name);
        call.services.lambda.remove_permission(&reference.name, &current.physical_id);
        Ok(())
    }
}
