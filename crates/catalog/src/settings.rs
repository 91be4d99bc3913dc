//! A variant's settings: checking what a user gives, and naming what is allowed.

use std::collections::{BTreeMap, BTreeSet};

use cloudformation::template::{Parameter, Rule, RuleViolation};
use serde_json::Value;

use crate::suggestion::suggestion;
use crate::{CatalogError, Variant, allowed};

impl Variant {
    /// The parameter that a setting sets.
    pub fn setting(&self, flag: &str) -> Result<&Parameter, CatalogError> {
        let parameter = self.tunables.get(flag).and_then(|name| self.template.parameters().get(name));
        parameter.ok_or_else(|| CatalogError::UnknownSetting {
            variant: self.id.clone(),
            flag: flag.to_owned(),
            suggestion: suggestion(flag, self.tunables.keys().map(String::as_str)),
            known: self.tunables.keys().cloned().collect(),
        })
    }

    /// Checks settings and gives the parameter values that they ask for.
    ///
    /// `given` are flags and values; `current` are the values of all parameters as they are deployed, by parameter name; a
    /// parameter in neither counts with its default. Rules of the template are held against all of them together.
    pub fn settings<'g>(
        &self,
        given: impl IntoIterator<Item = (&'g str, &'g str)>,
        current: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, CatalogError> {
        let mut values = BTreeMap::new();
        for (flag, value) in given {
            let parameter = self.setting(flag)?;
            if !allowed::suits(parameter, value) {
                return Err(CatalogError::NotAllowed {
                    variant: self.id.clone(),
                    flag: flag.to_owned(),
                    value: value.to_owned(),
                    allowed: allowed::phrase(parameter),
                });
            }
            values.insert(parameter.name.clone(), value.to_owned());
        }
        let mut all = current.clone();
        all.extend(values.clone());
        self.check_rules(&all)?;
        self.check_order(&all)?;
        Ok(values)
    }

    /// What a setting may be while all other parameters have the values in `current`, or else their defaults: the values
    /// that the template's rules leave where they speak of it, else the parameter's own bounds.
    pub fn allowed(&self, flag: &str, current: &BTreeMap<String, String>) -> Result<String, CatalogError> {
        let parameter = self.setting(flag)?;
        let left = self.left_by_rules(parameter, current);
        Ok(if left.is_empty() { allowed::phrase(parameter) } else { allowed::alternatives(&left) })
    }

    /// What a setting may be at all, whatever the other settings are.
    pub fn bounds(&self, flag: &str) -> Result<String, CatalogError> {
        Ok(allowed::phrase(self.setting(flag)?))
    }

    /// The flag that sets a parameter.
    #[must_use]
    pub fn flag(&self, parameter: &str) -> Option<&str> {
        self.tunables.iter().find(|(_, name)| *name == parameter).map(|(flag, _)| flag.as_str())
    }

    fn check_rules(&self, values: &BTreeMap<String, String>) -> Result<(), CatalogError> {
        match self.template.document().check_rules(values) {
            Ok(()) => Ok(()),
            Err(violations) => {
                violations.first().map_or(Ok(()), |first| Err(self.combination(first, values)))
            }
        }
    }

    fn check_order(&self, values: &BTreeMap<String, String>) -> Result<(), CatalogError> {
        for (low, high) in &self.at_most {
            let value = |flag: &str| -> Result<f64, CatalogError> {
                let parameter = self.setting(flag)?;
                let text = values.get(&parameter.name).or(parameter.default.as_ref());
                // The contract asks for numbers with defaults.
                Ok(text.and_then(|text| text.parse().ok()).unwrap_or_default())
            };
            let (lower, upper) = (value(low)?, value(high)?);
            if lower > upper {
                return Err(CatalogError::Combination {
                    variant: self.id.clone(),
                    rule: format!("{low} is at most {high}, which is {upper}"),
                    flag: Some(low.clone()),
                    value: Some(lower.to_string()),
                    allowed: vec![upper.to_string()],
                });
            }
        }
        Ok(())
    }

    fn combination(&self, violation: &RuleViolation, values: &BTreeMap<String, String>) -> CatalogError {
        let rules = self.template.document().rules();
        let (rule, phrase) = match violation {
            RuleViolation::Violated { rule, description } => (rules.get(rule), description.clone()),
            RuleViolation::Invalid { .. } => (None, violation.to_string()),
        };
        let blamed = rule.and_then(|rule| self.blamed(rule));
        let (flag, parameter) =
            blamed.map_or((None, None), |(flag, parameter)| (Some(flag), Some(parameter)));
        CatalogError::Combination {
            variant: self.id.clone(),
            rule: phrase,
            flag: flag.map(str::to_owned),
            value: parameter
                .and_then(|one| values.get(&one.name).or(one.default.as_ref()).cloned())
                .filter(|value| !value.is_empty()),
            allowed: parameter.map_or_else(Vec::new, |parameter| self.left_by_rules(parameter, values)),
        }
    }

    /// The setting that a rule asserts something about, as against those that its condition looks at.
    fn blamed(&self, rule: &Rule) -> Option<(&str, &Parameter)> {
        let looked_at = rule.condition.as_ref().map(references).unwrap_or_default();
        let asserted = rule.assertions.iter().flat_map(|assertion| references(&assertion.assertion));
        asserted.filter(|name| !looked_at.contains(name)).find_map(|name| {
            let parameter = self.template.parameters().get(name)?;
            Some((self.flag(name)?, parameter))
        })
    }

    /// The values, out of all that the rules and the parameter name, that no rule forbids; none where no rule speaks of
    /// the parameter. In order of the numbers where they are numbers.
    fn left_by_rules(&self, parameter: &Parameter, current: &BTreeMap<String, String>) -> Vec<String> {
        let document = self.template.document();
        let expressions = document.rules().values().flat_map(|rule| {
            rule.condition.iter().chain(rule.assertions.iter().map(|assertion| &assertion.assertion))
        });
        let about: Vec<&Value> = expressions
            .filter(|expression| references(expression).contains(parameter.name.as_str()))
            .collect();
        if about.is_empty() {
            return Vec::new();
        }
        let mut candidates: BTreeSet<String> = about.into_iter().flat_map(literals).collect();
        candidates.extend(parameter.allowed_values.iter().chain(&parameter.default).cloned());
        let mut values = current.clone();
        let mut left: Vec<String> = candidates
            .into_iter()
            .filter(|candidate| {
                values.insert(parameter.name.clone(), candidate.clone());
                allowed::suits(parameter, candidate) && document.check_rules(&values).is_ok()
            })
            .collect();
        left.sort_by_key(|value| (value.parse::<i64>().unwrap_or(i64::MAX), value.clone()));
        left
    }
}

/// The names that `Ref` stands before, anywhere in an expression.
fn references(expression: &Value) -> BTreeSet<&str> {
    match expression {
        Value::Object(object) => match object.get("Ref").and_then(Value::as_str) {
            Some(name) => BTreeSet::from([name]),
            None => object.values().flat_map(references).collect(),
        },
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

/// The texts and numbers in an expression that are no names of parameters.
fn literals(expression: &Value) -> Vec<String> {
    match expression {
        Value::Object(object) if object.contains_key("Ref") => Vec::new(),
        Value::Object(object) => object.values().flat_map(literals).collect(),
        Value::Array(items) => items.iter().flat_map(literals).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        _ => Vec::new(),
    }
}
