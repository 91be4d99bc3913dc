use serde_json::{Map, Value};

/// Why IAM refuses a policy document.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedPolicy(pub String);

/// What a policy is attached to, which decides the fields it must and must not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Of a role or a managed policy: no principal.
    Identity,
    /// `AssumeRolePolicyDocument`: a principal, no resource.
    Trust,
    /// Of a bucket, queue, topic or repository: a principal.
    Resource,
}

/// A policy document whose grammar was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    value: Value,
}

impl PolicyDocument {
    /// Reads a document given as an object or as JSON text.
    ///
    /// # Errors
    /// It breaks the grammar of policies; the words are IAM's.
    pub fn parse(document: &Value, kind: PolicyKind) -> Result<Self, MalformedPolicy> {
        let value = match document {
            Value::String(text) => {
                serde_json::from_str(text).map_err(|_| malformed("Syntax errors in policy."))?
            }
            other => other.clone(),
        };
        let Some(object) = value.as_object() else { return Err(malformed("Syntax errors in policy.")) };
        if let Some(key) = object.keys().find(|key| !["Version", "Id", "Statement"].contains(&key.as_str())) {
            return Err(malformed(format!("Syntax errors in policy: unknown field {key}.")));
        }
        match object.get("Version").map(Value::as_str) {
            None | Some(Some("2012-10-17" | "2008-10-17")) => {}
            Some(version) => {
                let version = version.unwrap_or("that is given");
                return Err(malformed(format!(
                    "The policy's Version {version} is not allowed: 2012-10-17 or 2008-10-17."
                )));
            }
        }
        let statements = items(object.get("Statement"));
        if statements.is_empty() {
            return Err(malformed("Syntax errors in policy: it has no Statement."));
        }
        let mut seen = Vec::new();
        for statement in statements {
            let Some(statement) = statement.as_object() else {
                return Err(malformed("Syntax errors in policy."));
            };
            check_statement(statement, kind)?;
            if let Some(sid) = statement.get("Sid").and_then(Value::as_str) {
                if seen.contains(&sid) {
                    return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
                }
                seen.push(sid);
            }
        }
        Ok(Self { value })
    }

    /// The document as it was given, text read as JSON.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Whether a statement allows the service `principal` (`lambda.amazonaws.com`) to assume the role.
    #[must_use]
    pub fn trusts(&self, principal: &str) -> bool {
        self.statements().any(|statement| {
            let named = match statement.get("Principal") {
                Some(Value::String(all)) => all == "*",
                Some(Value::Object(kinds)) => {
                    items(kinds.get("Service")).iter().any(|name| name.as_str() == Some(principal))
                }
                _ => false,
            };
            named && effect(statement) == "Allow" && matches_any(statement, "Action", "sts:AssumeRole")
        })
    }

    /// What the document says of an action on a resource. Conditions are not evaluated: a statement that has some
    /// counts where it allows and does not count where it denies.
    #[must_use]
    pub fn verdict(&self, action: &str, resource: Option<&str>) -> Verdict {
        let mut verdict = Verdict::Silent;
        for statement in self.statements() {
            let acts = match statement.get("NotAction") {
                Some(_) => !matches_any(statement, "NotAction", action),
                None => matches_any(statement, "Action", action),
            };
            let applies = resource.is_none_or(|resource| match statement.get("NotResource") {
                Some(_) => !matches_any(statement, "NotResource", resource),
                None => matches_any(statement, "Resource", resource),
            });
            if !acts || !applies {
                continue;
            }
            if effect(statement) == "Allow" {
                verdict = Verdict::Allow;
            } else if !statement.contains_key("Condition") && resource.is_some() {
                return Verdict::Deny;
            }
        }
        verdict
    }

    fn statements(&self) -> impl Iterator<Item = &Map<String, Value>> {
        items(self.value.get("Statement")).into_iter().filter_map(Value::as_object)
    }
}

/// What one or more policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// An explicit `Deny`.
    Deny,
    Silent,
}

fn check_statement(statement: &Map<String, Value>, kind: PolicyKind) -> Result<(), MalformedPolicy> {
    const FIELDS: [&str; 9] = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    if let Some(key) = statement.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(malformed(format!("Syntax errors in policy: unknown field {key} in a statement.")));
    }
    if !["Allow", "Deny"].contains(&effect(statement)) {
        return Err(malformed("Missing required field Effect, which is Allow or Deny."));
    }
    let actions = [items(statement.get("Action")), items(statement.get("NotAction"))].concat();
    if actions.is_empty() {
        return Err(malformed("Policy statement must contain actions."));
    }
    for action in actions {
        match action.as_str() {
            Some(name)
                if name == "*"
                    || name
                        .split_once(':')
                        .is_some_and(|(vendor, rest)| !vendor.is_empty() && !rest.is_empty()) => {}
            _ => {
                return Err(malformed(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
                ));
            }
        }
    }
    let has = |name: &str| statement.contains_key(name);
    let principal = has("Principal") || has("NotPrincipal");
    let resource = has("Resource") || has("NotResource");
    match kind {
        PolicyKind::Identity if principal => {
            Err(malformed("Policy document should not specify a principal."))
        }
        PolicyKind::Identity if !resource => Err(malformed("Policy statement must contain resources.")),
        PolicyKind::Identity => check_resources(statement),
        PolicyKind::Trust if resource => Err(malformed("Has prohibited field Resource")),
        PolicyKind::Trust | PolicyKind::Resource if !principal => {
            Err(malformed("Missing required field Principal"))
        }
        PolicyKind::Trust | PolicyKind::Resource => Ok(()),
    }
}

fn check_resources(statement: &Map<String, Value>) -> Result<(), MalformedPolicy> {
    for resource in [items(statement.get("Resource")), items(statement.get("NotResource"))].concat() {
        let text = resource.as_str().unwrap_or_default();
        if text != "*" && !text.starts_with("arn:") && !text.starts_with("*:") {
            return Err(malformed(format!("Resource {text} must be in ARN format or \"*\".")));
        }
    }
    Ok(())
}

fn effect(statement: &Map<String, Value>) -> &str {
    statement.get("Effect").and_then(Value::as_str).unwrap_or_default()
}

fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(item) => vec![item],
    }
}

fn matches_any(statement: &Map<String, Value>, field: &str, value: &str) -> bool {
    let folded = field.ends_with("Action");
    items(statement.get(field)).into_iter().filter_map(Value::as_str).any(|pattern| {
        if folded {
            wildcard(&pattern.to_ascii_lowercase(), &value.to_ascii_lowercase())
        } else {
            wildcard(pattern, value)
        }
    })
}

/// Whether `text` matches a pattern with `*` (any text) and `?` (one character).
#[must_use]
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut position) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while position < text.len() {
        if at < pattern.len() && pattern[at] == '*' {
            star = Some((at, position));
            at += 1;
        } else if at < pattern.len() && (pattern[at] == '?' || pattern[at] == text[position]) {
            at += 1;
            position += 1;
        } else if let Some((star_at, covered)) = star {
            // The star takes one character more, and matching goes on behind it.
            star = Some((star_at, covered + 1));
            at = star_at + 1;
            position = covered + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

fn malformed(message: impl Into<String>) -> MalformedPolicy {
    MalformedPolicy(message.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trust(service: &str) -> Value {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})
    }

    #[test]
    fn a_trust_policy_names_its_services() {
        let document = PolicyDocument::parse(&trust("lambda.amazonaws.com"), PolicyKind::Trust).unwrap();
        assert!(document.trusts("lambda.amazonaws.com"));
        assert!(!document.trusts("ecs-tasks.amazonaws.com"));
    }

    #[test]
    fn the_grammar_is_checked() {
        let refused = |document: Value, kind| PolicyDocument::parse(&document, kind).unwrap_err().0;
        let statement = |statement: Value| json!({"Statement": statement});
        assert!(refused(json!("{"), PolicyKind::Trust).contains("Syntax errors"));
        assert!(refused(json!({"Version": "2020-01-01"}), PolicyKind::Trust).contains("Version 2020-01-01"));
        assert_eq!(
            refused(statement(json!({"Effect": "Allow", "Action": "sns:Publish"})), PolicyKind::Identity),
            "Policy statement must contain resources."
        );
        assert_eq!(
            refused(statement(json!({"Effect": "Allow", "Resource": "*"})), PolicyKind::Identity),
            "Policy statement must contain actions."
        );
        assert_eq!(
            refused(
                statement(json!({"Effect": "Allow", "Action": "Publish", "Resource": "*"})),
                PolicyKind::Identity
            ),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        );
        assert_eq!(
            refused(
                statement(json!({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Principal": "*"})),
                PolicyKind::Identity
            ),
            "Policy document should not specify a principal."
        );
        assert!(
            refused(statement(json!({"Effect": "Maybe", "Action": "a:b"})), PolicyKind::Resource)
                .contains("Effect")
        );
    }

    #[test]
    fn an_explicit_deny_wins() {
        let document = json!({"Statement": [
            {"Effect": "Allow", "Action": "sns:*", "Resource": "arn:aws:sns:*:*:team-*"},
            {"Effect": "Deny", "Action": "sns:Delete*", "Resource": "*"}]});
        let document = PolicyDocument::parse(&document, PolicyKind::Identity).unwrap();
        let topic = Some("arn:aws:sns:us-east-1:000000000000:team-a");
        assert_eq!(document.verdict("SNS:Publish", topic), Verdict::Allow);
        assert_eq!(document.verdict("sns:DeleteTopic", topic), Verdict::Deny);
        assert_eq!(
            document.verdict("sns:Publish", Some("arn:aws:sns:us-east-1:000000000000:x")),
            Verdict::Silent
        );
        assert_eq!(document.verdict("sqs:SendMessage", None), Verdict::Silent);
    }

    #[test]
    fn wildcards_match_as_in_policies() {
        for (pattern, text) in
            [("*", ""), ("a*c", "abbc"), ("a?c", "abc"), ("*/POST/*", "v1/POST/x/y"), ("a**", "a")]
        {
            assert!(wildcard(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a?c", "ac"), ("*/GET/*", "v1/POST/x"), ("abc", "ABC")] {
            assert!(!wildcard(pattern, text), "{pattern} {text}");
        }
    }
}
