//! SNS and SQS with the real SDK: what is published arrives, whole and once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry};
use support::{OPEN_TO_SNS, TestCloud};

struct Pair {
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
    topic: String,
    queue: String,
    subscription: String,
}

/// A topic with a queue that is subscribed to it.
async fn pair(cloud: &TestCloud, attributes: HashMap<String, String>) -> Pair {
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic = sns.create_topic().name("topic").send().await.unwrap().topic_arn.unwrap();
    let queue = sqs
        .create_queue()
        .queue_name("queue")
        .attributes(QueueAttributeName::Policy, OPEN_TO_SNS)
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let subscription = sns
        .subscribe()
        .topic_arn(&topic)
        .protocol("sqs")
        .endpoint("arn:aws:sqs:us-east-1:000000000000:queue")
        .set_attributes(Some(attributes))
        .send()
        .await
        .unwrap()
        .subscription_arn
        .unwrap();
    Pair { sns, sqs, topic, queue, subscription }
}

/// Receives and deletes everything that is in the queue.
async fn drain(pair: &Pair) -> Vec<aws_sdk_sqs::types::Message> {
    let mut all = Vec::new();
    loop {
        let received = pair
            .sqs
            .receive_message()
            .queue_url(&pair.queue)
            .max_number_of_messages(10)
            .message_attribute_names("All")
            .send()
            .await
            .unwrap();
        let messages = received.messages.unwrap_or_default();
        if messages.is_empty() {
            return all;
        }
        for message in &messages {
            let handle = message.receipt_handle.clone().unwrap();
            pair.sqs.delete_message().queue_url(&pair.queue).receipt_handle(handle).send().await.unwrap();
        }
        all.extend(messages);
    }
}

#[tokio::test]
async fn bodies_arrive_byte_for_byte_in_the_envelope() {
    let cloud = TestCloud::start().await;
    let pair = pair(&cloud, HashMap::new()).await;
    let bodies = [
        "plain",
        "a \"quote\" and 'another'",
        "line\r\nbreak\ttab",
        "🦃 ü \u{7f}",
        "&=+%25 ?#;",
        &"x".repeat(262_144),
    ];
    for body in bodies {
        let id =
            pair.sns.publish().topic_arn(&pair.topic).message(body).send().await.unwrap().message_id.unwrap();
        let received = drain(&pair).await;
        assert_eq!(received.len(), 1);
        let envelope: serde_json::Value = serde_json::from_str(received[0].body.as_deref().unwrap()).unwrap();
        assert_eq!(envelope["Message"], body);
        assert_eq!(envelope["MessageId"], id.as_str());
        assert_eq!(envelope["TopicArn"], pair.topic.as_str());
        assert_eq!(envelope["Type"], "Notification");
    }
    cloud.stop().await;
}

#[tokio::test]
async fn refuses_what_sns_refuses() {
    let cloud = TestCloud::start().await;
    let pair = pair(&cloud, HashMap::new()).await;
    let publish = |arn: &str, body: &str| pair.sns.publish().topic_arn(arn).message(body).send();
    let missing = "arn:aws:sns:us-east-1:000000000000:missing";
    let too_long = "x".repeat(262_145);
    for (arn, body, code, message) in [
        (pair.topic.as_str(), "", "InvalidParameter", "Invalid parameter: Empty message"),
        (&pair.topic, &too_long, "InvalidParameter", "Invalid parameter: Message too long"),
        (missing, "x", "NotFound", "Topic does not exist"),
        (
            "x",
            "x",
            "InvalidParameter",
            "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        ),
    ] {
        let error = publish(arn, body).await.unwrap_err().into_service_error();
        assert_eq!((error.code(), error.message()), (Some(code), Some(message)));
    }
    let fifo = pair.sns.create_topic().name("a.fifo").send().await.unwrap_err().into_service_error();
    assert_eq!(fifo.code(), Some("InvalidParameter"));
    assert!(drain(&pair).await.is_empty());
    cloud.stop().await;
}

#[tokio::test]
async fn raw_delivery_carries_attributes_and_filters_hold() {
    let cloud = TestCloud::start().await;
    let attributes = HashMap::from([
        ("RawMessageDelivery".to_owned(), "true".to_owned()),
        ("FilterPolicy".to_owned(), r#"{"kind":["wanted"]}"#.to_owned()),
    ]);
    let pair = pair(&cloud, attributes).await;
    for kind in ["wanted", "other"] {
        let value = MessageAttributeValue::builder().data_type("String").string_value(kind).build().unwrap();
        let publish = pair.sns.publish().topic_arn(&pair.topic).message(kind);
        publish.message_attributes("kind", value).send().await.unwrap();
    }
    let received = drain(&pair).await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].body.as_deref(), Some("wanted"));
    let attribute = &received[0].message_attributes.as_ref().unwrap()["kind"];
    assert_eq!(attribute.string_value.as_deref(), Some("wanted"));
    pair.sns.unsubscribe().subscription_arn(&pair.subscription).send().await.unwrap();
    let left = pair.sns.list_subscriptions_by_topic().topic_arn(&pair.topic).send().await.unwrap();
    assert!(left.subscriptions().is_empty());
    cloud.stop().await;
}

#[tokio::test]
async fn a_queue_that_does_not_admit_the_topic_gets_nothing() {
    let cloud = TestCloud::start().await;
    let pair = pair(&cloud, HashMap::new()).await;
    let clear = pair.sqs.set_queue_attributes().queue_url(&pair.queue);
    clear.attributes(QueueAttributeName::Policy, "").send().await.unwrap();
    pair.sns.publish().topic_arn(&pair.topic).message("x").send().await.unwrap();
    assert!(drain(&pair).await.is_empty());
    cloud.stop().await;
}

#[tokio::test]
async fn batches_answer_for_each_entry() {
    let cloud = TestCloud::start().await;
    let pair = pair(&cloud, HashMap::new()).await;
    let entry = |id: &str, message: &str| {
        PublishBatchRequestEntry::builder().id(id).message(message).build().unwrap()
    };
    let published = pair
        .sns
        .publish_batch()
        .topic_arn(&pair.topic)
        .publish_batch_request_entries(entry("a", "one"))
        .publish_batch_request_entries(entry("b", ""))
        .send()
        .await
        .unwrap();
    assert_eq!(published.successful().len(), 1);
    assert_eq!(published.failed()[0].id(), "b");
    let line = |id: &str, body: &str| {
        SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
    };
    let sent = pair
        .sqs
        .send_message_batch()
        .queue_url(&pair.queue)
        .entries(line("a", "two"))
        .entries(line("b", "bad \u{1}"))
        .send()
        .await
        .unwrap();
    assert_eq!((sent.successful().len(), sent.failed().len()), (1, 1));
    assert_eq!(drain(&pair).await.len(), 2);
    cloud.stop().await;
}

#[tokio::test]
async fn long_polls_end_when_a_message_comes() {
    let cloud = TestCloud::start().await;
    let pair = pair(&cloud, HashMap::new()).await;
    let receive = pair.sqs.receive_message().queue_url(&pair.queue).wait_time_seconds(20).send();
    let waiting = tokio::spawn(receive);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let sent = Instant::now();
    pair.sns.publish().topic_arn(&pair.topic).message("now").send().await.unwrap();
    let received = waiting.await.unwrap().unwrap();
    assert_eq!(received.messages().len(), 1);
    assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
    cloud.stop().await;
}

#[tokio::test]
async fn messages_come_back_and_end_in_the_dead_letter_queue() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let dead_letters = sqs.create_queue().queue_name("dead").send().await.unwrap().queue_url.unwrap();
    let redrive = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2}"#;
    let queue = sqs
        .create_queue()
        .queue_name("work")
        .attributes(QueueAttributeName::RedrivePolicy, redrive)
        .attributes(QueueAttributeName::VisibilityTimeout, "0")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    sqs.send_message().queue_url(&queue).message_body("x").send().await.unwrap();
    for _ in 0..2 {
        let received = sqs.receive_message().queue_url(&queue).send().await.unwrap();
        assert_eq!(received.messages().len(), 1);
    }
    assert!(sqs.receive_message().queue_url(&queue).send().await.unwrap().messages().is_empty());
    let received = sqs
        .receive_message()
        .queue_url(&dead_letters)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .unwrap();
    let attributes = received.messages()[0].attributes.clone().unwrap();
    assert_eq!(attributes[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
    cloud.stop().await;
}

#[tokio::test]
async fn queues_refuse_what_sqs_refuses() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let missing = sqs.get_queue_url().queue_name("missing").send().await.unwrap_err().into_service_error();
    assert!(missing.is_queue_does_not_exist(), "{missing:?}");
    let url = sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let handle = sqs.delete_message().queue_url(&url).receipt_handle("x").send().await;
    assert!(handle.unwrap_err().into_service_error().is_receipt_handle_is_invalid());
    let other =
        sqs.create_queue().queue_name("q").attributes(QueueAttributeName::DelaySeconds, "5").send().await;
    assert!(other.unwrap_err().into_service_error().is_queue_name_exists());
    let long = sqs.send_message().queue_url(&url).message_body("x".repeat(1_048_577)).send().await;
    assert_eq!(long.unwrap_err().into_service_error().code(), Some("InvalidParameterValue"));
    cloud.stop().await;
}

#[tokio::test]
async fn older_sdks_speak_the_query_protocol() {
    let cloud = TestCloud::start().await;
    let created = cloud.query("Action=CreateQueue&Version=2012-11-05&QueueName=old").await;
    let url = format!("{}/000000000000/old", cloud.cloud.endpoint());
    assert!(
        created
            .text()
            .contains(&format!("<CreateQueueResult><QueueUrl>{url}</QueueUrl></CreateQueueResult>"))
    );
    let form = ("content-type", "application/x-www-form-urlencoded");
    let message = "Action=SendMessage&Version=2012-11-05&MessageBody=a%20%26%20b&MessageAttribute.1.Name=k\
                &MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v";
    let sent = cloud.send("POST", "/000000000000/old", &[form], message).await;
    assert!(sent.text().contains("<MD5OfMessageAttributes>"), "{}", sent.text());
    let receive = "Action=ReceiveMessage&Version=2012-11-05&AttributeName.1=All&MessageAttributeName.1=All";
    let received = cloud.send("POST", "/000000000000/old", &[form], receive).await.text();
    assert!(received.contains("<Body>a &amp; b</Body>"), "{received}");
    assert!(
        received.contains("<MessageAttribute><Name>k</Name><Value><StringValue>v</StringValue>"),
        "{received}"
    );
    let missing = cloud.query("Action=GetQueueUrl&Version=2012-11-05&QueueName=none").await;
    assert_eq!(missing.status, 400);
    assert!(missing.text().contains("<Code>AWS.SimpleQueueService.NonExistentQueue</Code>"));
    cloud.stop().await;
}

#[tokio::test]
async fn gateways_get_json_from_the_query_protocol() {
    let cloud = TestCloud::start().await;
    let pair = pair(&cloud, HashMap::new()).await;
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
    let form = |message: &str| {
        format!("Action=Publish&Version=2010-03-31&TopicArn={}&Message={message}", pair.topic)
    };
    let published = cloud.send("POST", "/", &headers, form("hi")).await.json();
    let id = published["PublishResponse"]["PublishResult"]["MessageId"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    assert!(published["PublishResponse"]["PublishResult"]["SequenceNumber"].is_null());
    let empty = cloud.send("POST", "/", &headers, form("")).await;
    assert_eq!(empty.status, 400);
    assert_eq!(empty.json()["Error"]["Code"], "InvalidParameter");
    cloud.stop().await;
}

#[tokio::test]
async fn nothing_is_lost_under_concurrent_publishing() {
    let cloud = TestCloud::start().await;
    let pair = pair(&cloud, HashMap::new()).await;
    let mut publishers = tokio::task::JoinSet::new();
    for publisher in 0..8 {
        let (sns, topic) = (pair.sns.clone(), pair.topic.clone());
        publishers.spawn(async move {
            for number in 0..25 {
                let body = format!("{publisher}-{number}");
                sns.publish().topic_arn(&topic).message(body).send().await.unwrap();
            }
        });
    }
    publishers.join_all().await;
    let mut bodies: Vec<String> = drain(&pair)
        .await
        .iter()
        .map(|message| {
            let envelope: serde_json::Value = serde_json::from_str(message.body.as_deref().unwrap()).unwrap();
            envelope["Message"].as_str().unwrap().to_owned()
        })
        .collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 200);
    cloud.stop().await;
}
