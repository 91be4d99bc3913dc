//! Subscription filter policies.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::SnsError;
use crate::services::iam::wildcard;
use crate::services::sqs::{AttributeValue, MessageAttribute};

/// What of a message a policy looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FilterScope {
    #[default]
    MessageAttributes,
    MessageBody,
}

/// A valid filter policy.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterPolicy(Map<String, Value>);

impl FilterPolicy {
    /// Reads and checks a policy.
    ///
    /// # Errors
    /// `InvalidParameter` for broken JSON or a condition that SNS does not know.
    pub fn parse(text: &str, scope: FilterScope) -> Result<Self, SnsError> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| SnsError::invalid(format!("FilterPolicy: failed to parse JSON. {error}")))?;
        let Value::Object(policy) = value else {
            return Err(SnsError::invalid("FilterPolicy: Filter policy must be an object"));
        };
        check(&policy, scope)?;
        Ok(Self(policy))
    }

    /// Whether a message passes.
    #[must_use]
    pub fn admits(
        &self,
        scope: FilterScope,
        message: &str,
        attributes: &BTreeMap<String, MessageAttribute>,
    ) -> bool {
        match scope {
            FilterScope::MessageAttributes => admits_attributes(&self.0, attributes),
            FilterScope::MessageBody => {
                serde_json::from_str(message).is_ok_and(|body: Value| admits_value(&self.0, &body))
            }
        }
    }
}

fn check(policy: &Map<String, Value>, scope: FilterScope) -> Result<(), SnsError> {
    for (key, rule) in policy {
        match rule {
            Value::Array(branches) if key == "$or" => {
                for branch in branches {
                    let Value::Object(branch) = branch else {
                        return Err(SnsError::invalid("FilterPolicy: $or must be an array of objects"));
                    };
                    check(branch, scope)?;
                }
            }
            Value::Array(conditions) if !conditions.is_empty() => {
                conditions.iter().try_for_each(check_condition)?;
            }
            Value::Object(inner) if scope == FilterScope::MessageBody => check(inner, scope)?,
            Value::Object(_) => {
                return Err(SnsError::invalid(
                    "FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy",
                ));
            }
            _ => {
                return Err(SnsError::invalid(format!(
                    "FilterPolicy: \"{key}\" must be an object or an array"
                )));
            }
        }
    }
    Ok(())
}

fn check_condition(condition: &Value) -> Result<(), SnsError> {
    let Value::Object(map) = condition else {
        return match condition {
            Value::Array(_) => Err(SnsError::invalid(
                "FilterPolicy: Match value must be String, number, true, false, or null",
            )),
            _ => Ok(()),
        };
    };
    let Some((operator, operand)) = map.iter().next().filter(|_| map.len() == 1) else {
        return Err(SnsError::invalid("FilterPolicy: Only one key allowed in match expression"));
    };
    let legal = match operator.as_str() {
        "prefix" | "suffix" | "equals-ignore-case" | "wildcard" => operand.is_string(),
        "exists" => operand.is_boolean(),
        "numeric" => operand.as_array().is_some_and(|terms| is_numeric(terms)),
        "anything-but" => !operand.is_null(),
        _ => {
            let what = format!("FilterPolicy: Unrecognized match type {operator}");
            return Err(SnsError::invalid(what));
        }
    };
    if legal { Ok(()) } else { Err(SnsError::invalid(format!("FilterPolicy: invalid value of {operator}"))) }
}

fn is_numeric(terms: &[Value]) -> bool {
    !terms.is_empty()
        && terms.len().is_multiple_of(2)
        && terms.chunks(2).all(|pair| {
            matches!(pair[0].as_str(), Some("=" | "<" | "<=" | ">" | ">=")) && pair[1].is_number()
        })
}

fn admits_attributes(policy: &Map<String, Value>, attributes: &BTreeMap<String, MessageAttribute>) -> bool {
    policy.iter().all(|(key, rule)| {
        if key == "$or" {
            return branches(rule).any(|branch| admits_attributes(branch, attributes));
        }
        let values = attributes.get(key).map(values_of).unwrap_or_default();
        admits_any(rule, &values)
    })
}

/// A `String.Array` attribute matches by any of its items.
fn values_of(attribute: &MessageAttribute) -> Vec<Value> {
    let AttributeValue::Text(text) = &attribute.value else { return Vec::new() };
    match attribute.data_type.as_str() {
        "String.Array" => match serde_json::from_str(text) {
            Ok(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        kind if kind.starts_with("Number") => text.parse::<f64>().ok().map(Value::from).into_iter().collect(),
        _ => vec![Value::from(text.as_str())],
    }
}

fn admits_value(policy: &Map<String, Value>, body: &Value) -> bool {
    if let Value::Array(items) = body {
        return items.iter().any(|item| admits_value(policy, item));
    }
    policy.iter().all(|(key, rule)| match rule {
        Value::Array(_) if key == "$or" => branches(rule).any(|branch| admits_value(branch, body)),
        Value::Object(inner) => body.get(key).is_some_and(|value| admits_value(inner, value)),
        rule => match body.get(key) {
            None => admits_any(rule, &[]),
            Some(Value::Array(items)) => admits_any(rule, items),
            Some(value) => admits_any(rule, std::slice::from_ref(value)),
        },
    })
}

fn branches(rule: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    rule.as_array().into_iter().flatten().filter_map(Value::as_object)
}

fn admits_any(rule: &Value, values: &[Value]) -> bool {
    rule.as_array().into_iter().flatten().any(|condition| {
        if let Some(exists) = condition.get("exists").and_then(Value::as_bool) {
            return exists != values.is_empty();
        }
        values.iter().any(|value| admits(condition, value))
    })
}

fn admits(condition: &Value, value: &Value) -> bool {
    let Value::Object(map) = condition else { return equal(condition, value) };
    let Some((operator, operand)) = map.iter().next() else { return false };
    let texts = operand.as_str().zip(value.as_str());
    match operator.as_str() {
        "prefix" => texts.is_some_and(|(wanted, text)| text.starts_with(wanted)),
        "suffix" => texts.is_some_and(|(wanted, text)| text.ends_with(wanted)),
        "wildcard" => texts.is_some_and(|(wanted, text)| wildcard(wanted, text)),
        "equals-ignore-case" => {
            texts.is_some_and(|(wanted, text)| wanted.to_lowercase() == text.to_lowercase())
        }
        "numeric" => value.as_f64().is_some_and(|number| in_range(operand, number)),
        "anything-but" => match operand {
            Value::Array(items) => !items.iter().any(|item| equal(item, value)),
            Value::Object(_) => !admits(operand, value),
            single => !equal(single, value),
        },
        _ => false,
    }
}

fn equal(wanted: &Value, value: &Value) -> bool {
    match (wanted.as_f64(), value.as_f64()) {
        (Some(wanted), Some(number)) => (wanted - number).abs() < f64::EPSILON,
        _ => wanted == value,
    }
}

fn in_range(terms: &Value, number: f64) -> bool {
    let terms = terms.as_array().map(Vec::as_slice).unwrap_or_default();
    terms.chunks(2).all(|pair| {
        let Some(bound) = pair.get(1).and_then(Value::as_f64) else { return false };
        match pair[0].as_str() {
            Some("=") => (number - bound).abs() < f64::EPSILON,
            Some("<") => number < bound,
            Some("<=") => number <= bound,
            Some(">") => number > bound,
            Some(">=") => number >= bound,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(policy: &str, message: &str) -> bool {
        let scope = FilterScope::MessageBody;
        FilterPolicy::parse(policy, scope).unwrap().admits(scope, message, &BTreeMap::new())
    }

    fn attribute(policy: &str, data_type: &str, value: &str) -> bool {
        let attribute =
            MessageAttribute { data_type: data_type.into(), value: AttributeValue::Text(value.into()) };
        let scope = FilterScope::MessageAttributes;
        let attributes = BTreeMap::from([("k".to_owned(), attribute)]);
        FilterPolicy::parse(policy, scope).unwrap().admits(scope, "", &attributes)
    }

    #[test]
    fn looks_at_attributes() {
        for (policy, kind, value, admitted) in [
            (r#"{"k":["a","b"]}"#, "String", "b", true),
            (r#"{"k":["a"]}"#, "String", "b", false),
            (r#"{"k":[{"prefix":"ab"}]}"#, "String", "abc", true),
            (r#"{"k":[{"anything-but":["a"]}]}"#, "String", "a", false),
            (r#"{"k":[{"anything-but":{"prefix":"a"}}]}"#, "String", "b", true),
            (r#"{"k":[{"numeric":[">",1,"<=",5]}]}"#, "Number", "5", true),
            (r#"{"k":[{"numeric":[">",1,"<=",5]}]}"#, "Number", "6", false),
            (r#"{"k":["x"]}"#, "String.Array", r#"["w","x"]"#, true),
            (r#"{"k":[{"exists":false}]}"#, "String", "a", false),
            (r#"{"other":[{"exists":false}]}"#, "String", "a", true),
            (r#"{"$or":[{"k":["a"]},{"k":["b"]}]}"#, "String", "b", true),
            (r#"{"k":[{"equals-ignore-case":"AB"}]}"#, "String", "ab", true),
        ] {
            assert_eq!(attribute(policy, kind, value), admitted, "{policy} {value}");
        }
    }

    #[test]
    fn looks_into_bodies() {
        assert!(body(r#"{"a":{"b":["x",1]}}"#, r#"{"a":{"b":1.0}}"#));
        assert!(body(r#"{"a":{"b":["x"]}}"#, r#"{"a":[{"b":"y"},{"b":"x"}]}"#));
        assert!(!body(r#"{"a":["x"]}"#, "not json"));
        assert!(body(r#"{"a":[null]}"#, r#"{"a":null}"#));
    }

    #[test]
    fn refuses_unknown_conditions() {
        for policy in ["[]", r#"{"a":"x"}"#, r#"{"a":[{"near":"x"}]}"#, r#"{"a":{"b":["x"]}}"#, r#"{"a":[]}"#]
        {
            let error = FilterPolicy::parse(policy, FilterScope::MessageAttributes).unwrap_err();
            assert!(matches!(error, SnsError::InvalidParameter { .. }), "{policy}");
        }
    }
}
