//! `AWS::SSM::*`

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::kind::{Call, Code, ResourceType, exists, resource, with};
use crate::services::ssm::{self, NewParameter, SsmError};

pub(super) struct Parameter;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Properties {
    name: Option<String>,
    #[serde(rename = "Type")]
    kind: String,
    value: String,
    data_type: Option<String>,
    description: Option<String>,
    allowed_pattern: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl Properties {
    fn new_parameter(&self, call: &Call<Self>, name: String) -> NewParameter {
        let mut tags = call.tags(&[]);
        tags.extend(self.tags.clone());
        NewParameter {
            name,
            kind: self.kind.clone(),
            value: self.value.clone(),
            data_type: self.data_type.clone(),
            description: self.description.clone(),
            allowed_pattern: self.allowed_pattern.clone(),
            tags,
        }
    }
}

fn described(parameter: &ssm::Parameter) -> Resource {
    resource(parameter.name.clone(), [("Arn", json!(parameter.arn))])
}

#[async_trait]
impl ResourceType for Parameter {
    const SCHEMA: &'static str = include_str!("schemas/ssm-parameter.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let name = call.name(call.properties.name.as_ref(), 255);
        let new = call.properties.new_parameter(&call, name.clone());
        match call.services.ssm.put(new, false) {
            Ok(parameter) => Ok(described(&parameter)),
            Err(SsmError::Exists) => Err(exists("AWS::SSM::Parameter", &name)),
            Err(error) => Err(with(Code::InvalidRequest)(error)),
        }
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let new = call.properties.new_parameter(&call, current.physical_id);
        call.services
            .ssm
            .put(new, true)
            .map(|parameter| described(&parameter))
            .map_err(with(Code::InvalidRequest))
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.ssm.delete(&current.physical_id);
        Ok(())
    }
}
