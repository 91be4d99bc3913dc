//! Evaluation of expressions: what a property, an output or a condition comes to.

mod cidr;
mod logic;
mod pseudo;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(crate) use logic::conditions;
pub(crate) use pseudo::{NO_VALUE, Pseudo, is_pseudo};

use crate::function::{self, Function, Place, error};
use crate::substitution::Part;
use crate::template::{Template, TemplateError, scalar_text};

/// What an expression sees of the resources and the exports around it.
pub(crate) trait Surroundings {
    /// What `Ref` gives for a resource.
    fn reference(&self, logical_id: &str) -> Option<Value>;
    /// What `Fn::GetAtt` gives.
    fn attribute(&self, logical_id: &str, attribute: &str) -> Result<Value, TemplateError>;
    /// The value of an export of another stack.
    fn import(&self, name: &str) -> Result<Value, TemplateError>;
    /// The text that a dynamic reference, `{{resolve:…}}` without its braces, stands for.
    fn resolve(&self, reference: &str) -> Result<String, TemplateError>;
}

/// The surroundings of conditions and rules, which may not refer to resources.
pub(crate) struct NoResources;

impl Surroundings for NoResources {
    fn reference(&self, _: &str) -> Option<Value> {
        None
    }

    fn attribute(&self, logical_id: &str, _: &str) -> Result<Value, TemplateError> {
        Err(error(format!("instance of Fn::GetAtt references undefined resource {logical_id}")))
    }

    fn import(&self, name: &str) -> Result<Value, TemplateError> {
        Err(error(format!("Fn::ImportValue of {name} is not allowed here")))
    }

    fn resolve(&self, reference: &str) -> Result<String, TemplateError> {
        Err(error(format!("the dynamic reference {reference} is not allowed here")))
    }
}

/// Everything that an expression may see.
pub(crate) struct Scope<'s> {
    pub template: &'s Template,
    /// What `Ref` gives for each parameter.
    pub parameters: &'s BTreeMap<String, Value>,
    pub pseudo: &'s Pseudo,
    pub conditions: &'s BTreeMap<String, bool>,
    pub surroundings: &'s dyn Surroundings,
    pub place: Place,
}

impl Scope<'_> {
    /// Evaluates an expression; `None` is `AWS::NoValue`, which drops the key or the list's element.
    pub(crate) fn evaluate(&self, value: &Value) -> Result<Option<Value>, TemplateError> {
        if let Some(function) = function::parse(value, self.place, self.template.language_extensions())? {
            return self.call(&function);
        }
        Ok(match value {
            Value::Object(object) => Some(Value::Object(self.evaluate_object(object)?)),
            Value::Array(items) => Some(Value::Array(self.evaluate_items(items)?)),
            Value::String(text) => Some(Value::String(self.resolve_dynamic(text)?)),
            Value::Null => None,
            _ => Some(value.clone()),
        })
    }

    /// Evaluates each value of an object.
    pub(crate) fn evaluate_object(
        &self,
        object: &Map<String, Value>,
    ) -> Result<Map<String, Value>, TemplateError> {
        let mut evaluated = Map::new();
        for (key, value) in object {
            if let Some(value) = self.evaluate(value)? {
                evaluated.insert(key.clone(), value);
            }
        }
        Ok(evaluated)
    }

    fn evaluate_items(&self, items: &[Value]) -> Result<Vec<Value>, TemplateError> {
        items.iter().filter_map(|item| self.evaluate(item).transpose()).collect()
    }

    fn call(&self, function: &Function<'_>) -> Result<Option<Value>, TemplateError> {
        let value = match function {
            Function::Ref(NO_VALUE) => return Ok(None),
            Function::Ref(name) => self.reference(name)?,
            Function::GetAtt { resource, attribute } => {
                self.surroundings.attribute(resource, &self.text(attribute, "Fn::GetAtt")?)?
            }
            Function::GetAttDotted { resource, attribute } => {
                self.surroundings.attribute(resource, attribute)?
            }
            Function::Sub { parts, variables } => Value::from(self.substitute(parts, *variables)?),
            Function::Join { delimiter, values } => {
                let texts: Vec<String> = self.texts(values, "Fn::Join")?;
                Value::from(self.resolve_dynamic(&texts.join(delimiter))?)
            }
            Function::Split { delimiter, text } => {
                let text = self.text(text, "Fn::Split")?;
                Value::from(text.split(delimiter).collect::<Vec<_>>())
            }
            Function::Select { index, list } => self.select(index, list)?,
            Function::FindInMap { map, top, second, default } => {
                return self.find_in_map([map, top, second], *default);
            }
            Function::If { condition, yes, no } => {
                return self.evaluate(if self.condition(condition)? { yes } else { no });
            }
            Function::Base64(value) => Value::from(base64(self.text(value, "Fn::Base64")?.as_bytes())),
            Function::Cidr { block, count, bits } => {
                let block = self.text(block, "Fn::Cidr")?;
                let count = self.number(count, "Fn::Cidr")?;
                let bits = bits.map(|bits| self.number(bits, "Fn::Cidr")).transpose()?;
                Value::from(cidr::blocks(&block, count, bits)?)
            }
            Function::GetAzs(region) => self.zones(&self.text(region, "Fn::GetAZs")?)?,
            Function::ImportValue(name) => self.surroundings.import(&self.text(name, "Fn::ImportValue")?)?,
            Function::Length(list) => match self.evaluate(list)? {
                Some(Value::Array(items)) => Value::from(items.len()),
                _ => return Err(error("Fn::Length needs a list")),
            },
            Function::ToJsonString(value) => {
                Value::from(self.evaluate(value)?.unwrap_or(Value::Null).to_string())
            }
            Function::RefAll(_) | Function::ValueOf { .. } | Function::ValueOfAll { .. } => {
                self.rule_value(function)?
            }
            _ => Value::from(self.truth_of(function)?),
        };
        Ok(Some(value))
    }

    fn reference(&self, name: &str) -> Result<Value, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        if let Some(value) = self.pseudo.value(name) {
            return Ok(value);
        }
        self.surroundings.reference(name).ok_or_else(|| {
            TemplateError::Format(format!(
                "Unresolved dependencies [{name}]. Cannot reference resources here"
            ))
        })
    }

    fn substitute(
        &self,
        parts: &[Part<'_>],
        variables: Option<&Map<String, Value>>,
    ) -> Result<String, TemplateError> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Literal(name) => {
                    text.push_str("${");
                    text.push_str(name);
                    text.push('}');
                }
                Part::Variable(name) => {
                    let value =
                        match (variables.and_then(|variables| variables.get(*name)), name.split_once('.')) {
                            (Some(expression), _) => {
                                self.evaluate(expression)?.ok_or_else(|| not_text("Fn::Sub"))?
                            }
                            (None, Some((resource, attribute))) => {
                                self.surroundings.attribute(resource, attribute)?
                            }
                            (None, None) => self.reference(name)?,
                        };
                    text.push_str(&scalar_text(&value).ok_or_else(|| {
                        error(format!("Fn::Sub expression does not resolve to a string: {name}"))
                    })?);
                }
            }
        }
        self.resolve_dynamic(&text)
    }

    fn select(&self, index: &Value, list: &Value) -> Result<Value, TemplateError> {
        let index = self.text(index, "Fn::Select")?;
        let Ok(position) = index.trim().parse::<usize>() else {
            return Err(error(format!("Fn::Select cannot select nonexistent value at index {index}")));
        };
        let items = match list {
            // Null elements count, and expressions that are not selected need no value.
            Value::Array(items) => items.clone(),
            other => self.list(other, "Fn::Select")?,
        };
        let chosen = items.get(position).map(|item| self.evaluate(item)).transpose()?.flatten();
        chosen.ok_or_else(|| error(format!("Fn::Select cannot select nonexistent value at index {position}")))
    }

    fn find_in_map(
        &self,
        path: [&Value; 3],
        default: Option<&Value>,
    ) -> Result<Option<Value>, TemplateError> {
        let mut names = Vec::with_capacity(3);
        for name in path {
            names.push(self.text(name, "Fn::FindInMap")?);
        }
        let mappings = self.template.mappings();
        let Some(mapping) = mappings.and_then(|mappings| mappings.get(&names[0])) else {
            if let Some(default) = default {
                return self.evaluate(default);
            }
            return Err(error(format!(
                "Mapping named '{}' is not present in the 'Mappings' section of template.",
                names[0]
            )));
        };
        match (mapping.get(&names[1]).and_then(|attributes| attributes.get(&names[2])), default) {
            (Some(value), _) => Ok(Some(value.clone())),
            (None, Some(default)) => self.evaluate(default),
            (None, None) => Err(error(format!("Unable to get mapping for {}", names.join("::")))),
        }
    }

    fn zones(&self, region: &str) -> Result<Value, TemplateError> {
        let region = if region.is_empty() { self.pseudo.region.as_str() } else { region };
        if region != self.pseudo.region {
            return Err(error(format!(
                "Fn::GetAZs knows the zones of {} only, not of {region}",
                self.pseudo.region
            )));
        }
        Ok(Value::from(["a", "b", "c"].map(|zone| format!("{region}{zone}")).to_vec()))
    }

    /// An expression that must come to a text.
    pub(crate) fn text(&self, value: &Value, function: &str) -> Result<String, TemplateError> {
        self.evaluate(value)?.as_ref().and_then(scalar_text).ok_or_else(|| not_text(function))
    }

    fn number(&self, value: &Value, function: &str) -> Result<u32, TemplateError> {
        let text = self.text(value, function)?;
        text.trim().parse().map_err(|_| error(format!("{function} needs a whole number, not {text}")))
    }

    fn list(&self, value: &Value, function: &str) -> Result<Vec<Value>, TemplateError> {
        match self.evaluate(value)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(error(format!("{function} needs a list"))),
        }
    }

    fn texts(&self, value: &Value, function: &str) -> Result<Vec<String>, TemplateError> {
        let items = self.list(value, function)?;
        items.iter().map(|item| scalar_text(item).ok_or_else(|| not_text(function))).collect()
    }

    /// Replaces each `{{resolve:service:key}}` in a text.
    fn resolve_dynamic(&self, text: &str) -> Result<String, TemplateError> {
        const OPEN: &str = "{{resolve:";
        if self.place != Place::Value || !text.contains(OPEN) {
            return Ok(text.to_owned());
        }
        let mut resolved = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(OPEN) {
            let Some(length) = rest[start..].find("}}") else { break };
            resolved.push_str(&rest[..start]);
            resolved.push_str(&self.surroundings.resolve(&rest[start + 2..start + length])?);
            rest = &rest[start + length + 2..];
        }
        resolved.push_str(rest);
        Ok(resolved)
    }
}

fn not_text(function: &str) -> TemplateError {
    error(format!("every value of {function} must come to a string"))
}

/// Standard Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (word >> (18 - 6 * place) & 63) as usize;
            encoded.push(if place <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
