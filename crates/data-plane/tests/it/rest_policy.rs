//! Resource policies, alone and together with the other ways of authorization.

use data_plane::rest_api::{ApiDefinition, Authorization, Deployment, Method};
use serde_json::{Value, json};

use crate::rest_api::{Fakes, Served, api, method, mock, stage};

fn guarded(policy: Value) -> ApiDefinition {
    let signed = Method { authorization: Authorization::Iam, ..method("GET", &[200], mock(200)) };
    let mut definition = api(vec![("/open", vec![method("GET", &[200], mock(200))]), ("/iam", vec![signed])]);
    definition.policy = Some(policy);
    definition
}

fn statement(effect: &str, principal: &Value, condition: &Value) -> Value {
    json!({
        "Effect": effect, "Principal": principal, "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
        "Condition": condition,
    })
}

async fn statuses(policy: Value) -> [u16; 4] {
    let served = Served::new(guarded(policy), stage(), Fakes::default()).await;
    let mut statuses = [served.ask(served.request("GET", "/open"), "").await.0, 0, 0, 0];
    for (index, name) in ["good", "other", "denied"].into_iter().enumerate() {
        let request = served.request("GET", "/iam").header("authorization", name);
        statuses[index + 1] = served.ask(request, "").await.0;
    }
    statuses
}

#[tokio::test]
async fn a_policy_admits_addresses_and_callers() {
    let from = |cidr: &str| json!({"IpAddress": {"aws:SourceIp": cidr}});
    let anyone = json!("*");
    let other = json!({"AWS": "arn:aws:iam::000000000000:user/other"});
    for (statements, expected) in [
        (vec![statement("Allow", &anyone, &from("127.0.0.1/32"))], [200, 200, 200, 403]),
        (vec![statement("Allow", &anyone, &from("10.0.0.0/8"))], [403, 200, 403, 403]),
        (vec![statement("Allow", &other, &json!({}))], [403, 200, 200, 403]),
        (
            vec![
                statement("Allow", &anyone, &json!({})),
                statement("Deny", &anyone, &json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
            ],
            [403, 403, 403, 403],
        ),
    ] {
        assert_eq!(statuses(json!({"Statement": statements})).await, expected, "{statements:?}");
    }
}

#[tokio::test]
async fn a_refusal_says_who_and_what() {
    let policy = json!({"Statement": [statement("Deny", &json!("*"), &json!({}))]});
    let served = Served::new(guarded(policy), stage(), Fakes::default()).await;
    let (status, body) = served.ask(served.request("GET", "/open"), "").await;
    let message = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:abc123/v1/GET/open with an explicit deny";
    assert_eq!((status, body), (403, json!({"message": message}).to_string()));
    let policy = json!({"Statement": [statement("Allow", &json!("*"), &json!({"Odd": {"a": "b"}}))]});
    let error = Deployment::compile(guarded(policy)).err().unwrap().to_string();
    assert!(error.contains("resource policy") && error.contains("Odd"), "{error}");
}
