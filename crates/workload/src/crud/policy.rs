//! What API Gateway is told about a caller.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html>

use serde_json::{Value, json};
use thiserror::Error;

use super::{Caller, Scope};

/// The names under which the authorizer's answer, and so `context.authorizer`, has the caller.
pub mod context {
    /// The subject of the token.
    pub const SUBJECT: &str = "subject";
    /// Its scopes, with spaces between them.
    pub const SCOPES: &str = "scopes";
}

/// An ARN that is none of a method of a REST API.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "\"{arn}\" is no method of a REST API, such as arn:aws:execute-api:us-east-1:123456789012:abc/v1/GET/items"
)]
pub struct InvalidMethodArn {
    /// What came instead.
    pub arn: String,
}

/// The authorizer's answer for a caller.
///
/// API Gateway keeps it for every request with the same token, whatever its method and path; so it speaks of all that the
/// token opens on the stage that `method_arn` belongs to, and not of that one method.
///
/// # Errors
/// [`InvalidMethodArn`].
pub fn document(caller: &Caller, method_arn: &str) -> Result<Value, InvalidMethodArn> {
    // arn:partition:execute-api:region:account:api/stage/method/path
    let mut parts = method_arn.splitn(4, '/');
    let (api, stage, method) = (parts.next(), parts.next(), parts.next());
    let stage = match (api, stage, method) {
        (Some(api), Some(stage), Some(_)) if api.starts_with("arn:") => format!("{api}/{stage}"),
        _ => return Err(InvalidMethodArn { arn: method_arn.to_owned() }),
    };
    let items = |methods: &[&str]| -> Vec<String> {
        let paths = |method| [format!("{stage}/{method}/items"), format!("{stage}/{method}/items/*")];
        methods.iter().flat_map(paths).collect()
    };
    let statement = |effect: &str, resources: Vec<String>| json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resources });
    let reads = ["GET", "HEAD"];
    let mut statements = match (caller.has(Scope::Read), caller.has(Scope::Write)) {
        (true, true) => vec![statement("Allow", items(&["*"]))],
        (true, false) => vec![statement("Allow", items(&reads))],
        (false, true) => vec![statement("Allow", items(&["*"])), statement("Deny", items(&reads))],
        (false, false) => Vec::new(),
    };
    if caller.has(Scope::Turkeys) {
        statements.push(statement("Allow", vec![format!("{stage}/GET/turkeys/*")]));
    }
    // A policy has at least one statement.
    if statements.is_empty() {
        statements.push(statement("Deny", vec![format!("{stage}/*")]));
    }
    Ok(json!({
        "principalId": caller.subject(),
        "policyDocument": { "Version": "2012-10-17", "Statement": statements },
        "context": { (context::SUBJECT): caller.subject(), (context::SCOPES): caller.scopes() },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:abc/v1/GET/items/0199";
    const STAGE: &str = "arn:aws:execute-api:us-east-1:123456789012:abc/v1";

    fn statements(scopes: &str) -> Value {
        let caller = Caller::new("alice", scopes).unwrap();
        document(&caller, ARN).unwrap()["policyDocument"]["Statement"].take()
    }

    #[test]
    fn the_policy_speaks_of_all_that_a_token_opens() {
        let items = |method| [format!("{STAGE}/{method}/items"), format!("{STAGE}/{method}/items/*")];
        let reads = json!([items("GET"), items("HEAD")].concat());
        let all = json!(items("*"));
        let turkeys = json!([format!("{STAGE}/GET/turkeys/*")]);
        let rule = |effect: &str, on: &Value| json!({"Action": "execute-api:Invoke", "Effect": effect, "Resource": on});
        assert_eq!(statements("items:read"), json!([rule("Allow", &reads)]));
        assert_eq!(statements("items:read items:write"), json!([rule("Allow", &all)]));
        assert_eq!(statements("items:write"), json!([rule("Allow", &all), rule("Deny", &reads)]));
        assert_eq!(statements("turkeys:read"), json!([rule("Allow", &turkeys)]));
        assert_eq!(
            statements("turkeys:read items:read"),
            json!([rule("Allow", &reads), rule("Allow", &turkeys)])
        );
        assert_eq!(statements("other"), json!([rule("Deny", &json!([format!("{STAGE}/*")]))]));
    }

    #[test]
    fn the_context_is_who_asks() {
        let caller = Caller::new("alice", "items:write x").unwrap();
        let answer = document(&caller, ARN).unwrap();
        assert_eq!(answer["context"], json!({"subject": "alice", "scopes": "items:write"}));
        assert_eq!(answer["principalId"], "alice");
    }

    #[test]
    fn what_is_no_method_is_refused() {
        for arn in [
            "",
            "*",
            "arn:aws:execute-api:us-east-1:1:abc",
            "arn:aws:execute-api:us-east-1:1:abc/v1",
            "abc/v1/GET/x",
        ] {
            assert_eq!(document(&Caller::new("a", "").unwrap(), arn).unwrap_err().arn, arn);
        }
    }
}
