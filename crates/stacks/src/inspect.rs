//! Reads what is deployed.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Stack, StackEvent};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event::ResourceEvent;

/// A stack as the endpoint has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployedStack {
    pub name: String,
    pub id: String,
    /// `CREATE_COMPLETE`, `ROLLBACK_IN_PROGRESS` …
    pub status: String,
    pub reason: Option<String>,
    pub parameters: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// RFC 3339, UTC.
    pub created: Option<String>,
    /// RFC 3339, UTC.
    pub updated: Option<String>,
}

impl DeployedStack {
    /// The region that the stack stands in, as its ID, an ARN, says; `None` where it has none.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.id.split(':').nth(3).filter(|region| !region.is_empty())
    }
}

impl From<&Stack> for DeployedStack {
    fn from(stack: &Stack) -> Self {
        let pair = |key: Option<&str>, value: Option<&str>| {
            key.map(|key| (key.to_owned(), value.unwrap_or_default().to_owned()))
        };
        Self {
            name: stack.stack_name().unwrap_or_default().to_owned(),
            id: stack.stack_id().unwrap_or_default().to_owned(),
            status: stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            reason: stack.stack_status_reason().map(str::to_owned),
            parameters: stack
                .parameters()
                .iter()
                .filter_map(|parameter| pair(parameter.parameter_key(), parameter.parameter_value()))
                .collect(),
            outputs: stack
                .outputs()
                .iter()
                .filter_map(|output| pair(output.output_key(), output.output_value()))
                .collect(),
            tags: stack.tags().iter().filter_map(|tag| pair(tag.key(), tag.value())).collect(),
            created: stack.creation_time().and_then(rfc3339),
            updated: stack.last_updated_time().and_then(rfc3339),
        }
    }
}

impl From<&StackEvent> for ResourceEvent {
    fn from(event: &StackEvent) -> Self {
        Self {
            stack: event.stack_name().unwrap_or_default().to_owned(),
            at: event.timestamp().and_then(rfc3339).unwrap_or_default(),
            logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
            physical_id: event.physical_resource_id().filter(|id| !id.is_empty()).map(str::to_owned),
            resource_type: event.resource_type().unwrap_or_default().to_owned(),
            status: event.resource_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            reason: event.resource_status_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
            of_stack: event.resource_type() == Some("AWS::CloudFormation::Stack")
                && event.physical_resource_id() == event.stack_id(),
        }
    }
}

fn rfc3339(time: &aws_sdk_cloudformation::primitives::DateTime) -> Option<String> {
    time.fmt(aws_sdk_cloudformation::primitives::DateTimeFormat::DateTime).ok()
}

/// One stack by name or ID; `None` where there is none. A deleted stack is found by its ID only.
pub async fn stack(client: &Client, name: &str) -> Result<Option<DeployedStack>, Error> {
    match client.describe_stacks().stack_name(name).send().await {
        Ok(answer) => Ok(answer.stacks().first().map(DeployedStack::from)),
        Err(error) => {
            let error = Error::from_sdk("DescribeStacks", &error);
            if error.is_absent() { Ok(None) } else { Err(error) }
        }
    }
}

/// Every stack that stands and whose name begins with `prefix`, in order of their names.
pub async fn stacks(client: &Client, prefix: &str) -> Result<Vec<DeployedStack>, Error> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let answer = client
            .describe_stacks()
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| Error::from_sdk("DescribeStacks", &error))?;
        found.extend(
            answer.stacks().iter().map(DeployedStack::from).filter(|stack| stack.name.starts_with(prefix)),
        );
        match answer.next_token() {
            Some(next) if !next.is_empty() => token = Some(next.to_owned()),
            _ => break,
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The template's text as it was given when the stack was last created or updated.
pub async fn template(client: &Client, name: &str) -> Result<Option<String>, Error> {
    let answer = client
        .get_template()
        .stack_name(name)
        .send()
        .await
        .map_err(|error| Error::from_sdk("GetTemplate", &error))?;
    Ok(answer.template_body().map(str::to_owned))
}

/// The physical IDs of a stack's resources (name or ID) that stand, by their logical IDs.
pub async fn physical_ids(client: &Client, name: &str) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    let mut token = None;
    loop {
        let answer = client
            .list_stack_resources()
            .stack_name(name)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| Error::from_sdk("ListStackResources", &error))?;
        for one in answer.stack_resource_summaries() {
            let (logical, physical) = (one.logical_resource_id(), one.physical_resource_id());
            if let Some((logical, physical)) = logical.zip(physical.filter(|id| !id.is_empty())) {
                found.insert(logical.to_owned(), physical.to_owned());
            }
        }
        match answer.next_token() {
            Some(next) if !next.is_empty() => token = Some(next.to_owned()),
            _ => return Ok(found),
        }
    }
}

/// The latest events of a stack (name or ID), oldest first, at most `most`.
pub async fn events(client: &Client, name: &str, most: usize) -> Result<Vec<ResourceEvent>, Error> {
    let mut newest_first: Vec<ResourceEvent> = Vec::new();
    let mut token = None;
    while newest_first.len() < most {
        let answer = client
            .describe_stack_events()
            .stack_name(name)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| Error::from_sdk("DescribeStackEvents", &error))?;
        newest_first.extend(answer.stack_events().iter().map(ResourceEvent::from));
        match answer.next_token() {
            Some(next) if !next.is_empty() => token = Some(next.to_owned()),
            _ => break,
        }
    }
    newest_first.truncate(most);
    newest_first.reverse();
    Ok(newest_first)
}
