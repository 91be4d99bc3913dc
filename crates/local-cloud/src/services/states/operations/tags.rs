use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{MAX_TAGS, StatesError};
use super::Answer;
use crate::Services;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Resource {
    resource_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Add {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Remove {
    resource_arn: String,
    tag_keys: Vec<String>,
}

/// Tags by key.
pub(super) fn checked(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, StatesError> {
    let tags: BTreeMap<String, String> = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    if tags.len() > MAX_TAGS { Err(StatesError::TooManyTags { limit: MAX_TAGS }) } else { Ok(tags) }
}

fn missing(arn: &str) -> StatesError {
    StatesError::NoSuchResource { arn: arn.to_owned() }
}

pub(super) fn list(services: &Services, input: &Resource) -> Answer {
    let machine = services.states.machine(&input.resource_arn).map_err(|_| missing(&input.resource_arn))?;
    let tags: Vec<Value> =
        machine.tags().iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    Ok(json!({"tags": tags}))
}

pub(super) fn add(services: &Services, input: Add) -> Answer {
    let machine = services.states.machine(&input.resource_arn).map_err(|_| missing(&input.resource_arn))?;
    let mut all = machine.tags();
    all.extend(checked(input.tags)?);
    if all.len() > MAX_TAGS {
        return Err(StatesError::TooManyTags { limit: MAX_TAGS }.into());
    }
    machine.edit_tags(|tags| *tags = all);
    Ok(json!({}))
}

pub(super) fn remove(services: &Services, input: &Remove) -> Answer {
    let machine = services.states.machine(&input.resource_arn).map_err(|_| missing(&input.resource_arn))?;
    machine.edit_tags(|tags| tags.retain(|key, _| !input.tag_keys.contains(key)));
    Ok(json!({}))
}
