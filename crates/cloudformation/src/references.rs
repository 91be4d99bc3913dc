//! What an expression refers to, without evaluating it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::evaluate::is_pseudo;
use crate::function::{self, Function, Place};
use crate::substitution::Part;
use crate::template::{ResourceDefinition, Template, TemplateError};

/// One mention of something else in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reference<'v> {
    /// A parameter or a resource. Pseudo parameters are left out.
    Name(&'v str),
    /// An attribute of a resource; `None` where its name is an expression itself.
    Attribute(&'v str, Option<&'v str>),
    /// As `Attribute`, from the text of `Fn::Sub`.
    SubAttribute(&'v str, &'v str),
    Condition(&'v str),
    Mapping(&'v str),
    Import,
}

/// Collects the references of an expression and checks the shape of every function in it.
///
/// Where the values of conditions are given, only the chosen branches of `Fn::If` count.
pub(crate) fn references<'v>(
    value: &'v Value,
    place: Place,
    extensions: bool,
    conditions: Option<&BTreeMap<String, bool>>,
) -> Result<Vec<Reference<'v>>, TemplateError> {
    let mut walk = Walk { place, extensions, conditions, found: Vec::new() };
    walk.value(value)?;
    Ok(walk.found)
}

struct Walk<'v, 'c> {
    place: Place,
    extensions: bool,
    conditions: Option<&'c BTreeMap<String, bool>>,
    found: Vec<Reference<'v>>,
}

impl<'v> Walk<'v, '_> {
    fn value(&mut self, value: &'v Value) -> Result<(), TemplateError> {
        if let Some(function) = function::parse(value, self.place, self.extensions)? {
            return self.function(&function);
        }
        match value {
            Value::Object(object) => object.values().try_for_each(|value| self.value(value)),
            Value::Array(items) => items.iter().try_for_each(|item| self.value(item)),
            _ => Ok(()),
        }
    }

    fn function(&mut self, function: &Function<'v>) -> Result<(), TemplateError> {
        match function {
            Function::Ref(name) => self.name(name),
            Function::Condition(name) => self.found.push(Reference::Condition(name)),
            Function::GetAttDotted { resource, attribute } => {
                self.found.push(Reference::Attribute(resource, Some(attribute)));
            }
            Function::GetAtt { resource, attribute } => {
                self.found.push(Reference::Attribute(resource, attribute.as_str()));
                return self.value(attribute);
            }
            Function::Sub { parts, variables } => {
                for part in parts {
                    let Part::Variable(name) = part else { continue };
                    match (variables.and_then(|variables| variables.get(*name)), name.split_once('.')) {
                        (Some(expression), _) => self.value(expression)?,
                        (None, Some((resource, attribute))) => {
                            self.found.push(Reference::SubAttribute(resource, attribute));
                        }
                        (None, None) => self.name(name),
                    }
                }
            }
            Function::If { condition, yes, no } => {
                self.found.push(Reference::Condition(condition));
                match self.conditions.and_then(|conditions| conditions.get(*condition)) {
                    Some(true) => return self.value(yes),
                    Some(false) => return self.value(no),
                    None => {
                        self.value(yes)?;
                        return self.value(no);
                    }
                }
            }
            Function::FindInMap { map, top, second, default } => {
                match map {
                    Value::String(name) if default.is_none() => self.found.push(Reference::Mapping(name)),
                    _ => self.value(map)?,
                }
                self.value(top)?;
                self.value(second)?;
                return default.iter().try_for_each(|default| self.value(default));
            }
            Function::ImportValue(name) => {
                self.found.push(Reference::Import);
                return self.value(name);
            }
            Function::Join { values: value, .. }
            | Function::Split { text: value, .. }
            | Function::Base64(value)
            | Function::GetAzs(value)
            | Function::Length(value)
            | Function::ToJsonString(value)
            | Function::Not(value) => return self.value(value),
            Function::Select { index: first, list: second }
            | Function::Equals(first, second)
            | Function::Contains { list: first, value: second }
            | Function::EachMemberIn { members: first, list: second }
            | Function::EachMemberEquals { members: first, value: second } => {
                self.value(first)?;
                return self.value(second);
            }
            Function::Cidr { block, count, bits } => {
                self.value(block)?;
                self.value(count)?;
                return bits.iter().try_for_each(|bits| self.value(bits));
            }
            Function::And(terms) | Function::Or(terms) => {
                return terms.iter().try_for_each(|term| self.value(term));
            }
            Function::RefAll(_) | Function::ValueOf { .. } | Function::ValueOfAll { .. } => {}
        }
        Ok(())
    }

    fn name(&mut self, name: &'v str) {
        if !is_pseudo(name) {
            self.found.push(Reference::Name(name));
        }
    }
}

impl Template {
    /// The resources that a resource needs to exist before it, in the order of their mention, each once.
    pub(crate) fn dependencies(
        &self,
        resource: &ResourceDefinition,
        conditions: Option<&BTreeMap<String, bool>>,
    ) -> Result<Vec<String>, TemplateError> {
        let mut names: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            if self.resources().contains_key(name) && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        };
        for value in resource.properties.values() {
            for reference in references(value, Place::Value, self.language_extensions(), conditions)? {
                match reference {
                    Reference::Name(name)
                    | Reference::Attribute(name, _)
                    | Reference::SubAttribute(name, _) => add(name),
                    _ => {}
                }
            }
        }
        resource.depends_on.iter().for_each(|name| add(name));
        Ok(names)
    }
}
