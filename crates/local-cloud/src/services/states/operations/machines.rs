use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::history::seconds;
use super::super::machine;
use super::super::{LogLevel, Logging, MachineType, Revision, Settings, StateMachine, StatesError};
use super::tags::{self, Tag};
use super::{Answer, IncludedData, Page, listed};
use crate::Services;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    definition: String,
    role_arn: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<TracingConfiguration>,
    encryption_configuration: Option<EncryptionConfiguration>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    publish: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Update {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<TracingConfiguration>,
    encryption_configuration: Option<EncryptionConfiguration>,
    #[serde(default)]
    publish: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LoggingConfiguration {
    level: Option<String>,
    #[serde(default)]
    include_execution_data: bool,
    #[serde(default)]
    destinations: Vec<Destination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Destination {
    cloud_watch_logs_log_group: Option<LogGroupArn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LogGroupArn {
    log_group_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TracingConfiguration {
    #[serde(default)]
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EncryptionConfiguration {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Named {
    state_machine_arn: String,
    #[serde(default)]
    included_data: IncludedData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct List {
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Validate {
    definition: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    max_results: Option<usize>,
}

impl TryFrom<LoggingConfiguration> for Logging {
    type Error = StatesError;

    fn try_from(given: LoggingConfiguration) -> Result<Self, StatesError> {
        let refuse = |reason: &str| StatesError::InvalidLoggingConfiguration { reason: reason.to_owned() };
        let level = given.level.as_deref().unwrap_or("OFF");
        let level = LogLevel::parse(level)
            .ok_or_else(|| refuse(&format!("Level {level} is not one of ALL, ERROR, FATAL and OFF.")))?;
        if given.destinations.len() > 1 {
            return Err(refuse("Must specify exactly one Log Destination."));
        }
        let destination = given.destinations.into_iter().next();
        let group = destination.and_then(|destination| destination.cloud_watch_logs_log_group);
        Ok(Self {
            level,
            include_execution_data: given.include_execution_data,
            destination: group.and_then(|group| group.log_group_arn),
        })
    }
}

fn kind(given: Option<&str>) -> Result<MachineType, StatesError> {
    let name = given.unwrap_or("STANDARD");
    MachineType::parse(name).ok_or_else(|| {
        StatesError::validation(format!("The type {name:?} is not one of STANDARD and EXPRESS."))
    })
}

/// Refuses what would need versions or keys of the customer's own.
fn check_offered(publish: bool, encryption: Option<&EncryptionConfiguration>) -> Result<(), StatesError> {
    if publish {
        return Err(StatesError::validation(
            "Versions of state machines are not offered by this cloud; leave publish out.",
        ));
    }
    match encryption {
        Some(encryption) if encryption.kind != "AWS_OWNED_KEY" => Err(StatesError::validation(format!(
            "The encryption type {} is not offered by this cloud; AWS_OWNED_KEY is.",
            encryption.kind
        ))),
        _ => Ok(()),
    }
}

pub(super) fn create(services: &Arc<Services>, input: Create) -> Answer {
    check_offered(input.publish, input.encryption_configuration.as_ref())?;
    let settings = Settings {
        definition: input.definition,
        role_arn: input.role_arn,
        logging: input.logging_configuration.map(Logging::try_from).transpose()?.unwrap_or_default(),
        tracing: input.tracing_configuration.is_some_and(|tracing| tracing.enabled),
    };
    let wanted = tags::checked(input.tags)?;
    let machine = services.states.create(services, &input.name, kind(input.kind.as_deref())?, settings)?;
    machine.edit_tags(|tags| {
        if tags.is_empty() {
            *tags = wanted;
        }
    });
    Ok(json!({"stateMachineArn": machine.arn, "creationDate": seconds(machine.created_at)}))
}

pub(super) fn update(services: &Arc<Services>, input: Update) -> Answer {
    check_offered(input.publish, input.encryption_configuration.as_ref())?;
    let nothing = input.definition.is_none()
        && input.role_arn.is_none()
        && input.logging_configuration.is_none()
        && input.tracing_configuration.is_none();
    if nothing {
        let reason = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";
        return Err(StatesError::MissingRequiredParameter { reason: reason.to_owned() }.into());
    }
    let mut settings = services.states.machine(&input.state_machine_arn)?.revision().settings.clone();
    if let Some(definition) = input.definition {
        settings.definition = definition;
    }
    if let Some(role) = input.role_arn {
        settings.role_arn = role;
    }
    if let Some(logging) = input.logging_configuration {
        settings.logging = logging.try_into()?;
    }
    if let Some(tracing) = input.tracing_configuration {
        settings.tracing = tracing.enabled;
    }
    let revision = services.states.update(services, &input.state_machine_arn, settings)?;
    Ok(json!({"updateDate": seconds(revision.updated_at), "revisionId": revision.id}))
}

pub(super) fn delete(services: &Services, input: &Named) -> Answer {
    services.states.delete(&input.state_machine_arn)?;
    Ok(json!({}))
}

pub(super) fn describe(services: &Services, input: &Named) -> Answer {
    let machine = services.states.machine(&input.state_machine_arn)?;
    let mut answer = described(&machine.revision(), input.included_data);
    answer["stateMachineArn"] = machine.arn.as_str().into();
    answer["name"] = machine.name.as_str().into();
    answer["status"] = "ACTIVE".into();
    answer["type"] = machine.kind.as_str().into();
    answer["creationDate"] = seconds(machine.created_at);
    Ok(answer)
}

/// What a revision says about its machine.
pub(super) fn described(revision: &Revision, included: IncludedData) -> Value {
    let settings = &revision.settings;
    let mut answer = json!({
        "roleArn": settings.role_arn,
        "loggingConfiguration": settings.logging.to_json(),
        "tracingConfiguration": {"enabled": settings.tracing},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
        "revisionId": revision.id,
    });
    if included == IncludedData::AllData {
        answer["definition"] = settings.definition.as_str().into();
    }
    answer
}

pub(super) fn list(services: &Services, input: &List) -> Answer {
    let page = Page::new(input.max_results, input.next_token.as_deref())?;
    let (machines, token) = page.cut(services.states.machines());
    let entry = |machine: &Arc<StateMachine>| {
        json!({
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "type": machine.kind.as_str(),
            "creationDate": seconds(machine.created_at),
        })
    };
    Ok(listed("stateMachines", machines.iter().map(entry).collect(), token))
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html>
pub(super) fn validate(input: &Validate) -> Answer {
    let severity = input.severity.as_deref().unwrap_or("ERROR");
    if !["ERROR", "WARNING"].contains(&severity) {
        let reason = format!("The severity {severity:?} is not one of ERROR and WARNING.");
        return Err(StatesError::validation(reason).into());
    }
    let most = match input.max_results.unwrap_or_default() {
        0 => 100,
        most @ 1..=100 => most,
        most => {
            return Err(StatesError::validation(format!("maxResults is {most}; it must be 0 to 100.")).into());
        }
    };
    let problems = machine::parse(&input.definition, kind(input.kind.as_deref())?).err().unwrap_or_default();
    let diagnostics: Vec<Value> = problems
        .iter()
        .take(most)
        .map(|problem| {
            json!({
                "severity": "ERROR",
                "code": problem.code,
                "message": problem.message,
                "location": problem.location,
            })
        })
        .collect();
    let result = if problems.is_empty() { "OK" } else { "FAIL" };
    Ok(json!({"result": result, "diagnostics": diagnostics, "truncated": problems.len() > most}))
}
