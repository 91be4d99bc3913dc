//! `AWS::StepFunctions::*`

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::kind::{Call, Code, ResourceType, Tag, exists, failed, resource, with};
use crate::services::states::{LogLevel, Logging, MachineType, Settings, StatesError};

pub(super) struct StateMachine;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Properties {
    definition: Option<Map<String, Value>>,
    definition_string: Option<String>,
    definition_s3_location: Option<S3Location>,
    #[serde(default)]
    definition_substitutions: BTreeMap<String, Value>,
    logging_configuration: Option<LoggingConfiguration>,
    role_arn: String,
    state_machine_name: Option<String>,
    state_machine_type: Option<String>,
    tracing_configuration: Option<TracingConfiguration>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct S3Location {
    bucket: String,
    key: String,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoggingConfiguration {
    #[serde(default)]
    destinations: Vec<Destination>,
    #[serde(default)]
    include_execution_data: bool,
    level: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    cloud_watch_logs_log_group: Option<LogGroup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogGroup {
    log_group_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfiguration {
    #[serde(default)]
    enabled: bool,
}

impl Properties {
    fn kind(&self) -> MachineType {
        // The schema lets only known names through.
        self.state_machine_type.as_deref().and_then(MachineType::parse).unwrap_or_default()
    }

    fn logging(&self) -> Logging {
        let Some(given) = &self.logging_configuration else { return Logging::default() };
        let group = given.destinations.first().and_then(|one| one.cloud_watch_logs_log_group.as_ref());
        Logging {
            level: given.level.as_deref().and_then(LogLevel::parse).unwrap_or_default(),
            include_execution_data: given.include_execution_data,
            destination: group.and_then(|group| group.log_group_arn.clone()),
        }
    }

    async fn settings(&self, call: &Call<Self>) -> Result<Settings, Failure> {
        Ok(Settings {
            definition: self.text(call).await?,
            role_arn: self.role_arn.clone(),
            logging: self.logging(),
            tracing: self.tracing_configuration.as_ref().is_some_and(|tracing| tracing.enabled),
        })
    }

    /// The definition as text, with `${name}` replaced by its substitution.
    async fn text(&self, call: &Call<Self>) -> Result<String, Failure> {
        let text = match (&self.definition_string, &self.definition, &self.definition_s3_location) {
            (Some(text), None, None) => text.clone(),
            (None, Some(definition), None) => Value::Object(definition.clone()).to_string(),
            (None, None, Some(S3Location { bucket, key, version })) => {
                let read = call.services.s3.get_object(bucket, key, version.as_deref()).await;
                let bytes = read.map_err(with(Code::InvalidRequest))?;
                String::from_utf8(bytes.to_vec()).map_err(with(Code::InvalidRequest))?
            }
            _ => {
                let message =
                    "Must provide exactly one of DefinitionString, Definition and DefinitionS3Location";
                return Err(failed(Code::InvalidRequest, message));
            }
        };
        Ok(substituted(text, &self.definition_substitutions))
    }
}

fn substituted(mut text: String, substitutions: &BTreeMap<String, Value>) -> String {
    for (name, value) in substitutions {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text = text.replace(&format!("${{{name}}}"), &value);
    }
    text
}

fn refused(error: StatesError) -> Failure {
    match error {
        StatesError::NoSuchMachine { .. } => with(Code::NotFound)(error),
        error => with(Code::InvalidRequest)(error),
    }
}

#[async_trait]
impl ResourceType for StateMachine {
    const SCHEMA: &'static str = include_str!("schemas/stepfunctions-state-machine.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let (properties, states) = (&call.properties, &call.services.states);
        let name = call.name(properties.state_machine_name.as_ref(), 80);
        let arn = call.arn("states", &format!("stateMachine:{name}"));
        if states.machine(&arn).is_ok() {
            return Err(exists("AWS::StepFunctions::StateMachine", &arn));
        }
        let settings = properties.settings(&call).await?;
        let machine = states.create(&call.services, &name, properties.kind(), settings).map_err(refused)?;
        let tags = call.tags(&properties.tags);
        machine.edit_tags(|all| *all = tags);
        let revision = machine.revision();
        let attributes = [
            ("Arn", json!(machine.arn)),
            ("Name", json!(machine.name)),
            ("StateMachineRevisionId", json!(revision.id)),
        ];
        Ok(resource(machine.arn.clone(), attributes))
    }

    async fn update(
        call: Call<Properties>,
        mut current: Resource,
        _: Properties,
    ) -> Result<Resource, Failure> {
        let (properties, states) = (&call.properties, &call.services.states);
        let arn = &current.physical_id;
        let settings = properties.settings(&call).await?;
        let machine = states.machine(arn).map_err(refused)?;
        // Tags alone make no new revision.
        let revision = if machine.revision().settings == settings {
            machine.revision()
        } else {
            states.update(&call.services, arn, settings).map_err(refused)?
        };
        let tags = call.tags(&properties.tags);
        machine.edit_tags(|all| *all = tags);
        current.attributes.insert("StateMachineRevisionId".to_owned(), json!(revision.id));
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.states.delete(&current.physical_id).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutions_replace_their_names_only() {
        let substitutions =
            BTreeMap::from([("Table".to_owned(), json!("turkeys")), ("Size".to_owned(), json!(115))]);
        let text = "{\"a\":\"${Table}\",\"b\":${Size},\"c\":\"${Other}\"}".to_owned();
        assert_eq!(substituted(text, &substitutions), "{\"a\":\"turkeys\",\"b\":115,\"c\":\"${Other}\"}");
    }
}
