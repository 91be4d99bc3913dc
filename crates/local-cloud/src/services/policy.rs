//! Resource policies, as far as services of this cloud ask them: may a service do something to a resource?
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use serde_json::Value;

use super::iam::wildcard;

/// A policy document.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    statements: Vec<Value>,
}

/// One access by a service.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// The service principal: `sns.amazonaws.com`.
    pub service: &'a str,
    /// `sqs:SendMessage`
    pub action: &'a str,
    /// The ARN of the resource.
    pub resource: &'a str,
    /// Condition keys and their values: `aws:SourceArn`, `aws:SourceAccount`.
    pub context: &'a [(&'a str, &'a str)],
}

impl Policy {
    /// Reads a document; `None` where it is no JSON object with statements.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut document: Value = serde_json::from_str(text).ok()?;
        let statements = match document.get_mut("Statement")?.take() {
            Value::Array(statements) => statements,
            statement @ Value::Object(_) => vec![statement],
            _ => return None,
        };
        Some(Self { statements })
    }

    /// Whether a statement allows the access and none denies it.
    #[must_use]
    pub fn allows(&self, access: &Access<'_>) -> bool {
        let applies = |effect: &str| {
            self.statements
                .iter()
                .any(|statement| statement["Effect"] == effect && matches(statement, access))
        };
        applies("Allow") && !applies("Deny")
    }
}

fn matches(statement: &Value, access: &Access<'_>) -> bool {
    let principal = match &statement["Principal"] {
        Value::String(anyone) => anyone == "*",
        Value::Object(kinds) => {
            kinds.get("Service").is_some_and(|names| any(names, |name| name == access.service))
                || kinds.get("AWS").is_some_and(|names| any(names, |name| name == "*"))
        }
        _ => false,
    };
    let lower = access.action.to_ascii_lowercase();
    principal
        && any(&statement["Action"], |pattern| wildcard(&pattern.to_ascii_lowercase(), &lower))
        && any(&statement["Resource"], |pattern| wildcard(pattern, access.resource))
        && conditions_hold(&statement["Condition"], access)
}

/// A condition with an operator that is not known here does not hold.
fn conditions_hold(condition: &Value, access: &Access<'_>) -> bool {
    let Value::Object(operators) = condition else { return condition.is_null() };
    operators.iter().all(|(operator, keys)| {
        let Value::Object(keys) = keys else { return false };
        keys.iter().all(|(key, wanted)| {
            let found = access.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
            let Some((_, actual)) = found else { return operator.ends_with("IfExists") };
            match operator.trim_end_matches("IfExists") {
                "StringEquals" => any(wanted, |text| text == *actual),
                "StringNotEquals" => !any(wanted, |text| text == *actual),
                "StringLike" | "ArnEquals" | "ArnLike" => any(wanted, |text| wildcard(text, actual)),
                "Bool" => any(wanted, |text| text.eq_ignore_ascii_case(actual)),
                _ => false,
            }
        })
    })
}

/// Whether one of a text or a list of texts passes.
fn any(value: &Value, mut test: impl FnMut(&str) -> bool) -> bool {
    let mut fits = |value: &Value| match value {
        Value::String(string) => test(string),
        Value::Bool(flag) => test(if *flag { "true" } else { "false" }),
        _ => false,
    };
    match value {
        Value::Array(items) => items.iter().any(fits),
        single => fits(single),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access<'a>(context: &'a [(&'a str, &'a str)]) -> Access<'a> {
        Access {
            service: "sns.amazonaws.com",
            action: "sqs:SendMessage",
            resource: "arn:aws:sqs:us-east-1:000000000000:q",
            context,
        }
    }

    #[test]
    fn allows_what_a_statement_admits() {
        let policy = Policy::parse(
            r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"SQS:Send*",
                "Resource":"arn:aws:sqs:*:*:q","Condition":{"ArnEquals":{"aws:SourceArn":"arn:t"}}}}"#,
        )
        .unwrap();
        assert!(policy.allows(&access(&[("aws:SourceArn", "arn:t")])));
        assert!(!policy.allows(&access(&[("aws:SourceArn", "arn:other")])));
        assert!(!policy.allows(&access(&[])));
    }

    #[test]
    fn a_denial_wins() {
        let policy = Policy::parse(
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
                {"Effect":"Deny","Principal":"*","Action":["sqs:SendMessage"],"Resource":"*"}]}"#,
        )
        .unwrap();
        assert!(!policy.allows(&access(&[])));
        assert_eq!(Policy::parse("[]"), None);
    }
}
