//! The publisher against a server that plays SNS.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

mod topic;

use aws_config::Region;
use aws_credential_types::Credentials;
use topic::{Mood, TOPIC_ARN, Topic};
use workload::proof::Expect;
use workload::publish::{PublishError, Publisher};

async fn publisher(endpoint: &str) -> Publisher {
    let loader = workload::aws::loader()
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint);
    Publisher::new(&loader.load().await, TOPIC_ARN.to_owned())
}

#[tokio::test]
async fn every_body_arrives_exactly() {
    let topic = Topic::start().await;
    let publisher = publisher(&topic.endpoint()).await;
    for case in workload::publish::cases().iter().filter(|case| case.expect == Expect::Published) {
        let answer = publisher.publish(case.content_type, &case.body).await.unwrap();
        assert_eq!(answer.message_id, "m-1");
        let arrived = topic.take_messages();
        assert!(arrived.len() == 1 && arrived[0].as_bytes() == case.body, "{} arrived changed", case.name);
    }
}

#[tokio::test]
async fn refused_bodies_are_not_sent() {
    let topic = Topic::start().await;
    let publisher = publisher(&topic.endpoint()).await;
    assert_eq!(publisher.publish(None, b"").await, Err(PublishError::Empty));
    assert_eq!(publisher.publish(Some("image/png"), b"x").await, Err(PublishError::UnsupportedType));
    assert_eq!(topic.take_calls(), 0);
}

#[tokio::test]
async fn throttling_is_retried_and_then_told() {
    let topic = Topic::start().await;
    topic.set_mood(Mood::Throttle);
    let error = publisher(&topic.endpoint()).await.publish(None, b"x").await.unwrap_err();
    assert_eq!((error.status(), error.body()), (429, r#"{"message":"Too many requests"}"#.to_owned()));
    assert_eq!(topic.take_calls(), 3);
}

#[tokio::test]
async fn failures_leak_nothing() {
    let topic = Topic::start().await;
    for (mood, calls) in [(Mood::Fail, 3), (Mood::Deny, 1)] {
        topic.set_mood(mood);
        let error = publisher(&topic.endpoint()).await.publish(None, b"x").await.unwrap_err();
        assert_eq!(
            (error.status(), error.body()),
            (502, r#"{"message":"The topic did not accept the message"}"#.to_owned())
        );
        assert_eq!(topic.take_calls(), calls, "{mood:?}");
    }
}

#[tokio::test]
async fn a_topic_that_cannot_be_reached_did_not_accept() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = publisher(&format!("http://{nobody}")).await.publish(None, b"x").await.unwrap_err();
    assert_eq!(error, PublishError::NotAccepted);
}
