//! The functions of the workload `crud`, run as Lambda runs them: the authorizer, and the work behind it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

#[path = "../../workload/tests/table/mod.rs"]
mod table;

mod runtime_api;

use runtime_api::Environment;
use serde_json::{Value, json};
use table::{Table, bearer, identity};

const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:abc/v1/GET/items";

#[tokio::test]
async fn the_authorizer_lets_nobody_in_without_a_token() {
    let mut environment = Environment::start_program(env!("CARGO_BIN_EXE_authorizer"), identity()).await;
    let ask = |token: &str| json!({"type": "TOKEN", "authorizationToken": token, "methodArn": ARN});
    let (kind, answer) = environment.invoke(ask(&bearer("alice", "items:read"))).await;
    assert_eq!(kind, "response");
    assert_eq!(
        answer,
        json!({
            "principalId": "alice",
            "policyDocument": {"Version": "2012-10-17", "Statement": [{
                "Action": "execute-api:Invoke", "Effect": "Allow",
                "Resource": [
                    "arn:aws:execute-api:us-east-1:000000000000:abc/v1/GET/items",
                    "arn:aws:execute-api:us-east-1:000000000000:abc/v1/GET/items/*",
                    "arn:aws:execute-api:us-east-1:000000000000:abc/v1/HEAD/items",
                    "arn:aws:execute-api:us-east-1:000000000000:abc/v1/HEAD/items/*",
                ],
            }]},
            "context": {"subject": "alice", "scopes": "items:read"},
        })
    );
    let forged = format!("{}x", bearer("alice", "items:read"));
    for token in ["", "Bearer", "Bearer x.y.z", forged.as_str()] {
        let (kind, answer) = environment.invoke(ask(token)).await;
        assert_eq!((kind.as_str(), &answer["errorMessage"]), ("error", &json!("Unauthorized")), "{token}");
    }
    let good = bearer("alice", "items:read");
    for event in [json!({}), json!({"authorizationToken": good, "methodArn": "*"})] {
        assert_eq!(environment.invoke(event).await.1["errorMessage"], "Unauthorized");
    }
    let log = environment.stop().await;
    let secret_part = good.rsplit('.').next().unwrap();
    assert!(!log.iter().any(|line| line.to_string().contains(secret_part)), "no token is logged");
}

#[tokio::test]
async fn the_work_believes_the_authorizers_context_only() {
    let table = Table::start().await;
    let program = env!("CARGO_BIN_EXE_crud");
    let mut environment = Environment::start_program(program, table.environment()).await;
    let event = |method: &str, path: &str, body: Value| {
        json!({
            "httpMethod": method, "path": path, "headers": {"Authorization": bearer("alice", "items:read items:write")},
            "queryStringParameters": {"limit": "1"}, "isBase64Encoded": false,
            "body": if body.is_null() { body } else { body.to_string().into() },
            "requestContext": {"authorizer": {
                "principalId": "alice", "subject": "alice", "scopes": "items:read items:write",
            }},
        })
    };
    let (_, made) = environment.invoke(event("POST", "/items", json!({"name": "a"}))).await;
    assert_eq!((&made["statusCode"], &made["headers"]["etag"]), (&json!(201), &json!("\"1\"")), "{made}");
    let location = made["headers"]["location"].as_str().unwrap().to_owned();
    let (_, read) = environment.invoke(event("GET", &location, Value::Null)).await;
    assert_eq!((&read["statusCode"], &read["body"]), (&json!(200), &made["body"]));
    environment.invoke(event("POST", "/items", json!({"name": "b"}))).await;
    let (_, page) = environment.invoke(event("GET", "/items", Value::Null)).await;
    let page: Value = serde_json::from_str(page["body"].as_str().unwrap()).unwrap();
    assert!(page["items"].as_array().unwrap().len() == 1 && page["next"].is_string(), "{page}");

    for context in [Value::Null, json!({}), json!({"authorizer": {"principalId": "alice"}})] {
        let mut bare = event("GET", &location, Value::Null);
        bare["requestContext"] = context;
        let (_, refused) = environment.invoke(bare).await;
        assert_eq!(refused["statusCode"], 401, "{refused}");
    }
    let (_, gone) = environment.invoke(event("DELETE", &location, Value::Null)).await;
    assert_eq!((&gone["statusCode"], &gone["body"]), (&json!(204), &json!("")));
}
