use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::{ProvisionedConcurrency, provisioned, refused};
use crate::resources::kind::{Call, ResourceType, exists, resource};
use crate::services::lambda::{self, FunctionReference, LambdaError};

pub(in crate::resources) struct Alias;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    name: String,
    function_name: String,
    function_version: String,
    description: Option<String>,
    provisioned_concurrency_config: Option<ProvisionedConcurrency>,
    routing_config: Option<RoutingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoutingConfig {
    #[serde(default)]
    additional_version_weights: Vec<Weight>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Weight {
    function_version: String,
    function_weight: f64,
}

impl Properties {
    fn alias(&self) -> lambda::Alias {
        let weights = self.routing_config.iter().flat_map(|config| &config.additional_version_weights);
        lambda::Alias {
            name: self.name.clone(),
            version: self.function_version.clone(),
            description: self.description.clone().unwrap_or_default(),
            second: weights.map(|weight| (weight.function_version.clone(), weight.function_weight)).next(),
            provisioned: provisioned(self.provisioned_concurrency_config.as_ref()),
        }
    }

    fn function(&self) -> String {
        FunctionReference::parse(&self.function_name).name
    }
}

fn progress(call: &Call<Properties>, alias: &lambda::Alias) {
    if alias.provisioned > 0 {
        (call.request.progress)(&format!("waiting for {} provisioned environments", alias.provisioned));
    }
}

#[async_trait]
impl ResourceType for Alias {
    const SCHEMA: &'static str = include_str!("../schemas/lambda-alias.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let (alias, function) = (call.properties.alias(), call.properties.function());
        let arn = format!("{}:{}", call.services.lambda.arn(&function), alias.name);
        progress(&call, &alias);
        match call.services.lambda.put_alias(&function, alias, true).await {
            Ok(()) => Ok(resource(arn.clone(), [("AliasArn", json!(arn))])),
            Err(LambdaError::AliasExists(arn)) => Err(exists("AWS::Lambda::Alias", &arn)),
            Err(error) => Err(refused(error)),
        }
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let alias = call.properties.alias();
        progress(&call, &alias);
        call.services.lambda.put_alias(&call.properties.function(), alias, false).await.map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, _: Resource) -> Result<(), Failure> {
        let properties = &call.properties;
        call.services.lambda.delete_alias(&properties.function(), &properties.name).await.map_err(refused)
    }
}
