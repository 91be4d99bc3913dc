//! A stack as its own expressions see it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::stack::{Deployment, Stack, StackOutput};
use super::{Inner, SharedStack, lock, prepare};
use crate::error::EngineError;
use crate::evaluate::{self, Pseudo, Scope, Surroundings};
use crate::function::{Place, error};
use crate::handler::Resource;
use crate::template::{ResourceDefinition, Template, TemplateError};

/// A deployment with what its expressions evaluate to, over the resources that exist now.
pub(crate) struct View {
    pub inner: Arc<Inner>,
    pub stack: SharedStack,
    pub stack_name: String,
    pub template: Arc<Template>,
    pub tags: BTreeMap<String, String>,
    parameters: BTreeMap<String, Value>,
    pseudo: Pseudo,
    pub conditions: BTreeMap<String, bool>,
    /// Whether evaluating `Fn::ImportValue` makes the stack an importer; planning does not.
    pub records_imports: bool,
    /// Stands in for resources whose replacement is planned; see [`super::plan`].
    pub unknown: Mutex<BTreeMap<String, bool>>,
}

impl View {
    pub(crate) fn new(
        inner: &Arc<Inner>,
        stack: &SharedStack,
        deployment: &Deployment,
    ) -> Result<Self, EngineError> {
        let (stack_id, stack_name) = {
            let stack = lock(stack);
            (stack.id.clone(), stack.name.clone())
        };
        let Some(template) = deployment.template.clone() else {
            return Err(EngineError::Validation(format!("Stack [{stack_name}] has no template")));
        };
        let pseudo = prepare::pseudo(&inner.options, deployment, &stack_id, &stack_name);
        let parameters = prepare::references(deployment, &inner.options)?;
        let conditions = evaluate::conditions(&template, &parameters, &pseudo)?;
        Ok(Self {
            inner: inner.clone(),
            stack: stack.clone(),
            stack_name,
            template,
            tags: deployment.tags.clone(),
            parameters,
            pseudo,
            conditions,
            records_imports: false,
            unknown: Mutex::default(),
        })
    }

    /// The resources whose condition holds, in the order of the template.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &ResourceDefinition> {
        self.template.resources().values().filter(|resource| self.holds(resource.condition.as_deref()))
    }

    pub(crate) fn holds(&self, condition: Option<&str>) -> bool {
        condition.is_none_or(|name| self.conditions.get(name).copied().unwrap_or(false))
    }

    /// The logical IDs that must exist before a resource.
    pub(crate) fn dependencies(&self, resource: &ResourceDefinition) -> Vec<String> {
        self.template.dependencies(resource, Some(&self.conditions)).unwrap_or_default()
    }

    /// The properties, evaluated, validated and coerced; else the reason in CloudFormation's words.
    pub(crate) fn properties(&self, resource: &ResourceDefinition) -> Result<Map<String, Value>, String> {
        let evaluated =
            self.scope().evaluate_object(&resource.properties).map_err(|error| error.to_string())?;
        let Some(handler) = self.inner.registry.get(&resource.type_name) else {
            return Err(format!("Unrecognized resource types: [{}]", resource.type_name));
        };
        handler.schema().validate(&evaluated).map_err(|complaints| {
            format!(
                "Properties validation failed for resource {} with message: {complaints}",
                resource.logical_id
            )
        })
    }

    /// The properties as far as they are known now; unknown parts are marked texts and nothing is validated.
    pub(crate) fn properties_so_far(
        &self,
        resource: &ResourceDefinition,
    ) -> Result<Map<String, Value>, TemplateError> {
        self.scope().evaluate_object(&resource.properties)
    }

    /// The outputs whose condition holds.
    pub(crate) fn outputs(&self) -> Result<Vec<StackOutput>, TemplateError> {
        let scope = self.scope();
        let mut outputs = Vec::new();
        for output in self.template.outputs().values().filter(|one| self.holds(one.condition.as_deref())) {
            let raw = scope.text(&output.value, "Outputs").map_err(|cause| match cause {
                TemplateError::Expression(text) if text.starts_with("every value of Outputs") => TemplateError::Format(
                    format!("Output {} is malformed. The Value field of every Outputs member must evaluate to a String.", output.name),
                ),
                other => other,
            })?;
            outputs.push(StackOutput {
                key: output.name.clone(),
                value: (self.inner.options.present_output)(&raw),
                raw,
                description: output.description.clone(),
                export_name: output.export.as_ref().map(|name| scope.text(name, "Export")).transpose()?,
            });
        }
        Ok(outputs)
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            template: &self.template,
            parameters: &self.parameters,
            pseudo: &self.pseudo,
            conditions: &self.conditions,
            surroundings: self,
            place: Place::Value,
        }
    }

    fn is_unknown(&self, logical_id: &str) -> bool {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).contains_key(logical_id)
    }

    fn known<T>(&self, logical_id: &str, read: impl FnOnce(&Resource) -> T) -> Option<T> {
        let stack: &Stack = &lock(&self.stack);
        stack.resources.get(logical_id).and_then(|resource| resource.resource.as_ref()).map(read)
    }
}

/// What stands in a planned property for a value that is known only after deployment.
pub(crate) const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

impl Surroundings for View {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        if self.is_unknown(logical_id) {
            return Some(Value::from(KNOWN_AFTER_APPLY));
        }
        self.known(logical_id, |resource| Value::from(resource.physical_id.as_str()))
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Result<Value, TemplateError> {
        if self.is_unknown(logical_id) {
            return Ok(Value::from(KNOWN_AFTER_APPLY));
        }
        let found = self.known(logical_id, |resource| {
            if let Some(value) = resource.attributes.get(attribute) {
                return Some(value.clone());
            }
            // `Endpoint.Address` of an attribute `Endpoint` that is an object.
            attribute.match_indices('.').find_map(|(dot, _)| {
                let pointer = format!("/{}", attribute[dot + 1..].replace('.', "/"));
                resource.attributes.get(&attribute[..dot])?.pointer(&pointer).cloned()
            })
        });
        let type_name =
            self.template.resources().get(logical_id).map_or("", |resource| resource.type_name.as_str());
        found.flatten().ok_or_else(|| {
            error(format!("Unable to retrieve {attribute} attribute of {logical_id} for {type_name}"))
        })
    }

    fn import(&self, name: &str) -> Result<Value, TemplateError> {
        match self.inner.exports.value(name) {
            Some(value) => {
                if self.records_imports {
                    self.inner.exports.add_import(&self.stack_name, name);
                }
                Ok(Value::from(value))
            }
            None => Err(TemplateError::Format(format!("No export named {name} found"))),
        }
    }

    fn resolve(&self, reference: &str) -> Result<String, TemplateError> {
        (self.inner.options.resolve_dynamic)(reference).map_err(error)
    }
}
