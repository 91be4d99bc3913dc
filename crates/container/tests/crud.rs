//! The container's program with the workload `crud`, on a table of an embedded cloud.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

#[path = "../../workload/tests/table/mod.rs"]
mod table;

mod service;

use serde_json::json;
use service::{Answer, Service, program, run_to_end};
use table::{Table, bearer, identity};

async fn serve(mut environment: Vec<(&'static str, String)>, auth: &str) -> Service {
    environment.push(("AUTH", auth.to_owned()));
    Service::start_with("crud", environment).await
}

async fn send(service: &Service, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut connection = service.connect().await;
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let length = body.len();
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
    connection.write(request.as_bytes()).await;
    connection.answer().await
}

#[tokio::test]
async fn the_library_checks_tokens_and_believes_no_header() {
    let table = Table::start().await;
    let service = serve([table.environment(), identity()].concat(), "library").await;
    let token = bearer("alice", "items:read items:write");
    let alice = ("authorization", token.as_str());
    let made = send(&service, "POST", "/items", &[alice], r#"{"name":"a"}"#).await;
    assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")), "{made:?}");
    let path = made.header("location").unwrap().to_owned();
    let read = send(&service, "GET", &path, &[alice], "").await;
    assert_eq!((read.status, read.json()), (200, made.json()));
    let changed = send(&service, "PUT", &path, &[alice, ("If-Match", "\"1\"")], r#"{"name":"b"}"#).await;
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
    let listed = send(&service, "GET", "/items?next=&limit=7&next=AAAA&limit=%31", &[alice], "").await;
    assert_eq!(listed.json(), json!({"message": "next must be the value of an earlier answer"}));
    let listed = send(&service, "GET", "/items?limit=0&limit=%31", &[alice], "").await;
    assert_eq!(listed.json(), json!({"items": [changed.json()], "next": null}), "the last limit counts");

    let claim = [("x-caller-subject", "alice"), ("x-caller-scopes", "items:read")];
    let refused = send(&service, "GET", &path, &claim, "").await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(refused.json(), json!({"message": "Unauthorized"}));
    let other = bearer("bob", "items:read items:write");
    let bob = [("authorization", other.as_str()), claim[0]];
    assert_eq!(send(&service, "GET", &path, &bob, "").await.status, 404);

    let large = "x".repeat(300_000);
    assert_eq!(send(&service, "POST", "/items", &[], &large).await.status, 401, "the token comes first");
    assert_eq!(send(&service, "POST", "/items", &[alice], &large).await.status, 413);
    let deleted = send(&service, "DELETE", &path, &[alice], "").await;
    assert_eq!((deleted.status, deleted.header("content-type"), deleted.body.as_str()), (204, None, ""));
    assert_eq!(send(&service, "PATCH", "/items", &[], "").await.status, 401);
    assert_eq!(send(&service, "PATCH", "/items", &[alice], "").await.status, 405);
    for path in ["/", "/items/a/b", "/other"] {
        assert_eq!(send(&service, "GET", path, &[], "").await.status, 404, "{path}");
    }
    assert_eq!(send(&service, "GET", "/healthz", &[], "").await.status, 200);
}

#[tokio::test]
async fn behind_a_gateway_its_headers_say_who_asks() {
    let table = Table::start().await;
    let service = serve(table.environment(), "gateway").await;
    let alice = [("x-caller-subject", "alice"), ("x-caller-scopes", "items:read items:write")];
    let made = send(&service, "POST", "/items", &alice, r#"{"name":"a"}"#).await;
    assert_eq!(made.status, 201, "{made:?}");
    let reader = [alice[0], ("x-caller-scopes", "items:read")];
    assert_eq!(send(&service, "POST", "/items", &reader, r#"{"name":"a"}"#).await.status, 403);
    let token = bearer("alice", "items:read");
    let refused = send(&service, "GET", "/items", &[("authorization", token.as_str())], "").await;
    assert_eq!(refused.status, 401, "a token is the gateway's to check");
    assert_eq!(send(&service, "GET", "/items", &[("x-caller-subject", "")], "").await.status, 401);
}

#[tokio::test]
async fn what_is_missing_is_named_before_anything_is_served() {
    let start = async |environment: &[(&'static str, String)]| {
        let mut variables = vec![("WORKLOAD", "crud".to_owned()), ("AWS_REGION", "us-east-1".to_owned())];
        variables.extend_from_slice(environment);
        let (code, message) = run_to_end(program(&variables)).await;
        assert_eq!(code, Some(1));
        message
    };
    let set = |name: &'static str, value: &str| (name, value.to_owned());
    assert!(start(&[]).await.starts_with("TOKEN_ISSUER is not set"));
    let named = [set("TOKEN_ISSUER", "i"), set("TOKEN_AUDIENCE", "a")];
    assert!(start(&named).await.starts_with("TOKEN_SECRET_ARN is not set"));
    let short = [&named[..], &[set("TOKEN_SECRET", "short-and-private")]].concat();
    let message = start(&short).await;
    assert!(message.starts_with("the secret has 17 bytes: HS256 wants at least 32"), "{message}");
    assert!(!message.contains("private"));
    assert!(start(&[set("AUTH", "gateway")]).await.starts_with("TABLE_NAME is not set"));
    assert!(start(&[set("AUTH", "none")]).await.starts_with("AUTH is \"none\", which is not"));
}
