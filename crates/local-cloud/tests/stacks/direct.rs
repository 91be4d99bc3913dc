use http::StatusCode;
use local_cloud::Inventory;
use serde_json::{Value, json};

use crate::support::{TestCloud, http_client, post, template};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_integration_publishes_to_the_topic() {
    let test = TestCloud::start().await;
    let foundation = test.foundation().await;
    let outputs = test.created("direct", &template("variants/publish-direct"), &foundation).await;
    assert!(outputs["Url"].starts_with("http://127.0.0.1:"), "{outputs:?}");
    let (client, url) = (http_client(), format!("{}/publish", outputs["Url"]));

    let body = "quotes \" & =+% \n\u{1f600}";
    let (status, answer) = post(&client, &url, "text/plain", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let received = test.receive(&foundation["AuditQueueUrl"], 1).await;
    assert_eq!(received[0]["Message"], body);
    assert_eq!(received[0]["MessageId"], answer["messageId"]);

    let too_large = "x".repeat(256 * 1024 + 1);
    for (content_type, body, status, message) in [
        ("text/plain", "", 400, "The request body is empty"),
        ("text/plain", too_large.as_str(), 413, "The request body is over 256 KiB"),
        ("image/png", "x", 415, "The content type is not supported"),
    ] {
        let (got, answer) = post(&client, &url, content_type, body).await;
        assert_eq!(got.as_u16(), status, "{answer}");
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), json!({"message": message}));
    }
    let (status, answer) = post(&client, &format!("{}/other", outputs["Url"]), "text/plain", "x").await;
    assert_eq!((status.as_u16(), answer.as_str()), (404, r#"{"message":"Not found"}"#));

    let log = test.services().logs.group(&outputs["LogGroupName"]).unwrap();
    let lines: Vec<Value> =
        log.tail(10).iter().map(|event| serde_json::from_str(&event.message).unwrap()).collect();
    assert_eq!(lines[0]["status"], "200");

    assert_eq!(test.delete("direct").await, "DELETE_COMPLETE", "{}", test.reasons("direct"));
    for stem in ["topic", "network", "artifacts"] {
        test.delete(stem).await;
    }
    assert_eq!(test.cloud.router().inventory(), Inventory::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_publish_is_refused_by_the_service() {
    let test = TestCloud::start().await;
    let foundation = test.foundation().await;
    let weak = template("variants/publish-direct")
        .replace("Action: sns:Publish, Resource", "Action: sns:GetTopicAttributes, Resource");
    let outputs = test.created("direct", &weak, &foundation).await;
    let url = format!("{}/publish", outputs["Url"]);
    let (status, answer) = post(&http_client(), &url, "text/plain", "x").await;
    assert_eq!(
        (status.as_u16(), answer.trim()),
        (502, r#"{"message":"The topic did not accept the message"}"#)
    );
    test.cloud.stop().await;
}
