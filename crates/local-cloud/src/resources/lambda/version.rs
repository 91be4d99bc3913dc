use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::{ProvisionedConcurrency, provisioned, refused};
use crate::resources::kind::{Call, ResourceType, resource};
use crate::services::lambda::FunctionReference;

pub(in crate::resources) struct Version;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    function_name: String,
    code_sha256: Option<String>,
    description: Option<String>,
    provisioned_concurrency_config: Option<ProvisionedConcurrency>,
}

#[async_trait]
impl ResourceType for Version {
    const SCHEMA: &'static str = include_str!("../schemas/lambda-version.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let name = FunctionReference::parse(&properties.function_name).name;
        let kept = provisioned(properties.provisioned_concurrency_config.as_ref());
        (call.request.progress)("waiting for the version to initialise once");
        let lambda = &call.services.lambda;
        let number = lambda
            .publish(&name, properties.code_sha256.as_deref(), properties.description.clone(), kept)
            .await
            .map_err(refused)?;
        let arn = format!("{}:{number}", lambda.arn(&name));
        Ok(resource(arn.clone(), [("FunctionArn", json!(arn)), ("Version", json!(number))]))
    }

    async fn update(_: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        let reference = FunctionReference::parse(&current.physical_id);
        let number = reference.qualifier.unwrap_or_default();
        call.services.lambda.delete_version(&reference.name, &number).await.map_err(refused)
    }
}
