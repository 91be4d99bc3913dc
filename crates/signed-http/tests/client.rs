//! The client against servers that answer as AWS does, over real connections.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use signed_http::{Client, JsonVersion, Request, SignedHttpError};

/// A request as it arrived.
#[derive(Clone, Debug)]
struct Arrived {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// A server that gives prepared answers, the last of them for ever, and keeps what it was asked.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    answers: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Server {
    async fn start(answers: &[(u16, &'static str)]) -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server {
            address: listener.local_addr().unwrap(),
            answers: Arc::new(Mutex::new(answers.iter().copied().collect())),
            arrived: Arc::default(),
        };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    fn client(&self) -> Client {
        Client::new(&config(&format!("http://{}", self.address)))
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }
}

async fn answer(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    server.arrived.lock().unwrap().push(Arrived { method, uri, headers, body });
    let mut answers = server.answers.lock().unwrap();
    let (status, text) = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0] };
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}

fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("AKID", "secret-key", Some("session-token".to_owned()), None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build()
}

#[tokio::test]
async fn a_json_call_is_signed_for_its_service_and_region() {
    let server = Server::start(&[(200, r#"{"events":[]}"#)]).await;
    let answer = server
        .client()
        .json("logs", "Logs_20140328.FilterLogEvents", JsonVersion::V1_1, json!({"logGroupName": "g"}))
        .await
        .unwrap();
    assert_eq!(answer, json!({"events": []}));
    let request = &server.arrived()[0];
    assert_eq!((&request.method, request.uri.path()), (&Method::POST, "/"));
    assert_eq!(request.headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(request.headers["x-amz-target"], "Logs_20140328.FilterLogEvents");
    assert_eq!(request.headers["x-amz-security-token"], "session-token");
    assert_eq!(request.body, r#"{"logGroupName":"g"}"#);
    let authorization = request.headers["authorization"].to_str().unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{authorization}");
    assert!(authorization.contains("/eu-west-1/logs/aws4_request"), "{authorization}");
    assert!(
        authorization
            .contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target")
    );
}

#[tokio::test]
async fn a_query_call_is_a_form_and_an_s3_path_is_encoded_once() {
    let server = Server::start(&[(200, "<R><Account>0</Account></R>")]).await;
    let client = server.client();
    let xml = client.query("sts", "2011-06-15", "GetCallerIdentity", &[("Text", "a b&c")]).await.unwrap();
    assert_eq!(signed_http::xml::first_text(&xml, "Account").as_deref(), Some("0"));
    client.call(Request::new("s3", Method::GET, "/bucket/a b+ü").query("versions", "")).await.unwrap();
    let arrived = server.arrived();
    assert_eq!(arrived[0].body, "Action=GetCallerIdentity&Version=2011-06-15&Text=a%20b%26c");
    assert_eq!(arrived[1].uri.to_string(), "/bucket/a%20b%2B%C3%BC?versions=");
    assert_eq!(
        arrived[1].headers["x-amz-content-sha256"],
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let throttled = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
    let server = Server::start(&[(503, ""), (400, throttled), (200, "done")]).await;
    let answer = server.client().call(Request::new("s3", Method::PUT, "/b/k").body("content")).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, b"done".as_slice()));
    let arrived = server.arrived();
    assert_eq!(arrived.len(), 3);
    assert!(arrived.iter().all(|request| request.body == "content"));
}

#[tokio::test]
async fn what_will_not_pass_is_told_at_once() {
    let server =
        Server::start(&[(403, "<Error><Code>AccessDenied</Code><Message>No</Message></Error>")]).await;
    let error = server.client().call(Request::new("s3", Method::GET, "/b")).await.unwrap_err();
    assert_eq!(error.to_string(), "s3: AccessDenied (HTTP 403): No");
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn patience_ends() {
    let server = Server::start(&[(500, "")]).await;
    let error = server.client().call(Request::new("s3", Method::GET, "/b")).await.unwrap_err();
    assert_eq!(error.service_error().unwrap().code, "HTTP500");
    assert_eq!(server.arrived().len(), 5);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_credentials() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::new(&config(&format!("http://{nobody}")));
    let error = client.call(Request::new("s3", Method::GET, "/b")).await.unwrap_err();
    let words = format!("{error} {error:?} {client:?}");
    assert!(words.contains(&format!("s3 at http://{nobody} did not answer")), "{words}");
    assert!(words.contains("refused"), "{words}");
    for secret in ["secret-key", "session-token"] {
        assert!(!words.contains(secret), "{words}");
    }
}

#[tokio::test]
async fn missing_configuration_is_told() {
    let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    let error = Client::new(&config).call(Request::new("s3", Method::GET, "/b")).await.unwrap_err();
    assert!(matches!(error, SignedHttpError::NoRegion), "{error}");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url("http://127.0.0.1:9")
        .build();
    let error = Client::new(&config).call(Request::new("s3", Method::GET, "/b")).await.unwrap_err();
    assert!(matches!(error, SignedHttpError::Credentials { .. }), "{error}");
}
