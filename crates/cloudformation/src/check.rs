//! The checks that CloudFormation makes of a whole template before it touches anything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::function::{Place, error};
use crate::handler::Registry;
use crate::references::{Reference, references};
use crate::template::{ResourceDefinition, Template, TemplateError};

/// What [`Template::check`] found wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("Template format error: Unrecognized resource types: [{}]", .0.join(", "))]
    UnrecognizedTypes(Vec<String>),
    #[error("Template format error: Unresolved resource dependencies [{}] in the {block} block of the template", names.join(", "))]
    Unresolved { names: Vec<String>, block: &'static str },
    #[error(
        "Template format error: Unresolved condition dependency {name} in the {block} block of the template"
    )]
    UnresolvedCondition { name: String, block: &'static str },
    #[error("Circular dependency between resources: [{}]", .0.join(", "))]
    Circular(Vec<String>),
}

impl Template {
    /// Checks every reference and the arguments of every function, without looking at resource types.
    pub fn check_references(&self) -> Result<(), CheckError> {
        Check { template: self, registry: None }.run()
    }

    /// As [`Template::check_references`], and that a cloud offers every resource type and attribute.
    pub fn check(&self, registry: &Registry) -> Result<(), CheckError> {
        Check { template: self, registry: Some(registry) }.run()
    }
}

struct Check<'c> {
    template: &'c Template,
    registry: Option<&'c Registry>,
}

impl Check<'_> {
    fn run(&self) -> Result<(), CheckError> {
        self.types()?;
        self.conditions()?;
        self.rules()?;
        self.resources()?;
        self.outputs()?;
        self.cycles()
    }

    fn types(&self) -> Result<(), CheckError> {
        let Some(registry) = self.registry else { return Ok(()) };
        let resources = self.template.resources().values();
        let unknown: BTreeSet<String> = resources
            .filter(|resource| registry.get(&resource.type_name).is_none())
            .map(|resource| resource.type_name.clone())
            .collect();
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(CheckError::UnrecognizedTypes(unknown.into_iter().collect()))
        }
    }

    fn conditions(&self) -> Result<(), CheckError> {
        for condition in self.template.conditions().into_iter().flat_map(serde_json::Map::values) {
            for reference in self.references(condition, Place::Condition)? {
                match reference {
                    Reference::Name(name) if !self.template.parameters().contains_key(name) => {
                        return Err(TemplateError::Format(format!(
                            "Unresolved dependencies [{name}]. Cannot reference resources in the Conditions block of the template"
                        ))
                        .into());
                    }
                    Reference::Attribute(name, _) | Reference::SubAttribute(name, _) => {
                        return Err(TemplateError::Format(format!(
                            "Unresolved dependencies [{name}]. Cannot reference resources in the Conditions block of the template"
                        ))
                        .into());
                    }
                    other => self.named(other, "Conditions")?,
                }
            }
        }
        Ok(())
    }

    fn rules(&self) -> Result<(), CheckError> {
        for rule in self.template.rules().values() {
            let assertions = rule.assertions.iter().map(|assertion| &assertion.assertion);
            for expression in rule.condition.iter().chain(assertions) {
                for reference in self.references(expression, Place::Rule)? {
                    if let Reference::Name(name) = reference
                        && !self.template.parameters().contains_key(name)
                    {
                        return Err(TemplateError::Format(format!(
                            "Rules reference the parameter {name}, which is not in the template"
                        ))
                        .into());
                    }
                }
            }
        }
        Ok(())
    }

    fn resources(&self) -> Result<(), CheckError> {
        let mut unresolved = BTreeSet::new();
        for resource in self.template.resources().values() {
            if let Some(condition) = &resource.condition {
                self.named(Reference::Condition(condition), "Resources")?;
            }
            for name in &resource.depends_on {
                if !self.template.resources().contains_key(name) {
                    unresolved.insert(name.clone());
                }
            }
            for value in resource.properties.values() {
                self.expression(value, "Resources", &mut unresolved)?;
            }
        }
        Self::resolved(unresolved, "Resources")
    }

    fn outputs(&self) -> Result<(), CheckError> {
        let mut unresolved = BTreeSet::new();
        for output in self.template.outputs().values() {
            if let Some(condition) = &output.condition {
                self.named(Reference::Condition(condition), "Outputs")?;
            }
            for value in std::iter::once(&output.value).chain(&output.export) {
                self.expression(value, "Outputs", &mut unresolved)?;
            }
        }
        Self::resolved(unresolved, "Outputs")
    }

    fn resolved(unresolved: BTreeSet<String>, block: &'static str) -> Result<(), CheckError> {
        if unresolved.is_empty() {
            return Ok(());
        }
        Err(CheckError::Unresolved { names: unresolved.into_iter().collect(), block })
    }

    fn expression(
        &self,
        value: &Value,
        block: &'static str,
        unresolved: &mut BTreeSet<String>,
    ) -> Result<(), CheckError> {
        for reference in self.references(value, Place::Value)? {
            match reference {
                Reference::Name(name) => {
                    if !self.template.parameters().contains_key(name)
                        && !self.template.resources().contains_key(name)
                    {
                        unresolved.insert(name.to_owned());
                    }
                }
                Reference::Attribute(name, attribute) => {
                    let Some(resource) = self.template.resources().get(name) else {
                        return Err(error(format!(
                            "instance of Fn::GetAtt references undefined resource {name}"
                        ))
                        .into());
                    };
                    self.attribute(resource, attribute)?;
                }
                Reference::SubAttribute(name, attribute) => match self.template.resources().get(name) {
                    Some(resource) => self.attribute(resource, Some(attribute))?,
                    None => {
                        unresolved.insert(name.to_owned());
                    }
                },
                other => self.named(other, block)?,
            }
        }
        Ok(())
    }

    fn attribute(&self, resource: &ResourceDefinition, attribute: Option<&str>) -> Result<(), CheckError> {
        let Some(handler) = self.registry.and_then(|registry| registry.get(&resource.type_name)) else {
            return Ok(());
        };
        match attribute {
            Some(attribute) if !handler.schema().has_attribute(attribute) => Err(error(format!(
                "resource {} does not support attribute type {attribute} in Fn::GetAtt",
                resource.logical_id
            ))
            .into()),
            _ => Ok(()),
        }
    }

    /// Conditions and mappings that are mentioned must exist.
    fn named(&self, reference: Reference<'_>, block: &'static str) -> Result<(), CheckError> {
        match reference {
            Reference::Condition(name)
                if self.template.conditions().is_none_or(|conditions| !conditions.contains_key(name)) =>
            {
                Err(CheckError::UnresolvedCondition { name: name.to_owned(), block })
            }
            Reference::Mapping(name)
                if self.template.mappings().is_none_or(|mappings| !mappings.contains_key(name)) =>
            {
                Err(error(format!(
                    "Mapping named '{name}' is not present in the 'Mappings' section of template."
                ))
                .into())
            }
            _ => Ok(()),
        }
    }

    fn references<'v>(&self, value: &'v Value, place: Place) -> Result<Vec<Reference<'v>>, TemplateError> {
        references(value, place, self.template.language_extensions(), None)
    }

    fn cycles(&self) -> Result<(), CheckError> {
        let mut graph = BTreeMap::new();
        for resource in self.template.resources().values() {
            graph.insert(resource.logical_id.clone(), self.template.dependencies(resource, None)?);
        }
        let circular = circular(&graph);
        if circular.is_empty() { Ok(()) } else { Err(CheckError::Circular(circular)) }
    }
}

/// The nodes that are on a circle or between two: what is left when nodes without predecessors and those without successors are
/// taken away again and again.
fn circular(graph: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut left: BTreeSet<&str> = graph.keys().map(String::as_str).collect();
    loop {
        let mentioned: BTreeSet<&str> = left
            .iter()
            .flat_map(|name| &graph[*name])
            .map(String::as_str)
            .filter(|name| left.contains(name))
            .collect();
        let kept: BTreeSet<&str> = left
            .iter()
            .filter(|name| {
                mentioned.contains(**name)
                    && graph[**name].iter().any(|needed| left.contains(needed.as_str()))
            })
            .copied()
            .collect();
        if kept.len() == left.len() {
            return kept.into_iter().map(str::to_owned).collect();
        }
        left = kept;
    }
}
