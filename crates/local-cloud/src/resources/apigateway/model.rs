use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{refused, take};
use crate::resources::kind::{Call, Code, ResourceType, exists, failed, resource};
use crate::services::apigateway::{self, ApiGatewayError};
use crate::services::ids;

pub(in crate::resources) struct Model;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    rest_api_id: String,
    name: Option<String>,
    content_type: Option<String>,
    description: Option<String>,
    schema: Option<Value>,
}

impl Properties {
    fn model(&self) -> Result<apigateway::Model, Failure> {
        let schema = match &self.schema {
            None => json!({}),
            Some(Value::String(text)) => serde_json::from_str(text).map_err(|error| {
                failed(Code::InvalidRequest, format!("Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified: {error}]"))
            })?,
            Some(schema) => schema.clone(),
        };
        Ok(apigateway::Model {
            id: ids::letters_and_digits(6),
            content_type: self.content_type.clone().unwrap_or_else(|| "application/json".to_owned()),
            description: self.description.clone(),
            schema,
        })
    }
}

#[async_trait]
impl ResourceType for Model {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-model.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let (properties, model) = (&call.properties, call.properties.model()?);
        // A model's name has letters and digits only.
        let generated = || call.request.generated_name(64).replace('-', "");
        let name = properties.name.clone().unwrap_or_else(generated);
        let change = |api: &mut apigateway::Api| {
            if api.models.contains_key(&name) {
                return Err(ApiGatewayError::Conflict("Model name already exists for this REST API".into()));
            }
            api.models.insert(name.clone(), model);
            Ok(())
        };
        match call.services.apigateway.change(&properties.rest_api_id, change) {
            Ok(()) => Ok(resource(name, [])),
            Err(ApiGatewayError::Conflict(_)) => Err(exists("AWS::ApiGateway::Model", &name)),
            Err(error) => Err(refused(error)),
        }
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let model = call.properties.model()?;
        let change = |api: &mut apigateway::Api| {
            api.models.insert(current.physical_id.clone(), model);
            Ok(())
        };
        call.services.apigateway.change(&call.properties.rest_api_id, change).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        take(&call.services.apigateway, &call.properties.rest_api_id, |api| {
            api.models.remove(&current.physical_id);
            Ok(())
        })
    }
}
