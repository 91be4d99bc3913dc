//! The table's reader against a server that plays DynamoDB: it answers every query alike and keeps what it was asked.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

use std::sync::{Arc, Mutex};

use aws_config::Region;
use aws_credential_types::Credentials;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use workload::query::{Expect, PageSize, QueryError, Table, TableConfig, cases, page};

struct Dynamo {
    asked: Vec<Value>,
    answer: (StatusCode, Value),
}

type Shared = Arc<Mutex<Dynamo>>;

/// A table whose server answers so, and the server.
async fn table(status: u16, answer: Value) -> (Table, Shared) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let answer = (StatusCode::from_u16(status).unwrap(), answer);
    let shared = Arc::new(Mutex::new(Dynamo { asked: Vec::new(), answer }));
    let router = Router::new().route("/", post(query)).with_state(Arc::clone(&shared));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let loader = workload::aws::loader()
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint);
    let config = TableConfig {
        table: "turkeys".to_owned(),
        region: None,
        index: "breed".to_owned(),
        page_size: PageSize::DEFAULT,
    };
    (Table::new(&loader.load().await, config), shared)
}

async fn query(State(shared): State<Shared>, body: String) -> (StatusCode, String) {
    let mut dynamo = shared.lock().unwrap();
    dynamo.asked.push(serde_json::from_str(&body).unwrap());
    (dynamo.answer.0, dynamo.answer.1.to_string())
}

#[tokio::test]
async fn every_case_asks_for_its_breed_and_size() {
    let (table, dynamo) = table(200, json!({"Items": [], "Count": 0, "ScannedCount": 0})).await;
    for case in cases().into_iter().filter(|case| case.method == "GET") {
        let (path, query) = case.path.split_once('?').unwrap_or((&case.path, ""));
        let answer = table.page(path, workload::query::limit_in(query).as_deref()).await;
        let asked = std::mem::take(&mut dynamo.lock().unwrap().asked);
        match case.expect {
            Expect::Page { breed, .. } if breed.len() > workload::query::MAX_BREED_BYTES => {
                assert_eq!((answer, asked), (Ok(Vec::new()), Vec::new()), "{}", case.name);
            }
            Expect::Page { breed, limit } => {
                assert_eq!(answer, Ok(Vec::new()), "{}", case.name);
                assert_eq!(
                    asked[0]["ExpressionAttributeValues"][":breed"],
                    json!({"S": breed}),
                    "{}",
                    case.name
                );
                assert_eq!(asked[0]["Limit"], limit.unwrap_or(115), "{}", case.name);
            }
            Expect::Refused { statuses: &[400], .. } => {
                assert_eq!((answer, asked), (Err(QueryError::Limit), Vec::new()), "{}", case.name);
            }
            // Paths that no route leads from are never asked about.
            Expect::Refused { .. } => {}
        }
    }
}

#[tokio::test]
async fn items_become_turkeys() {
    let item = json!({
        "pk": {"S": "a"}, "name": {"S": "\"Tom\" 🦃"}, "breed": {"S": "Slate"}, "weight": {"N": "7.25"}
    });
    let (table, _) = table(200, json!({"Items": [item], "Count": 1, "ScannedCount": 1})).await;
    let turkeys = table.page("/turkeys/Slate", Some("1")).await.unwrap();
    assert_eq!(page(&turkeys), r#"[{"id":"a","name":"\"Tom\" 🦃","breed":"Slate","weight":7.25}]"#);
}

#[tokio::test]
async fn a_table_in_trouble_is_told_apart() {
    for (status, code, error, calls) in [
        (400, "ProvisionedThroughputExceededException", QueryError::Throttled, 3),
        (400, "ThrottlingException", QueryError::Throttled, 3),
        (400, "ResourceNotFoundException", QueryError::Failed, 1),
        (400, "AccessDeniedException", QueryError::Failed, 1),
        (500, "InternalServerError", QueryError::Failed, 3),
    ] {
        let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "secret"});
        let (table, dynamo) = table(status, body).await;
        assert_eq!(table.page("/turkeys/Slate", None).await, Err(error), "{code}");
        assert_eq!(dynamo.lock().unwrap().asked.len(), calls, "{code}");
    }
}
