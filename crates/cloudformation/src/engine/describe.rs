//! What callers see of stacks.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use time::OffsetDateTime;

use super::exports::Export;
use super::input::{OnFailure, TemplateSource};
use super::stack::{Deployment, Event, Stack, StackOutput, StackResource};
use super::{Engine, lock, prepare};
use crate::error::EngineError;
use crate::status::{ResourceStatus, StackStatus};
use crate::template::{Capability, Parameter, Template};

/// What `DescribeStacks` and `ListStacks` show.
#[derive(Clone, Debug)]
pub struct StackDescription {
    pub id: String,
    pub name: String,
    pub description: String,
    pub status: StackStatus,
    pub reason: Option<String>,
    pub created: OffsetDateTime,
    pub updated: Option<OffsetDateTime>,
    pub deleted: Option<OffsetDateTime>,
    /// Parameters with their values; those of `NoEcho` are masked.
    pub parameters: IndexMap<String, String>,
    pub outputs: Vec<StackOutput>,
    pub tags: BTreeMap<String, String>,
    pub capabilities: Vec<String>,
    pub notification_arns: Vec<String>,
    pub role_arn: Option<String>,
    pub change_set_id: Option<String>,
    pub on_failure: OnFailure,
    pub timeout_minutes: Option<u32>,
    pub termination_protection: bool,
    pub retain_except_on_create: bool,
}

/// What `DescribeStackResources` shows.
#[derive(Clone, Debug)]
pub struct ResourceDescription {
    pub stack_id: String,
    pub stack_name: String,
    pub logical_id: String,
    pub physical_id: String,
    pub resource_type: String,
    pub status: ResourceStatus,
    pub reason: Option<String>,
    pub updated: OffsetDateTime,
    /// The resource's `Metadata` as JSON.
    pub metadata: Option<String>,
}

/// What `GetTemplateSummary` and `ValidateTemplate` show.
#[derive(Clone, Debug)]
pub struct TemplateSummary {
    pub description: String,
    pub parameters: Vec<Parameter>,
    pub capability: Option<Capability>,
    /// The types that ask for the capability.
    pub capability_types: Vec<String>,
    /// Each type once, in the order of the template.
    pub resource_types: Vec<String>,
    /// Logical IDs by type, in the order of the template.
    pub resources: Vec<(String, String)>,
    pub version: Option<String>,
    /// The template's `Metadata` as JSON.
    pub metadata: Option<String>,
    pub transforms: Vec<String>,
}

impl TemplateSummary {
    fn of(template: &Template) -> Self {
        let (capability, capability_types) = template.capabilities();
        let mut resource_types: Vec<String> = Vec::new();
        for resource in template.resources().values() {
            if !resource_types.contains(&resource.type_name) {
                resource_types.push(resource.type_name.clone());
            }
        }
        let metadata = template.metadata();
        Self {
            description: template.description().to_owned(),
            parameters: template.parameters().values().cloned().collect(),
            capability,
            capability_types,
            resource_types,
            resources: template
                .resources()
                .values()
                .map(|resource| (resource.logical_id.clone(), resource.type_name.clone()))
                .collect(),
            version: template.format_version().map(str::to_owned),
            metadata: (!metadata.is_null()).then(|| metadata.to_string()),
            transforms: template
                .language_extensions()
                .then(|| "AWS::LanguageExtensions".to_owned())
                .into_iter()
                .collect(),
        }
    }
}

impl Deployment {
    /// The parameters as they may be shown.
    pub(crate) fn shown_parameters(&self) -> IndexMap<String, String> {
        let hidden = |name: &str| {
            let template = self.template.as_ref();
            template
                .and_then(|template| template.parameters().get(name))
                .is_some_and(|parameter| parameter.no_echo)
        };
        let shown = self.parameters.iter();
        shown
            .map(|(name, value)| (name.clone(), if hidden(name) { "****".to_owned() } else { value.clone() }))
            .collect()
    }
}

fn describe(stack: &Stack) -> StackDescription {
    StackDescription {
        id: stack.id.clone(),
        name: stack.name.clone(),
        description: stack
            .deployed
            .template
            .as_ref()
            .map(|template| template.description().to_owned())
            .unwrap_or_default(),
        status: stack.status,
        reason: stack.reason.clone(),
        created: stack.created,
        updated: stack.updated,
        deleted: stack.deleted,
        parameters: stack.deployed.shown_parameters(),
        outputs: stack.outputs.clone(),
        tags: stack.deployed.tags.clone(),
        capabilities: stack.deployed.capabilities.clone(),
        notification_arns: stack.deployed.notification_arns.clone(),
        role_arn: stack.deployed.role_arn.clone(),
        change_set_id: stack.change_set_id.clone(),
        on_failure: stack.on_failure,
        timeout_minutes: stack.timeout_minutes,
        termination_protection: stack.termination_protection,
        retain_except_on_create: stack.retain_except_on_create,
    }
}

fn describe_resource(stack: &Stack, resource: &StackResource) -> ResourceDescription {
    ResourceDescription {
        stack_id: stack.id.clone(),
        stack_name: stack.name.clone(),
        logical_id: resource.logical_id.clone(),
        physical_id: resource.physical_id(),
        resource_type: resource.type_name.clone(),
        status: resource.status,
        reason: resource.reason.clone(),
        updated: resource.updated,
        metadata: (!resource.metadata.is_null()).then(|| resource.metadata.to_string()),
    }
}

fn describe_resources(stack: &Stack) -> Vec<ResourceDescription> {
    let mut all: Vec<_> =
        stack.resources.values().map(|resource| describe_resource(stack, resource)).collect();
    all.sort_by(|left, right| left.logical_id.cmp(&right.logical_id));
    all
}

impl Engine {
    /// One stack by name or ID (deleted ones by ID only), or all that are not deleted; newest first.
    pub fn describe_stacks(&self, name: Option<&str>) -> Result<Vec<StackDescription>, EngineError> {
        let Some(name) = name else {
            let all = self.list_stacks(&[]);
            return Ok(all.into_iter().filter(|stack| stack.status != StackStatus::DeleteComplete).collect());
        };
        match self.inner.find(name) {
            Ok(shared) => Ok(vec![describe(&lock(&shared))]),
            // Here the words differ from those of the other calls.
            Err(_) => Err(EngineError::Validation(format!("Stack with id {name} does not exist"))),
        }
    }

    /// All stacks in one of the statuses, deleted ones too; no status means any. Newest first.
    #[must_use]
    pub fn list_stacks(&self, statuses: &[StackStatus]) -> Vec<StackDescription> {
        let mut stacks: Vec<StackDescription> =
            self.inner.all().iter().map(|shared| describe(&lock(shared))).collect();
        stacks.retain(|stack| statuses.is_empty() || statuses.contains(&stack.status));
        stacks.reverse();
        stacks
    }

    /// The events of a stack, newest first.
    pub fn events(&self, name: &str) -> Result<Vec<Event>, EngineError> {
        let shared = self.inner.find(name)?;
        let events = lock(&shared).events.iter().rev().cloned().collect();
        Ok(events)
    }

    /// The resources of a stack by logical ID.
    pub fn resources(&self, name: &str) -> Result<Vec<ResourceDescription>, EngineError> {
        let shared = self.inner.find(name)?;
        let stack = lock(&shared);
        Ok(describe_resources(&stack))
    }

    /// One resource of a stack.
    pub fn resource(&self, name: &str, logical_id: &str) -> Result<ResourceDescription, EngineError> {
        let shared = self.inner.find(name)?;
        let stack = lock(&shared);
        stack.resources.get(logical_id).map(|resource| describe_resource(&stack, resource)).ok_or_else(|| {
            EngineError::Validation(format!("Resource {logical_id} does not exist for stack {}", stack.name))
        })
    }

    /// The resources of the stack that owns a physical ID.
    pub fn resources_by_physical_id(
        &self,
        physical_id: &str,
    ) -> Result<Vec<ResourceDescription>, EngineError> {
        for shared in self.inner.all() {
            let stack = lock(&shared);
            let owns = stack.resources.values().any(|resource| resource.physical_id() == physical_id);
            if owns && stack.status != StackStatus::DeleteComplete {
                return Ok(stack
                    .resources
                    .values()
                    .map(|resource| describe_resource(&stack, resource))
                    .collect());
            }
        }
        Err(EngineError::Validation(format!("Stack for {physical_id} does not exist")))
    }

    /// The template of a stack: as it was given, or as JSON with short forms written out where `processed`.
    pub fn template(&self, name: &str, processed: bool) -> Result<String, EngineError> {
        let shared = self.inner.find(name)?;
        let stack = lock(&shared);
        let Some(template) = &stack.deployed.template else {
            return Err(EngineError::Validation(format!("Stack [{}] has no template", stack.name)));
        };
        Ok(if processed && template.language_extensions() {
            template.document().to_string()
        } else {
            template.text().to_owned()
        })
    }

    /// Summarises the template of a stack.
    pub fn summarize_stack(&self, name: &str) -> Result<TemplateSummary, EngineError> {
        let shared = self.inner.find(name)?;
        let template = lock(&shared).deployed.template.clone();
        let template = template.ok_or_else(|| EngineError::no_stack(name))?;
        Ok(TemplateSummary::of(&template))
    }

    /// Checks a template and summarises it. Needs no stack.
    pub fn summarize(&self, source: &TemplateSource) -> Result<TemplateSummary, EngineError> {
        let template = prepare::template(source, None, &self.inner.registry)?;
        Ok(TemplateSummary::of(&template))
    }

    /// All exports, by name.
    #[must_use]
    pub fn exports(&self) -> Vec<Export> {
        self.inner.exports.list()
    }

    /// The names of the stacks that import an export.
    pub fn imports(&self, export: &str) -> Result<Vec<String>, EngineError> {
        match self.inner.exports.importers(export) {
            None => Err(EngineError::Validation(format!("Export '{export}' does not exist."))),
            Some(importers) if importers.is_empty() => {
                Err(EngineError::Validation(format!("Export '{export}' is not imported by any stack.")))
            }
            Some(importers) => Ok(importers),
        }
    }
}
