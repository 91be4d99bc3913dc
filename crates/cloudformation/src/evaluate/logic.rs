//! Conditions and rules: functions that come to true or false.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{NoResources, Pseudo, Scope};
use crate::function::{self, Function, Place, error};
use crate::template::{Template, TemplateError, scalar_text};

/// The values of all named conditions.
pub(crate) fn conditions(
    template: &Template,
    parameters: &BTreeMap<String, Value>,
    pseudo: &Pseudo,
) -> Result<BTreeMap<String, bool>, TemplateError> {
    let mut known = BTreeMap::new();
    let Some(definitions) = template.conditions() else { return Ok(known) };
    // Each round evaluates those whose own references are known; a round without progress is a circle.
    let mut waiting: Vec<(&String, &Value)> = definitions.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut left = Vec::new();
        for (name, definition) in waiting {
            let mut needed = Vec::new();
            condition_names(definition, &mut needed);
            if let Some(absent) = needed.iter().find(|needed| !definitions.contains_key(**needed)) {
                return Err(TemplateError::Format(format!(
                    "Unresolved condition dependency {absent} in the Conditions block of the template"
                )));
            }
            if needed.iter().any(|needed| !known.contains_key(*needed)) {
                left.push((name, definition));
                continue;
            }
            let scope = Scope {
                template,
                parameters,
                pseudo,
                conditions: &known,
                surroundings: &NoResources,
                place: Place::Condition,
            };
            let truth = scope.truth(definition)?;
            known.insert(name.clone(), truth);
        }
        if left.len() == before {
            let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
            return Err(TemplateError::Format(format!(
                "Found circular condition dependency between [{}]",
                names.join(", ")
            )));
        }
        waiting = left;
    }
    Ok(known)
}

/// The conditions that a definition names.
fn condition_names<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match (key.as_str(), value) {
                    ("Condition", Value::String(name)) => names.push(name),
                    ("Fn::If", Value::Array(items)) => {
                        names.extend(items.first().and_then(Value::as_str));
                        for item in items {
                            condition_names(item, names);
                        }
                    }
                    _ => condition_names(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| condition_names(item, names)),
        _ => {}
    }
}

impl Scope<'_> {
    /// A named condition.
    pub(super) fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        self.conditions.get(name).copied().ok_or_else(|| {
            TemplateError::Format(format!("Unresolved condition dependency {name} in the template"))
        })
    }

    /// An expression that must come to true or false.
    pub(crate) fn truth(&self, value: &Value) -> Result<bool, TemplateError> {
        if let Some(function) = function::parse(value, self.place, self.template.language_extensions())? {
            return self.truth_of(&function);
        }
        match scalar_text(value).as_deref() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err(error(format!("{value} is neither a condition nor true or false"))),
        }
    }

    pub(super) fn truth_of(&self, function: &Function<'_>) -> Result<bool, TemplateError> {
        let all = |terms: &[Value], until: bool| {
            for term in terms {
                if self.truth(term)? == until {
                    return Ok(until);
                }
            }
            Ok(!until)
        };
        match function {
            Function::Condition(name) => self.condition(name),
            Function::And(terms) => all(terms, false),
            Function::Or(terms) => all(terms, true),
            Function::Not(term) => Ok(!self.truth(term)?),
            Function::Equals(left, right) => Ok(self.comparable(left)? == self.comparable(right)?),
            Function::Contains { list, value } => {
                let value = self.text(value, "Fn::Contains")?;
                Ok(self.texts(list, "Fn::Contains")?.contains(&value))
            }
            Function::EachMemberIn { members, list } => {
                let list = self.texts(list, "Fn::EachMemberIn")?;
                Ok(self.texts(members, "Fn::EachMemberIn")?.iter().all(|member| list.contains(member)))
            }
            Function::EachMemberEquals { members, value } => {
                let value = self.text(value, "Fn::EachMemberEquals")?;
                Ok(self.texts(members, "Fn::EachMemberEquals")?.iter().all(|member| *member == value))
            }
            Function::If { condition, yes, no } => {
                self.truth(if self.condition(condition)? { yes } else { no })
            }
            _ => {
                let value = self.call(function)?;
                match value.as_ref().and_then(scalar_text).as_deref() {
                    Some("true") => Ok(true),
                    Some("false") => Ok(false),
                    _ => Err(error("a condition must come to true or false")),
                }
            }
        }
    }

    /// Numbers, booleans and texts compare as texts; lists and maps as they are.
    fn comparable(&self, value: &Value) -> Result<Value, TemplateError> {
        let value = self.evaluate(value)?.unwrap_or(Value::Null);
        Ok(scalar_text(&value).map_or(value, Value::String))
    }

    /// `Fn::RefAll`, `Fn::ValueOf` and `Fn::ValueOfAll`. Nothing here knows the attributes of identifiers.
    pub(super) fn rule_value(&self, function: &Function<'_>) -> Result<Value, TemplateError> {
        match function {
            Function::RefAll(kind) => {
                let mut values = Vec::new();
                for parameter in self.template.parameters().values() {
                    let name = parameter.kind.to_string();
                    let same = name == *kind || name == format!("List<{kind}>");
                    match self.parameters.get(&parameter.name).filter(|_| same) {
                        Some(Value::Array(items)) => values.extend(items.iter().cloned()),
                        Some(value) => values.push(value.clone()),
                        None => {}
                    }
                }
                Ok(Value::Array(values))
            }
            Function::ValueOf { parameter, attribute } => Err(error(format!(
                "Fn::ValueOf cannot look up the attribute {attribute} of parameter {parameter} here"
            ))),
            Function::ValueOfAll { kind, attribute } => {
                Err(error(format!("Fn::ValueOfAll cannot look up the attribute {attribute} of {kind} here")))
            }
            _ => Err(error("a rule must be made of rule functions")),
        }
    }
}
