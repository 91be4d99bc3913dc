//! A stack and its resources as the engine keeps them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::change_set::ChangeSet;
use super::input::OnFailure;
use crate::handler::Resource;
use crate::signals::CreationPolicy;
use crate::status::{ResourceStatus, StackStatus};
use crate::template::{DeletionPolicy, Template};

/// What a stack was last deployed with, or is being deployed with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deployment {
    /// `None` for a stack that only has a change set yet.
    pub template: Option<Arc<Template>>,
    /// The value of every parameter of the template, as text.
    pub parameters: IndexMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub notification_arns: Vec<String>,
    pub role_arn: Option<String>,
    pub capabilities: Vec<String>,
}

/// One resource of a stack.
#[derive(Clone, Debug)]
pub(crate) struct StackResource {
    pub logical_id: String,
    pub type_name: String,
    pub status: ResourceStatus,
    pub reason: Option<String>,
    pub updated: OffsetDateTime,
    /// Coerced, as the handler got them.
    pub properties: Map<String, Value>,
    /// The tags that the handler got.
    pub tags: BTreeMap<String, String>,
    pub metadata: Value,
    pub deletion_policy: DeletionPolicy,
    pub update_replace_policy: DeletionPolicy,
    pub creation_policy: Option<CreationPolicy>,
    /// Logical IDs that existed before it and must outlive it.
    pub dependencies: Vec<String>,
    /// `None` where nothing exists.
    pub resource: Option<Resource>,
}

impl StackResource {
    pub(crate) fn physical_id(&self) -> String {
        self.resource.as_ref().map(|resource| resource.physical_id.clone()).unwrap_or_default()
    }
}

/// One event of a stack; the stack itself is a resource of the type `AWS::CloudFormation::Stack`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub event_id: String,
    pub stack_id: String,
    pub stack_name: String,
    pub logical_id: String,
    pub physical_id: String,
    pub resource_type: String,
    pub timestamp: OffsetDateTime,
    pub status: String,
    pub reason: Option<String>,
    /// The properties as JSON; `None` for events of the stack itself.
    pub properties: Option<String>,
    pub client_request_token: Option<String>,
}

/// An output with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackOutput {
    pub key: String,
    /// As it is shown: hosts of this cloud are given as the addresses where they really listen.
    pub value: String,
    /// As the template says it.
    pub raw: String,
    pub description: Option<String>,
    pub export_name: Option<String>,
}

/// A stack.
pub(crate) struct Stack {
    pub id: String,
    pub name: String,
    pub created: OffsetDateTime,
    pub updated: Option<OffsetDateTime>,
    pub deleted: Option<OffsetDateTime>,
    pub status: StackStatus,
    pub reason: Option<String>,
    pub deployed: Deployment,
    /// What a rollback returns to, while an update runs or its rollback is not complete.
    pub before: Option<Snapshot>,
    pub resources: IndexMap<String, StackResource>,
    /// Physical resources that no longer belong to a logical one and wait for the cleanup.
    pub leftovers: Vec<StackResource>,
    /// Oldest first.
    pub events: VecDeque<Event>,
    pub outputs: Vec<StackOutput>,
    pub change_sets: IndexMap<String, ChangeSet>,
    pub change_set_id: Option<String>,
    pub termination_protection: bool,
    pub on_failure: OnFailure,
    pub retain_except_on_create: bool,
    pub timeout_minutes: Option<u32>,
    /// Token of each accepted call, with its fingerprint.
    pub tokens: BTreeMap<String, String>,
    pub running: Option<Running>,
}

/// The stack before an update.
#[derive(Clone)]
pub(crate) struct Snapshot {
    pub status: StackStatus,
    pub deployed: Deployment,
    pub resources: IndexMap<String, StackResource>,
    pub outputs: Vec<StackOutput>,
    /// Logical IDs that the update has changed so far.
    pub touched: BTreeMap<String, Touch>,
    pub imports: BTreeSet<String>,
}

/// What an update did to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    Created,
    Updated,
    Replaced,
}

/// The operation that works on a stack.
pub(crate) struct Running {
    pub token: Option<String>,
    /// Ends the forward part of the operation: creation or update.
    pub cancel: CancellationToken,
    pub cause: Option<CancelCause>,
    /// Ends when the operation has ended.
    pub done: CancellationToken,
}

/// Why an operation is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CancelCause {
    User,
    Timeout,
    Delete,
}

/// How many events of one stack are kept.
const MAX_EVENTS: usize = 10_000;

impl Stack {
    /// Sets the status of the stack and records it.
    pub(crate) fn transition(&mut self, status: StackStatus, reason: Option<String>, now: OffsetDateTime) {
        self.status = status;
        self.reason.clone_from(&reason);
        if status == StackStatus::DeleteComplete {
            self.deleted = Some(now);
        }
        let event = Event {
            event_id: uuid::Uuid::new_v4().to_string(),
            stack_id: self.id.clone(),
            stack_name: self.name.clone(),
            logical_id: self.name.clone(),
            physical_id: self.id.clone(),
            resource_type: "AWS::CloudFormation::Stack".to_owned(),
            timestamp: now,
            status: status.as_str().to_owned(),
            reason,
            properties: None,
            client_request_token: self.token(),
        };
        self.push(event);
    }

    /// Records the status of a resource as an event.
    pub(crate) fn record(&mut self, resource: &StackResource) {
        let millis = resource.updated.unix_timestamp_nanos() / 1_000_000;
        let event = Event {
            event_id: format!("{}-{}-{millis}-{}", resource.logical_id, resource.status, self.events.len()),
            stack_id: self.id.clone(),
            stack_name: self.name.clone(),
            logical_id: resource.logical_id.clone(),
            physical_id: resource.physical_id(),
            resource_type: resource.type_name.clone(),
            timestamp: resource.updated,
            status: resource.status.as_str().to_owned(),
            reason: resource.reason.clone(),
            properties: Some(Value::Object(resource.properties.clone()).to_string()),
            client_request_token: self.token(),
        };
        self.push(event);
    }

    fn token(&self) -> Option<String> {
        self.running.as_ref().and_then(|running| running.token.clone())
    }

    fn push(&mut self, event: Event) {
        tracing::debug!(stack = %event.stack_name, resource = %event.logical_id, status = %event.status, reason = event.reason, "event");
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}
