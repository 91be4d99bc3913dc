//! The whole way of a request: REST API, synchronous Express execution, DynamoDB.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use local_cloud::{FaultKind, Inventory};
use serde_json::{Value, json};

use crate::support::{HttpClient, Parameters, TestCloud, http_client, template};

const TABLE: &str = "turkeys";

/// What no float holds.
const EXACT: &str = "12.345678901234567890123";
const HOSTILE: &str = r#""},{"weight":"1" \ $input ' 🦃"#;

async fn text(client: &HttpClient, url: &str) -> (u16, String) {
    let response = client.request(Request::get(url).body(Full::new(Bytes::new())).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn get(client: &HttpClient, url: &str) -> (u16, Value) {
    let (status, text) = text(client, url).await;
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

async fn dynamodb(test: &TestCloud, operation: &str, request: Value) {
    let request = request.to_string().into();
    test.services().dynamodb.call(operation, request).await.unwrap();
}

/// A table with two Bronze turkeys and one Slate; gives what the variant's stack takes.
async fn table(test: &TestCloud) -> Parameters {
    let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let index = json!({
        "IndexName": "breed",
        "KeySchema": [key("breed", "HASH"), key("name", "RANGE")],
        "Projection": {"ProjectionType": "ALL"},
    });
    let attributes = ["pk", "sk", "breed", "name"].map(attribute);
    let table = json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
        "GlobalSecondaryIndexes": [index],
    });
    dynamodb(test, "CreateTable", table).await;
    for (id, breed, name, weight) in
        [("t1", "Bronze", HOSTILE, EXACT), ("t2", "Bronze", "Tom", "7"), ("t3", "Slate", "Ada", "-0.5")]
    {
        let item = json!({
            "pk": {"S": id}, "sk": {"S": "turkey"}, "breed": {"S": breed}, "name": {"S": name},
            "weight": {"N": weight}, "description": {"S": "filler"},
        });
        dynamodb(test, "PutItem", json!({"TableName": TABLE, "Item": item})).await;
    }
    let arn = format!("arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}");
    [("TableName", TABLE), ("TableArn", &arn), ("IndexName", "breed")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_comes_as_the_workload_says() {
    let test = TestCloud::start().await;
    let outputs = test.created("query", &template("variants/query-stepfunctions"), &table(&test).await).await;
    let (client, url) = (http_client(), format!("{}/turkeys", outputs["Url"]));

    let exact: serde_json::Number = serde_json::from_str(EXACT).unwrap();
    let first = json!({"id": "t1", "name": HOSTILE, "breed": "Bronze", "weight": exact});
    let second = json!({"id": "t2", "name": "Tom", "breed": "Bronze", "weight": 7});
    assert_eq!(get(&client, &format!("{url}/Bronze")).await, (200, json!([first, second])));
    assert_eq!(get(&client, &format!("{url}/Bronze?limit=1")).await, (200, json!([first])));
    let (_, raw) = text(&client, &format!("{url}/Bronze")).await;
    assert!(raw.contains(&format!("\"weight\":{EXACT}}}")), "{raw}");
    let slate = json!([{"id": "t3", "name": "Ada", "breed": "Slate", "weight": -0.5}]);
    assert_eq!(get(&client, &format!("{url}/Slate?limit=1000")).await, (200, slate));
    let long = "b".repeat(2049);
    for unknown in ["Dodo", "%22%5C'%2F%0A%00", "%25%22}]", "%F0%9F%A6%83", "a+b", "null", &long] {
        assert_eq!(get(&client, &format!("{url}/{unknown}")).await, (200, json!([])), "{unknown}");
    }
    for limit in ["0", "1001", "", "0115", "%2B5", "1e2", "5%0A", "%22"] {
        let refused = (400, json!({"message": "limit must be an integer from 1 to 1000"}));
        assert_eq!(get(&client, &format!("{url}/Bronze?limit={limit}")).await, refused, "{limit:?}");
    }

    let faults = test.cloud.router().faults();
    faults.plan("dynamodb", "Query", FaultKind::Throttle, Some(1));
    let throttled = (429, json!({"message": "Too many requests"}));
    assert_eq!(get(&client, &format!("{url}/Bronze")).await, throttled);
    faults.plan("dynamodb", "Query", FaultKind::Denied, Some(1));
    let failed = (502, json!({"message": "The table did not answer"}));
    assert_eq!(get(&client, &format!("{url}/Bronze")).await, failed);
    faults.clear();
    dynamodb(&test, "DeleteTable", json!({"TableName": TABLE})).await;
    assert_eq!(get(&client, &format!("{url}/Bronze")).await, failed);

    let log = test.services().logs.group("/aws/vendedlogs/states/query").unwrap();
    let last: Value = serde_json::from_str(&log.tail(1)[0].message).unwrap();
    assert_eq!(last["type"], "ExecutionFailed");
    assert_eq!(last["details"]["error"], "DynamoDb.ResourceNotFoundException");
    assert!(last["execution_arn"].as_str().unwrap().contains(":express:"), "{last}");

    assert_eq!(test.delete("query").await, "DELETE_COMPLETE", "{}", test.reasons("query"));
    assert_eq!(test.cloud.router().inventory(), Inventory::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_and_timeouts_are_no_success() {
    let test = TestCloud::start().await;
    let parameters = table(&test).await;
    let original = template("variants/query-stepfunctions");
    let machine = "          Check limit:\n";
    let paused = format!("          Pause: {{Type: Wait, Seconds: 9, Next: Check limit}}\n{machine}");
    let slow = original
        .replace("StartAt: Check limit", "StartAt: Pause")
        .replace(machine, &paused)
        .replace("TimeoutSeconds: 20", "TimeoutSeconds: 1");
    let outputs = test.created("slow", &slow, &parameters).await;
    let (client, path) = (http_client(), "turkeys/Bronze");
    let late = (504, json!({"message": "The table did not answer in time"}));
    assert_eq!(get(&client, &format!("{}/{path}", outputs["Url"])).await, late);

    let failed = (502, json!({"message": "The table did not answer"}));
    for (name, broken) in [
        ("failing", original.replace("limit > 0", "limit > 1000").replace("Error: Limit", "Error: Broken")),
        ("unreadable", original.replace("pk.S", "$number(name.S)")),
        ("powerless", original.replace("Action: dynamodb:Query", "Action: dynamodb:Scan")),
        ("closed", original.replace("states:StartSyncExecution,", "states:StartExecution,")),
    ] {
        assert_ne!(broken, original);
        let outputs = test.created(name, &broken, &parameters).await;
        assert_eq!(get(&client, &format!("{}/{path}", outputs["Url"])).await, failed, "{name}");
    }
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_definition_serves_the_next_request() {
    let test = TestCloud::start().await;
    let parameters = table(&test).await;
    let original = template("variants/query-stepfunctions");
    let outputs = test.created("query", &original, &parameters).await;
    let url = format!("{}/turkeys/Slate", outputs["Url"]);
    let client = http_client();
    assert_eq!(get(&client, &url).await.0, StatusCode::OK.as_u16());
    let changed = original.replace("\"breed\": breed.S", "\"breed\": $uppercase(breed.S)");
    test.updated("query", &changed, &parameters).await;
    assert_eq!(get(&client, &url).await.1[0]["breed"], "SLATE");
    test.cloud.stop().await;
}
