//! Policies about calling an API: those that authorizers give and those of the API itself.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html>

use std::net::IpAddr;

use serde_json::{Map, Value};

/// The action of calling a method.
pub(super) const INVOKE: &str = "execute-api:Invoke";

/// A policy document made ready to be asked.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone)]
struct Statement {
    allows: bool,
    /// `None` where the document names no principal, as those of authorizers do.
    principals: Option<Vec<String>>,
    actions: Patterns,
    resources: Patterns,
    conditions: Vec<Condition>,
}

/// Patterns, or everything but them.
#[derive(Debug, Clone)]
struct Patterns {
    except: bool,
    patterns: Vec<String>,
}

#[derive(Debug, Clone)]
struct Condition {
    operator: String,
    /// Whether an absent key satisfies it.
    if_exists: bool,
    /// In lower case.
    key: String,
    values: Vec<String>,
}

/// One access that a policy is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<'a> {
    /// ARN of who calls; `None` for somebody unknown.
    pub(super) principal: Option<&'a str>,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) source_ip: &'a str,
    pub(super) user_agent: Option<&'a str>,
}

/// What policies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// An explicit `Deny`.
    Deny,
    Silent,
}

impl Policy {
    /// Reads a document. `api` is the API's ARN without stage, which `execute-api:/…` stands for.
    ///
    /// # Errors
    /// What in it cannot be used.
    pub(super) fn read(document: &Value, api: &str) -> Result<Self, String> {
        let statements = match &document["Statement"] {
            Value::Array(all) => all.iter().collect(),
            one @ Value::Object(_) => vec![one],
            _ => return Err("the policy has no Statement".to_owned()),
        };
        let read = statements.into_iter().map(|statement| Statement::read(statement, api));
        Ok(Self { statements: read.collect::<Result<_, _>>()? })
    }

    pub(super) fn verdict(&self, access: &Access<'_>) -> Verdict {
        let mut verdict = Verdict::Silent;
        for statement in self.statements.iter().filter(|statement| statement.concerns(access)) {
            if !statement.allows {
                return Verdict::Deny;
            }
            verdict = Verdict::Allow;
        }
        verdict
    }
}

impl Statement {
    fn read(statement: &Value, api: &str) -> Result<Self, String> {
        let object = statement.as_object().ok_or("a statement is not an object")?;
        let allows = match object.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err("Effect is neither Allow nor Deny".to_owned()),
        };
        if object.contains_key("NotPrincipal") {
            return Err("NotPrincipal cannot be used".to_owned());
        }
        let principals = object.get("Principal").map(|principal| match principal {
            Value::Object(kinds) => kinds.get("AWS").map(words).unwrap_or_default(),
            other => words(other),
        });
        let expand = |pattern: String| match pattern.strip_prefix("execute-api:") {
            Some(rest) => format!("{api}/{}", rest.trim_start_matches('/')),
            None => pattern,
        };
        let mut resources = Patterns::read(object, "Resource", "NotResource");
        resources.patterns = resources.patterns.into_iter().map(expand).collect();
        let mut conditions = Vec::new();
        for (operator, keys) in object.get("Condition").and_then(Value::as_object).into_iter().flatten() {
            for (key, values) in keys.as_object().into_iter().flatten() {
                conditions.push(Condition::read(operator, key, values)?);
            }
        }
        let actions = Patterns::read(object, "Action", "NotAction");
        Ok(Self { allows, principals, actions, resources, conditions })
    }

    fn concerns(&self, access: &Access<'_>) -> bool {
        let principal = |pattern: &String| {
            pattern == "*"
                || access.principal.is_some_and(|caller| {
                    // An account stands for all in it.
                    let account = caller.split(':').nth(4).unwrap_or_default();
                    wildcard(pattern, caller)
                        || pattern == account
                        || *pattern == format!("arn:aws:iam::{account}:root")
                })
        };
        self.principals.as_ref().is_none_or(|principals| principals.iter().any(principal))
            && self.actions.cover(&access.action.to_ascii_lowercase(), true)
            && self.resources.cover(access.resource, false)
            && self.conditions.iter().all(|condition| condition.holds(access))
    }
}

impl Patterns {
    fn read(object: &Map<String, Value>, name: &str, not_name: &str) -> Self {
        match (object.get(name), object.get(not_name)) {
            (None, Some(except)) => Self { except: true, patterns: words(except) },
            (given, _) => Self { except: false, patterns: given.map(words).unwrap_or_default() },
        }
    }

    fn cover(&self, text: &str, fold: bool) -> bool {
        let fits = |pattern: &String| {
            if fold { wildcard(&pattern.to_ascii_lowercase(), text) } else { wildcard(pattern, text) }
        };
        self.patterns.iter().any(fits) != self.except
    }
}

impl Condition {
    fn read(operator: &str, key: &str, values: &Value) -> Result<Self, String> {
        const OPERATORS: [&str; 9] = [
            "ArnLike",
            "ArnNotLike",
            "ArnEquals",
            "IpAddress",
            "NotIpAddress",
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
        ];
        let (operator, if_exists) =
            operator.strip_suffix("IfExists").map_or((operator, false), |operator| (operator, true));
        if !OPERATORS.contains(&operator) {
            return Err(format!("the condition operator {operator} is not one of {}", OPERATORS.join(", ")));
        }
        let values = words(values);
        if operator.ends_with("IpAddress")
            && let Some(wrong) = values.iter().find(|value| Range::parse(value).is_none())
        {
            return Err(format!("{wrong} is not an IP address or CIDR range"));
        }
        Ok(Self { operator: operator.to_owned(), if_exists, key: key.to_ascii_lowercase(), values })
    }

    fn holds(&self, access: &Access<'_>) -> bool {
        let actual = match self.key.as_str() {
            "aws:sourceip" => Some(access.source_ip),
            "aws:useragent" => access.user_agent,
            "aws:principalarn" => access.principal,
            // Nothing here comes through a VPC endpoint.
            _ => None,
        };
        let negated = self.operator.contains("Not");
        let Some(actual) = actual else { return self.if_exists || negated };
        let any = self.values.iter().any(|value| match self.operator.as_str() {
            "IpAddress" | "NotIpAddress" => {
                Range::parse(value).zip(actual.parse().ok()).is_some_and(|(range, ip)| range.contains(ip))
            }
            "StringEquals" | "StringNotEquals" => value == actual,
            _ => wildcard(value, actual),
        });
        any != negated
    }
}

/// A range of addresses.
struct Range {
    start: IpAddr,
    prefix: u32,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (start, prefix) = match text.split_once('/') {
            Some((start, prefix)) => (start.parse().ok()?, prefix.parse().ok()?),
            None => (text.parse().ok()?, if text.contains(':') { 128 } else { 32 }),
        };
        let most = if matches!(start, IpAddr::V6(_)) { 128 } else { 32 };
        (prefix <= most).then_some(Self { start, prefix })
    }

    fn contains(&self, ip: IpAddr) -> bool {
        match (self.start, ip.to_canonical()) {
            (IpAddr::V4(start), IpAddr::V4(ip)) => {
                (start.to_bits() ^ ip.to_bits()).checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(start), IpAddr::V6(ip)) => {
                (start.to_bits() ^ ip.to_bits()).checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// `*` stands for any text, `?` for one character.
fn wildcard(pattern: &str, text: &str) -> bool {
    crate::balancer::glob(pattern, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const API: &str = "arn:aws:execute-api:us-east-1:000000000000:abc";

    fn verdict(document: &Value, principal: Option<&str>, source_ip: &str) -> Verdict {
        let resource = format!("{API}/v1/GET/a");
        let access = Access { principal, action: INVOKE, resource: &resource, source_ip, user_agent: None };
        Policy::read(document, API).unwrap().verdict(&access)
    }

    #[test]
    fn addresses_are_admitted_and_denied() {
        let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"});
        let document = json!({"Statement": [allow, {
            "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/GET/*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.1/32"]}},
        }]});
        assert_eq!(verdict(&document, None, "127.0.0.1"), Verdict::Allow);
        assert_eq!(verdict(&document, None, "10.200.0.1"), Verdict::Allow);
        assert_eq!(verdict(&document, None, "11.0.0.1"), Verdict::Deny);
        let document = json!({"Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "execute-api:*", "Resource": "execute-api:/v2/*",
        }});
        assert_eq!(verdict(&document, None, "127.0.0.1"), Verdict::Silent);
        let of_vpc = json!({"Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
        }});
        assert_eq!(verdict(&of_vpc, None, "127.0.0.1"), Verdict::Silent);
    }

    #[test]
    fn principals_are_told_apart() {
        let of = |principal: Value| json!({"Statement": {"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"}});
        let user = Some("arn:aws:iam::000000000000:user/local");
        assert_eq!(
            verdict(&of(json!({"AWS": "arn:aws:iam::000000000000:root"})), user, "::1"),
            Verdict::Allow
        );
        assert_eq!(verdict(&of(json!({"AWS": "000000000000"})), user, "::1"), Verdict::Allow);
        assert_eq!(
            verdict(&of(json!({"AWS": ["arn:aws:iam::000000000000:role/a"]})), user, "::1"),
            Verdict::Silent
        );
        assert_eq!(verdict(&of(json!({"AWS": "000000000000"})), None, "::1"), Verdict::Silent);
    }

    #[test]
    fn what_cannot_be_evaluated_is_refused() {
        let condition = |condition: Value| json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}});
        for (document, reason) in [
            (json!({}), "no Statement"),
            (json!({"Statement": {"Effect": "Maybe"}}), "Effect"),
            (condition(json!({"DateLessThan": {"aws:CurrentTime": "x"}})), "DateLessThan"),
            (condition(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/40"}})), "10.0.0.0/40"),
        ] {
            let error = Policy::read(&document, API).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
