//! Change sets on the wire.

use ::cloudformation::engine::{
    ChangeDetail, ChangeSetDescription, ChangeSetInput, ChangeSetKind, Engine, ExecuteInput, OnFailure,
    ResourceChange,
};

use super::describe::{moment, parameters, tags};
use super::input;
use super::page::page;
use super::template::texts;
use super::wire::{invalid, refused};
use crate::services::RegionContext;
use crate::wire::{ApiError, Node, Params};

/// `CreateChangeSet`
pub(super) async fn create(
    engine: &Engine,
    context: &RegionContext,
    params: &Params,
) -> Result<Node, ApiError> {
    let kind = match params.get("ChangeSetType") {
        None | Some("UPDATE") => ChangeSetKind::Update,
        Some("CREATE") => ChangeSetKind::Create,
        Some(other) => {
            return Err(invalid(format!(
                "ChangeSetType {other} is not offered by this cloud; use CREATE or UPDATE"
            )));
        }
    };
    let input = ChangeSetInput {
        name: params.required("ChangeSetName")?.to_owned(),
        kind,
        description: params.get("Description").map(str::to_owned),
        stack: input::stack(context, params, "ClientToken").await?,
    };
    let (id, stack_id) = engine.create_change_set(input).map_err(refused)?;
    Ok(Node::Struct(vec![("Id", id.into()), ("StackId", stack_id.into())]))
}

/// `DescribeChangeSet`
pub(super) fn describe(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let found = engine
        .describe_change_set(params.required("ChangeSetName")?, params.get("StackName"))
        .map_err(refused)?;
    let (changes, next) = page(params, found.changes.clone(), |change| &change.logical_id)?;
    let changes = changes.iter().map(|change| {
        Node::Struct(vec![("Type", "Resource".into()), ("ResourceChange", resource_change(change))])
    });
    let changes = Node::List(changes.collect());
    let mut node = summary(&found)
        .with("Parameters", parameters(&found.parameters))
        .with("NotificationARNs", texts(&found.notification_arns))
        .with("Capabilities", texts(&found.capabilities))
        .with("Tags", tags(&found.tags))
        .with("Changes", changes)
        .with("RollbackConfiguration", Node::Struct(Vec::new()))
        .with("IncludeNestedStacks", false);
    if let Some(on_failure) = found.on_stack_failure {
        node = node.with("OnStackFailure", OnFailure::as_str(on_failure));
    }
    if let Some(next) = next {
        node = node.with("NextToken", next);
    }
    Ok(node)
}

/// `ExecuteChangeSet`
pub(super) fn execute(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let input = ExecuteInput {
        change_set: params.required("ChangeSetName")?.to_owned(),
        stack_name: params.get("StackName").map(str::to_owned),
        disable_rollback: input::disable_rollback(params)?,
        client_request_token: params.get("ClientRequestToken").map(str::to_owned),
    };
    engine.execute_change_set(&input).map_err(refused)?;
    Ok(Node::Struct(Vec::new()))
}

/// `DeleteChangeSet`
pub(super) fn delete(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    engine.delete_change_set(params.required("ChangeSetName")?, params.get("StackName")).map_err(refused)?;
    Ok(Node::Struct(Vec::new()))
}

/// `ListChangeSets`
pub(super) fn list(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let found = engine.list_change_sets(params.required("StackName")?).map_err(refused)?;
    let (found, next) = page(params, found, |change_set| &change_set.id)?;
    let summaries = Node::List(found.iter().map(summary).collect());
    Ok(Node::members([("Summaries", Some(summaries)), ("NextToken", next)]))
}

/// What lists and descriptions have in common.
fn summary(found: &ChangeSetDescription) -> Node {
    Node::members([
        ("ChangeSetName", Some(found.name.as_str().into())),
        ("ChangeSetId", Some(found.id.as_str().into())),
        ("StackId", Some(found.stack_id.as_str().into())),
        ("StackName", Some(found.stack_name.as_str().into())),
        ("Description", found.description.as_deref().map(Node::from)),
        ("CreationTime", Some(moment(found.created))),
        ("ExecutionStatus", Some(found.execution_status.into())),
        ("Status", Some(found.status.into())),
        ("StatusReason", found.reason.as_deref().map(Node::from)),
    ])
}

fn resource_change(change: &ResourceChange) -> Node {
    let scope = change.scope.iter().map(|one| Node::from(*one)).collect();
    let details = change.details.iter().map(detail).collect();
    Node::members([
        ("Action", Some(change.action.as_str().into())),
        ("LogicalResourceId", Some(change.logical_id.as_str().into())),
        ("PhysicalResourceId", change.physical_id.as_deref().map(Node::from)),
        ("ResourceType", Some(change.resource_type.as_str().into())),
        ("Replacement", change.replacement.map(|replacement| replacement.as_str().into())),
        ("Scope", Some(Node::List(scope))),
        ("Details", Some(Node::List(details))),
    ])
}

fn detail(detail: &ChangeDetail) -> Node {
    let target = Node::members([
        ("Attribute", Some(detail.attribute.into())),
        ("Name", detail.name.as_deref().map(Node::from)),
        ("RequiresRecreation", Some(detail.requires_recreation.into())),
    ]);
    Node::members([
        ("Target", Some(target)),
        ("Evaluation", Some(detail.evaluation.into())),
        ("ChangeSource", Some(detail.change_source.into())),
        ("CausingEntity", detail.causing_entity.as_deref().map(Node::from)),
    ])
}
