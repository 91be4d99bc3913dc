//! What callers are shown of stacks, events, resources and exports.

use ::cloudformation::StackStatus;
use ::cloudformation::engine::{
    Engine, Event, OnFailure, ResourceDescription, StackDescription, StackOutput,
};
use time::OffsetDateTime;

use super::input::flag;
use super::page::page;
use super::template::texts;
use super::wire::{invalid, refused};
use crate::wire::{ApiError, Node, Params, iso_millis};

/// `DescribeStacks`
pub(super) fn stacks(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let name = params.get("StackName").filter(|name| !name.is_empty());
    let stacks = engine.describe_stacks(name).map_err(refused)?;
    let (stacks, next) = page(params, stacks, |stack| &stack.id)?;
    let stacks = stacks.iter().map(stack).collect();
    Ok(Node::members([("Stacks", Some(Node::List(stacks))), ("NextToken", next)]))
}

/// `ListStacks`
pub(super) fn list_stacks(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let mut statuses = Vec::new();
    for text in params.values("StackStatusFilter.member") {
        let status = StackStatus::parse(&text);
        // Statuses of imports exist in AWS and never here.
        let import = text.starts_with("IMPORT_");
        match status {
            Some(status) => statuses.push(status),
            None if import => {}
            None => {
                return Err(invalid(format!(
                    "1 validation error detected: Value '[{text}]' at 'stackStatusFilter' failed to satisfy constraint: Member must satisfy enum value set"
                )));
            }
        }
    }
    let filtered = !params.values("StackStatusFilter.member").is_empty();
    let stacks = if filtered && statuses.is_empty() { Vec::new() } else { engine.list_stacks(&statuses) };
    let (stacks, next) = page(params, stacks, |stack| &stack.id)?;
    let summaries = stacks.iter().map(summary).collect();
    Ok(Node::members([("StackSummaries", Some(Node::List(summaries))), ("NextToken", next)]))
}

/// `DescribeStackEvents`
pub(super) fn events(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let events = engine.events(params.required("StackName")?).map_err(refused)?;
    let (events, next) = page(params, events, |event| &event.event_id)?;
    let events = events.iter().map(|event| self::event(event, Vec::new())).collect();
    Ok(Node::members([("StackEvents", Some(Node::List(events))), ("NextToken", next)]))
}

/// `DescribeEvents`, which can leave out all but failures.
pub(super) fn operation_events(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let stack = match (params.get("StackName"), params.get("ChangeSetName")) {
        (Some(stack), None) => stack.to_owned(),
        (stack, Some(change_set)) => engine.describe_change_set(change_set, stack).map_err(refused)?.stack_id,
        (None, None) => return Err(invalid("Either StackName or ChangeSetName must be specified.")),
    };
    if params.get("OperationId").is_some() {
        return Err(invalid("OperationId is not offered by this cloud; leave it out"));
    }
    let failed_only = flag(params, "Filters.FailedEvents")?.unwrap_or(false);
    let mut events = engine.events(&stack).map_err(refused)?;
    events.retain(|event| !failed_only || event.status.ends_with("_FAILED"));
    let (events, next) = page(params, events, |event| &event.event_id)?;
    let events =
        events.iter().map(|event| self::event(event, vec![("EventType", "STACK_EVENT".into())])).collect();
    Ok(Node::members([("OperationEvents", Some(Node::List(events))), ("NextToken", next)]))
}

/// `DescribeStackResource`
pub(super) fn resource(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let logical_id = params.required("LogicalResourceId")?;
    let found = engine.resource(params.required("StackName")?, logical_id).map_err(refused)?;
    let detail = described(&found, "LastUpdatedTimestamp", true);
    let detail = match &found.metadata {
        Some(metadata) => detail.with("Metadata", metadata.as_str()),
        None => detail,
    };
    Ok(Node::Struct(vec![("StackResourceDetail", detail)]))
}

/// `DescribeStackResources`, by stack or by the physical ID of one of its resources.
pub(super) fn resources(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let found = match (params.get("StackName"), params.get("PhysicalResourceId")) {
        (Some(stack), None) => engine.resources(stack),
        (None, Some(physical_id)) => engine.resources_by_physical_id(physical_id),
        _ => return Err(invalid("You must specify either StackName or PhysicalResourceId, but not both.")),
    };
    let mut found = found.map_err(refused)?;
    if let Some(logical_id) = params.get("LogicalResourceId") {
        found.retain(|resource| resource.logical_id == logical_id);
        if found.is_empty() {
            return Err(invalid(format!("Resource {logical_id} does not exist for the stack")));
        }
    }
    let found = found.iter().map(|resource| described(resource, "Timestamp", true)).collect();
    Ok(Node::Struct(vec![("StackResources", Node::List(found))]))
}

/// `ListStackResources`
pub(super) fn list_resources(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let found = engine.resources(params.required("StackName")?).map_err(refused)?;
    let (found, next) = page(params, found, |resource| &resource.logical_id)?;
    let found = found.iter().map(|resource| described(resource, "LastUpdatedTimestamp", false)).collect();
    Ok(Node::members([("StackResourceSummaries", Some(Node::List(found))), ("NextToken", next)]))
}

/// `ListExports`
pub(super) fn exports(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let (exports, next) = page(params, engine.exports(), |export| &export.name)?;
    let exports = exports.into_iter().map(|export| {
        Node::Struct(vec![
            ("ExportingStackId", export.stack_id.into()),
            ("Name", export.name.into()),
            ("Value", export.value.into()),
        ])
    });
    let exports = Node::List(exports.collect());
    Ok(Node::members([("Exports", Some(exports)), ("NextToken", next)]))
}

/// `ListImports`
pub(super) fn imports(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let importers = engine.imports(params.required("ExportName")?).map_err(refused)?;
    let (importers, next) = page(params, importers, String::as_str)?;
    Ok(Node::members([("Imports", Some(texts(&importers))), ("NextToken", next)]))
}

/// A moment as the API writes it.
pub(super) fn moment(at: OffsetDateTime) -> Node {
    let millis = at.unix_timestamp_nanos() / 1_000_000;
    iso_millis(i64::try_from(millis).unwrap_or(i64::MAX)).into()
}

/// Tags as `Key` and `Value`.
pub(super) fn tags<'t>(tags: impl IntoIterator<Item = (&'t String, &'t String)>) -> Node {
    pairs(tags, "Key", "Value")
}

/// Parameters as `ParameterKey` and `ParameterValue`.
pub(super) fn parameters<'t>(parameters: impl IntoIterator<Item = (&'t String, &'t String)>) -> Node {
    pairs(parameters, "ParameterKey", "ParameterValue")
}

fn pairs<'t>(
    pairs: impl IntoIterator<Item = (&'t String, &'t String)>,
    key: &'static str,
    value: &'static str,
) -> Node {
    let nodes = pairs
        .into_iter()
        .map(|(name, text)| Node::Struct(vec![(key, name.as_str().into()), (value, text.as_str().into())]));
    Node::List(nodes.collect())
}

fn stack(stack: &StackDescription) -> Node {
    let drift = Node::Struct(vec![("StackDriftStatus", "NOT_CHECKED".into())]);
    let outputs = stack.outputs.iter().map(output).collect();
    let text = |text: &str| (!text.is_empty()).then(|| Node::from(text));
    Node::members([
        ("StackId", Some(stack.id.as_str().into())),
        ("StackName", Some(stack.name.as_str().into())),
        ("ChangeSetId", stack.change_set_id.as_deref().map(Node::from)),
        ("Description", text(&stack.description)),
        ("Parameters", Some(parameters(&stack.parameters))),
        ("CreationTime", Some(moment(stack.created))),
        ("DeletionTime", stack.deleted.map(moment)),
        ("LastUpdatedTime", stack.updated.map(moment)),
        ("RollbackConfiguration", Some(Node::Struct(Vec::new()))),
        ("StackStatus", Some(stack.status.as_str().into())),
        ("StackStatusReason", stack.reason.as_deref().map(Node::from)),
        ("DisableRollback", Some((stack.on_failure == OnFailure::DoNothing).into())),
        ("NotificationARNs", Some(texts(&stack.notification_arns))),
        ("TimeoutInMinutes", stack.timeout_minutes.map(|minutes| Node::from(i64::from(minutes)))),
        ("Capabilities", Some(texts(&stack.capabilities))),
        ("Outputs", Some(Node::List(outputs))),
        ("RoleARN", stack.role_arn.as_deref().map(Node::from)),
        ("Tags", Some(tags(&stack.tags))),
        ("EnableTerminationProtection", Some(stack.termination_protection.into())),
        ("DriftInformation", Some(drift)),
        ("RetainExceptOnCreate", Some(stack.retain_except_on_create.into())),
    ])
}

fn output(output: &StackOutput) -> Node {
    Node::members([
        ("OutputKey", Some(output.key.as_str().into())),
        ("OutputValue", Some(output.value.as_str().into())),
        ("Description", output.description.as_deref().map(Node::from)),
        ("ExportName", output.export_name.as_deref().map(Node::from)),
    ])
}

fn summary(stack: &StackDescription) -> Node {
    let description = stack.description.as_str();
    Node::members([
        ("StackId", Some(stack.id.as_str().into())),
        ("StackName", Some(stack.name.as_str().into())),
        ("TemplateDescription", (!description.is_empty()).then(|| description.into())),
        ("CreationTime", Some(moment(stack.created))),
        ("LastUpdatedTime", stack.updated.map(moment)),
        ("DeletionTime", stack.deleted.map(moment)),
        ("StackStatus", Some(stack.status.as_str().into())),
        ("StackStatusReason", stack.reason.as_deref().map(Node::from)),
        ("DriftInformation", Some(Node::Struct(vec![("StackDriftStatus", "NOT_CHECKED".into())]))),
    ])
}

fn event(event: &Event, more: Vec<(&'static str, Node)>) -> Node {
    let node = Node::members([
        ("EventId", Some(event.event_id.as_str().into())),
        ("StackId", Some(event.stack_id.as_str().into())),
        ("StackName", more.is_empty().then(|| event.stack_name.as_str().into())),
        ("LogicalResourceId", Some(event.logical_id.as_str().into())),
        ("PhysicalResourceId", Some(event.physical_id.as_str().into())),
        ("ResourceType", Some(event.resource_type.as_str().into())),
        ("Timestamp", Some(moment(event.timestamp))),
        ("ResourceStatus", Some(event.status.as_str().into())),
        ("ResourceStatusReason", event.reason.as_deref().map(Node::from)),
        ("ResourceProperties", event.properties.as_deref().map(Node::from)),
        ("ClientRequestToken", event.client_request_token.as_deref().map(Node::from)),
    ]);
    more.into_iter().fold(node, |node, (name, value)| node.with(name, value))
}

fn described(resource: &ResourceDescription, timestamp: &'static str, with_stack: bool) -> Node {
    let physical_id = resource.physical_id.as_str();
    Node::members([
        ("StackName", with_stack.then(|| resource.stack_name.as_str().into())),
        ("StackId", with_stack.then(|| resource.stack_id.as_str().into())),
        ("LogicalResourceId", Some(resource.logical_id.as_str().into())),
        ("PhysicalResourceId", (!physical_id.is_empty()).then(|| physical_id.into())),
        ("ResourceType", Some(resource.resource_type.as_str().into())),
        (timestamp, Some(moment(resource.updated))),
        ("ResourceStatus", Some(resource.status.as_str().into())),
        ("ResourceStatusReason", resource.reason.as_deref().map(Node::from)),
        ("DriftInformation", Some(Node::Struct(vec![("StackResourceDriftStatus", "NOT_CHECKED".into())]))),
    ])
}
