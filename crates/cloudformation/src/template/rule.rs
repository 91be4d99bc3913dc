//! The `Rules` section: assertions over parameters.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value;

use super::shape::{alphanumeric, format_error, known_keys, section};
use super::{Template, TemplateError};
use crate::evaluate::{NoResources, Pseudo, Scope};
use crate::function::Place;

/// One rule: where the condition holds, every assertion must.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub name: String,
    pub condition: Option<Value>,
    pub assertions: Vec<Assertion>,
}

/// One assertion of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    pub assertion: Value,
    pub description: Option<String>,
}

/// An assertion that does not hold, or a rule that cannot be evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RuleViolation {
    #[error("{description}")]
    Violated { rule: String, description: String },
    #[error("Rule {rule}: {source}")]
    Invalid { rule: String, source: TemplateError },
}

pub(super) fn read_all(rules: Option<&Value>) -> Result<IndexMap<String, Rule>, TemplateError> {
    let mut read = IndexMap::new();
    let Some(rules) = section(rules, "Rules")? else { return Ok(read) };
    for (name, rule) in rules {
        alphanumeric(name, "Rule")?;
        read.insert(name.clone(), read_one(name, rule)?);
    }
    Ok(read)
}

fn read_one(name: &str, rule: &Value) -> Result<Rule, TemplateError> {
    let path = format!("/Rules/{name}");
    let Some(object) = rule.as_object() else {
        return Err(format_error(format!("[{path}] Every Rules member must be an object")));
    };
    known_keys(object, &["RuleCondition", "Assertions"], "rules", &path)?;
    let Some(assertions) = object.get("Assertions").and_then(Value::as_array).filter(|list| !list.is_empty())
    else {
        return Err(format_error(format!("[{path}] Every Rules member must contain a list of Assertions")));
    };
    let assertions: Result<Vec<Assertion>, TemplateError> = assertions
        .iter()
        .enumerate()
        .map(|(index, assertion)| read_assertion(&format!("{path}/Assertions/{index}"), assertion))
        .collect();
    Ok(Rule {
        name: name.to_owned(),
        condition: object.get("RuleCondition").cloned(),
        assertions: assertions?,
    })
}

fn read_assertion(path: &str, assertion: &Value) -> Result<Assertion, TemplateError> {
    let Some(object) = assertion.as_object() else {
        return Err(format_error(format!("[{path}] Every Assertions member must be an object")));
    };
    known_keys(object, &["Assert", "AssertDescription"], "rules", path)?;
    let Some(assert) = object.get("Assert") else {
        return Err(format_error(format!("[{path}] Every Assertions member must contain an Assert")));
    };
    let description = object.get("AssertDescription").and_then(Value::as_str).map(str::to_owned);
    Ok(Assertion { assertion: assert.clone(), description })
}

pub(super) fn check(
    template: &Template,
    values: &BTreeMap<String, String>,
) -> Result<(), Vec<RuleViolation>> {
    let parameters: BTreeMap<String, Value> = template
        .parameters()
        .values()
        .filter_map(|parameter| {
            let text = values.get(&parameter.name).or(parameter.default.as_ref())?;
            Some((parameter.name.clone(), parameter.value(text)))
        })
        .collect();
    let scope = Scope {
        template,
        parameters: &parameters,
        pseudo: &Pseudo::default(),
        conditions: &BTreeMap::new(),
        surroundings: &NoResources,
        place: Place::Rule,
    };
    let mut violations = Vec::new();
    for rule in template.rules().values() {
        if let Err(source) = check_one(rule, &scope, &mut violations) {
            violations.push(RuleViolation::Invalid { rule: rule.name.clone(), source });
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

fn check_one(rule: &Rule, scope: &Scope, violations: &mut Vec<RuleViolation>) -> Result<(), TemplateError> {
    if let Some(condition) = &rule.condition
        && !scope.truth(condition)?
    {
        return Ok(());
    }
    for assertion in &rule.assertions {
        if !scope.truth(&assertion.assertion)? {
            let description = assertion.description.clone();
            violations.push(RuleViolation::Violated {
                rule: rule.name.clone(),
                description: description.unwrap_or_else(|| format!("Rule {} is not satisfied", rule.name)),
            });
        }
    }
    Ok(())
}
