//! What a deployment would change: the changes of a change set, and whether an update has anything to do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::graph::Graph;
use super::lock;
use super::stack::{Deployment, StackResource};
use super::view::{KNOWN_AFTER_APPLY, View};
use crate::function::Place;
use crate::handler::Handler;
use crate::references::{Reference, references};
use crate::template::{ResourceDefinition, TemplateError};

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeAction {
    Add,
    Modify,
    Remove,
}

impl ChangeAction {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Modify => "Modify",
            Self::Remove => "Remove",
        }
    }
}

/// Whether a changed resource is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replacement {
    False,
    /// It depends on a value that is known only after deployment.
    Conditional,
    True,
}

impl Replacement {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Conditional => "Conditional",
        }
    }
}

/// One changed property or attribute of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeDetail {
    /// `Properties`, `Metadata`, `Tags`, `DeletionPolicy` or `UpdateReplacePolicy`.
    pub attribute: &'static str,
    /// The top-level property.
    pub name: Option<String>,
    /// `Never`, `Conditionally` or `Always`.
    pub requires_recreation: &'static str,
    /// `Static` or `Dynamic`.
    pub evaluation: &'static str,
    /// `DirectModification`, `ParameterReference`, `ResourceReference` or `ResourceAttribute`.
    pub change_source: &'static str,
    /// The parameter, resource or attribute that causes the change.
    pub causing_entity: Option<String>,
}

/// The change of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    pub action: ChangeAction,
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub resource_type: String,
    /// For `Modify` only.
    pub replacement: Option<Replacement>,
    /// For `Modify` only.
    pub scope: Vec<&'static str>,
    pub details: Vec<ChangeDetail>,
}

/// Everything that a deployment would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub changes: Vec<ResourceChange>,
    /// Whether outputs, stack tags or notifications change, which makes an update worth it without changed resources.
    pub others: bool,
}

impl Plan {
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.others
    }

    /// Compares what a view would make with what its stack has.
    pub(crate) fn new(view: &View, before: &Deployment) -> Result<Self, TemplateError> {
        let mut plan = Self::default();
        let existing = lock(&view.stack).resources.clone();
        let mut by_name: BTreeMap<String, ResourceChange> = BTreeMap::new();
        for logical_id in ordered(view) {
            let Some(definition) = view.template.resources().get(&logical_id) else { continue };
            let own = existing.get(&logical_id).filter(|own| own.resource.is_some());
            let change = match own {
                None => Some(addition(definition)),
                Some(own) => modification(view, definition, own, before)?,
            };
            if let Some(change) = change {
                if change.action == ChangeAction::Add || change.replacement != Some(Replacement::False) {
                    view.unknown
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .insert(logical_id.clone(), true);
                }
                by_name.insert(logical_id, change);
            }
        }
        let kept: BTreeSet<&str> = view.resources().map(|resource| resource.logical_id.as_str()).collect();
        for own in existing.values().filter(|own| !kept.contains(own.logical_id.as_str())) {
            if own.resource.is_some() {
                by_name.insert(own.logical_id.clone(), removal(own));
            }
        }
        // AWS lists changes by logical ID.
        plan.changes = by_name.into_values().collect();
        plan.others = others(view, before);
        Ok(plan)
    }
}

/// The logical IDs of a view so that each comes after what it needs.
fn ordered(view: &View) -> Vec<String> {
    let mut graph: Graph =
        view.resources().map(|resource| (resource.logical_id.clone(), view.dependencies(resource))).collect();
    let mut order: Vec<String> = Vec::with_capacity(graph.len());
    while !graph.is_empty() {
        let ready: Vec<String> = graph
            .iter()
            .filter(|(_, needed)| !needed.iter().any(|one| graph.contains_key(one)))
            .map(|(id, _)| id.clone())
            .collect();
        if ready.is_empty() {
            // Circles were refused before; this keeps the loop finite whatever comes.
            order.extend(graph.keys().cloned());
            break;
        }
        graph.retain(|id, _| !ready.contains(id));
        order.extend(ready);
    }
    order
}

fn addition(definition: &ResourceDefinition) -> ResourceChange {
    ResourceChange {
        action: ChangeAction::Add,
        logical_id: definition.logical_id.clone(),
        physical_id: None,
        resource_type: definition.type_name.clone(),
        replacement: None,
        scope: Vec::new(),
        details: Vec::new(),
    }
}

fn removal(own: &StackResource) -> ResourceChange {
    ResourceChange {
        action: ChangeAction::Remove,
        logical_id: own.logical_id.clone(),
        physical_id: Some(own.physical_id()),
        resource_type: own.type_name.clone(),
        replacement: None,
        scope: Vec::new(),
        details: Vec::new(),
    }
}

fn modification(
    view: &View,
    definition: &ResourceDefinition,
    own: &StackResource,
    before: &Deployment,
) -> Result<Option<ResourceChange>, TemplateError> {
    let Some(handler) = view.inner.registry.get(&definition.type_name) else { return Ok(None) };
    let so_far = view.properties_so_far(definition)?;
    // Coerced where everything is known, so that "512" and 512 are the same; what is invalid shows as a change and fails then.
    let wanted = handler.schema().validate(&so_far).unwrap_or(so_far);
    let mut details = Vec::new();
    let names: BTreeSet<&String> = own.properties.keys().chain(wanted.keys()).collect();
    for name in names.into_iter().filter(|name| own.properties.get(*name) != wanted.get(*name)) {
        details.push(property_detail(view, definition, handler.as_ref(), (name, own, &wanted), before));
    }
    if handler.schema().is_taggable() && own.tags != view.tags {
        details.push(ChangeDetail {
            attribute: "Tags",
            name: None,
            requires_recreation: if handler.schema().is_create_only("Tags") { "Always" } else { "Never" },
            evaluation: "Static",
            change_source: "DirectModification",
            causing_entity: None,
        });
    }
    let attributes = [
        ("Metadata", own.metadata != definition.metadata),
        ("DeletionPolicy", own.deletion_policy != definition.deletion_policy),
        ("UpdateReplacePolicy", own.update_replace_policy != definition.update_replace_policy),
    ];
    for (attribute, _) in attributes.into_iter().filter(|(_, changed)| *changed) {
        details.push(ChangeDetail {
            attribute,
            name: None,
            requires_recreation: "Never",
            evaluation: "Static",
            change_source: "DirectModification",
            causing_entity: None,
        });
    }
    let broken = own.status.as_str().ends_with("_FAILED");
    if details.is_empty() && !broken {
        return Ok(None);
    }
    let replacement = details.iter().map(|detail| match detail.requires_recreation {
        "Always" if detail.evaluation == "Static" => Replacement::True,
        "Always" | "Conditionally" => Replacement::Conditional,
        _ => Replacement::False,
    });
    let mut scope: Vec<&'static str> = details.iter().map(|detail| detail.attribute).collect();
    scope.dedup();
    Ok(Some(ResourceChange {
        action: ChangeAction::Modify,
        logical_id: own.logical_id.clone(),
        physical_id: Some(own.physical_id()),
        resource_type: own.type_name.clone(),
        replacement: Some(replacement.max().unwrap_or(Replacement::False)),
        scope,
        details,
    }))
}

fn property_detail(
    view: &View,
    definition: &ResourceDefinition,
    handler: &dyn Handler,
    (name, own, wanted): (&String, &StackResource, &Map<String, Value>),
    before: &Deployment,
) -> ChangeDetail {
    let only = |properties: &Map<String, Value>| -> Map<String, Value> {
        properties.get(name).map(|value| (name.clone(), value.clone())).into_iter().collect()
    };
    let recreates = !handler.schema().create_only_changes(&only(&own.properties), &only(wanted)).is_empty();
    let dynamic = wanted.get(name).is_some_and(|value| value.to_string().contains(KNOWN_AFTER_APPLY));
    let (change_source, causing_entity) = source(view, definition, name, before, dynamic);
    ChangeDetail {
        attribute: "Properties",
        name: Some(name.clone()),
        requires_recreation: match (recreates, dynamic) {
            (true, true) => "Conditionally",
            (true, false) => "Always",
            (false, _) => "Never",
        },
        evaluation: if dynamic { "Dynamic" } else { "Static" },
        change_source,
        causing_entity,
    }
}

/// Why a property changes: what its expression refers to, if the expression itself is as it was.
fn source(
    view: &View,
    definition: &ResourceDefinition,
    name: &str,
    before: &Deployment,
    dynamic: bool,
) -> (&'static str, Option<String>) {
    let new = definition.properties.get(name);
    let old = before
        .template
        .as_ref()
        .and_then(|template| template.resources().get(&definition.logical_id))
        .and_then(|resource| resource.properties.get(name));
    let Some(expression) = new.filter(|new| dynamic || old == Some(*new)) else {
        return ("DirectModification", None);
    };
    let extensions = view.template.language_extensions();
    let found = references(expression, Place::Value, extensions, Some(&view.conditions)).unwrap_or_default();
    for reference in found {
        match reference {
            Reference::Name(name) if view.template.parameters().contains_key(name) && !dynamic => {
                return ("ParameterReference", Some(name.to_owned()));
            }
            Reference::Name(name) if dynamic && view.template.resources().contains_key(name) => {
                return ("ResourceReference", Some(name.to_owned()));
            }
            Reference::Attribute(name, Some(attribute)) | Reference::SubAttribute(name, attribute)
                if dynamic =>
            {
                return ("ResourceAttribute", Some(format!("{name}.{attribute}")));
            }
            _ => {}
        }
    }
    ("DirectModification", None)
}

fn others(view: &View, before: &Deployment) -> bool {
    if before.tags != view.tags {
        return true;
    }
    let now = lock(&view.stack).outputs.clone();
    match view.outputs() {
        Ok(outputs) => {
            let essence = |outputs: &[super::stack::StackOutput]| -> Vec<_> {
                let each = outputs.iter();
                each.map(|one| {
                    (one.key.clone(), one.raw.clone(), one.description.clone(), one.export_name.clone())
                })
                .collect()
            };
            essence(&outputs) != essence(&now)
        }
        Err(_) => true,
    }
}
