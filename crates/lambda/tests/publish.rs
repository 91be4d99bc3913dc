//! The function's program, run as Lambda runs it, against servers that play the Runtime API and SNS.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

#[path = "../../workload/tests/topic/mod.rs"]
mod topic;

mod runtime_api;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use runtime_api::{Environment, lines, program};
use serde_json::{Value, json};
use topic::{Mood, Topic};
use workload::proof::Expect;

fn event(content_type: Option<&str>, body: &str) -> Value {
    let headers: serde_json::Map<String, Value> =
        content_type.map(|value| ("Content-Type".to_owned(), json!(value))).into_iter().collect();
    json!({ "path": "/publish", "httpMethod": "POST", "headers": headers, "body": body, "isBase64Encoded": false })
}

fn body(response: &Value) -> Value {
    serde_json::from_str(response["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_warm_up_is_held_and_is_no_work() {
    let topic = Topic::start().await;
    let mut environment = Environment::start(topic.environment()).await;
    let begun = std::time::Instant::now();
    let answered = environment.invoke(json!({"warmUp": {"holdMs": 50}})).await;
    assert_eq!(answered, ("response".to_owned(), Value::Null));
    assert!(begun.elapsed() >= std::time::Duration::from_millis(50));
    assert_eq!((topic.take_calls(), topic.take_messages()), (0, Vec::<String>::new()));
    let (_, response) = environment.invoke(event(Some("text/plain"), "hello")).await;
    assert_eq!(response["statusCode"], 200);
    assert!(response["headers"].get("x-cold-start").is_none(), "the environment is warm: {response}");
    let log = environment.stop().await;
    let messages: Vec<&Value> = log.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["started", "warmed up", "served"]);
    assert_eq!((&log[1]["cold"], &log[2]["cold"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn every_case_is_answered_as_expected_and_only_the_first_answer_is_cold() {
    let topic = Topic::start().await;
    let mut environment = Environment::start(topic.environment()).await;
    let cases = workload::publish::cases();
    let to_function = cases.iter().filter(|case| case.method == "POST" && case.path == "/publish");
    for (index, case) in to_function.enumerate() {
        let text = std::str::from_utf8(&case.body).unwrap();
        let (kind, response) = environment.invoke(event(case.content_type, text)).await;
        assert_eq!(kind, "response", "{}: {response}", case.name);
        assert_eq!(response["headers"]["content-type"], "application/json");
        assert_eq!(response["headers"].get("x-cold-start").is_some(), index == 0, "{}", case.name);
        match &case.expect {
            Expect::Published => {
                assert_eq!(
                    (&response["statusCode"], body(&response)),
                    (&json!(200), json!({"messageId": "m-1"}))
                );
                assert!(topic.take_messages() == [text], "{} arrived changed", case.name);
            }
            Expect::Refused { statuses, message } => {
                assert_eq!(response["statusCode"], statuses[0], "{}", case.name);
                assert_eq!(body(&response), json!({ "message": message }), "{}", case.name);
                assert_eq!(topic.take_calls(), 0, "{}", case.name);
            }
        }
        topic.take_calls();
    }
    let log = environment.stop().await;
    assert_eq!(log[0]["message"], "started");
    assert_eq!(
        (&log[1]["message"], &log[1]["cold"], &log[1]["requestId"]),
        (&json!("served"), &json!(true), &json!("request-1"))
    );
    assert_eq!(log[2]["cold"], false);
}

#[tokio::test]
async fn encoded_bodies_are_decoded() {
    let topic = Topic::start().await;
    let mut environment = Environment::start(topic.environment()).await;
    let encoded = |bytes: &[u8]| {
        let mut event = event(Some("text/plain"), &STANDARD.encode(bytes));
        event["isBase64Encoded"] = json!(true);
        event
    };
    let (_, response) = environment.invoke(encoded("€ \"x\"".as_bytes())).await;
    assert_eq!(response["statusCode"], 200);
    assert_eq!(topic.take_messages(), ["€ \"x\""]);
    let (_, response) = environment.invoke(encoded(b"\xff\xfe")).await;
    assert_eq!(response["statusCode"], 400);
    assert_eq!(body(&response), json!({"message": "The request body is not UTF-8 text"}));
    let (_, response) = environment.invoke(json!({})).await;
    assert_eq!(body(&response), json!({"message": "The request body is empty"}));
}

#[tokio::test]
async fn a_topic_in_trouble_is_told_without_details() {
    let topic = Topic::start().await;
    let mut environment = Environment::start(topic.environment()).await;
    for (mood, status, message) in [
        (Mood::Throttle, 429, "Too many requests"),
        (Mood::Fail, 502, "The topic did not accept the message"),
        (Mood::Deny, 502, "The topic did not accept the message"),
    ] {
        topic.set_mood(mood);
        let (kind, response) = environment.invoke(event(None, "x")).await;
        assert_eq!((kind.as_str(), &response["statusCode"]), ("response", &json!(status)), "{mood:?}");
        assert_eq!(body(&response), json!({ "message": message }), "{mood:?}");
    }
    topic.set_mood(Mood::Accept);
    let (_, response) = environment.invoke(event(None, "x")).await;
    assert_eq!(response["statusCode"], 200, "the environment goes on");
    let log = environment.stop().await;
    assert!(
        log.iter().any(|line| line["error"].as_str().is_some_and(|error| error.contains("secret detail")))
    );
}

#[tokio::test]
async fn a_missing_topic_ends_the_program_with_words() {
    let api = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
    let mut child = program(Some(api)).spawn().unwrap();
    let log = lines(&mut child).await;
    assert_eq!(child.wait().await.unwrap().code(), Some(1));
    assert_eq!(log[0]["level"], "ERROR");
    assert!(log[0]["message"].as_str().unwrap().starts_with("TOPIC_ARN is not set: set it to"), "{log:?}");
}

#[tokio::test]
async fn outside_of_lambda_the_program_says_what_it_is() {
    let mut child = program(None).spawn().unwrap();
    let log = lines(&mut child).await;
    assert_eq!(child.wait().await.unwrap().code(), Some(1));
    let message = log[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("AWS_LAMBDA_RUNTIME_API is not set: this program is a Lambda function"),
        "{message}"
    );
}
