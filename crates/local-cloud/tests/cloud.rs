//! The cloud itself: health, inventory, faults, signatures, unknown calls, logs, and a stop that leaves nothing.

mod support;

use aws_sdk_sns::error::ProvideErrorMetadata;
use data_plane::LogSink;
use serde_json::json;
use support::TestCloud;

#[tokio::test]
async fn tells_health_and_inventory() {
    let cloud = TestCloud::start().await;
    let health = cloud.send("GET", "/_local/health", &[], "").await.json();
    assert_eq!(
        (health["status"].as_str(), health["pid"].as_u64()),
        (Some("ok"), Some(u64::from(std::process::id())))
    );
    cloud.sns().create_topic().name("t").send().await.unwrap();
    cloud.sqs().create_queue().queue_name("q").send().await.unwrap();
    cloud.send("PUT", "/bucket", &[], "").await;
    let inventory = cloud.send("GET", "/_local/inventory", &[], "").await.json();
    assert_eq!(inventory["topics"], json!(["arn:aws:sns:us-east-1:000000000000:t"]));
    assert_eq!((&inventory["queues"], &inventory["buckets"]), (&json!(["q"]), &json!(["bucket"])));
    assert_eq!(cloud.send("GET", "/_local/none", &[], "").await.status, 404);
    let endpoint = cloud.cloud.endpoint().trim_start_matches("http://").to_owned();
    let leftovers = cloud.stop().await;
    assert_eq!(leftovers.inventory.queues, ["q"]);
    assert!(leftovers.remaining.is_empty());
    assert!(tokio::net::TcpStream::connect(endpoint).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn stops_while_somebody_waits_for_messages() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let waiting = tokio::spawn(sqs.receive_message().queue_url(url).wait_time_seconds(20).send());
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let started = std::time::Instant::now();
    cloud.stop().await;
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(waiting.await.unwrap().unwrap().messages().is_empty(), "the poll was answered, not cut");
}

#[tokio::test]
async fn meets_planned_faults() {
    let cloud = TestCloud::start().await;
    let sns = cloud.sns();
    let topic = sns.create_topic().name("t").send().await.unwrap().topic_arn.unwrap();
    let plan = |error: &str| {
        json!({"service": "sns", "operation": "Publish", "error": error, "times": 1}).to_string()
    };
    for (kind, code, status) in [("throttle", "Throttled", 429), ("internal", "InternalError", 500)] {
        assert_eq!(cloud.send("PUT", "/_local/faults", &[], plan(kind)).await.status, 204);
        let error = sns.publish().topic_arn(&topic).message("x").send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert_eq!(error.into_service_error().code(), Some(code));
        sns.publish().topic_arn(&topic).message("x").send().await.unwrap();
    }
    let wrong = cloud.send("PUT", "/_local/faults", &[], r#"{"service":"sns"}"#).await;
    assert_eq!(wrong.status, 400);
    cloud.stop().await;
}

#[tokio::test]
async fn checks_signatures_when_told_to() {
    let cloud = TestCloud::start_with(|options| options.verify_signatures = true).await;
    cloud.sns().create_topic().name("t").send().await.unwrap();
    let error = cloud.sns_as("wrong").create_topic().name("t").send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
    let unsigned = cloud.query("Action=ListTopics&Version=2010-03-31").await;
    assert_eq!(unsigned.status, 403);
    assert!(unsigned.text().contains("MissingAuthenticationToken"));
    assert_eq!(cloud.send("GET", "/_local/health", &[], "").await.status, 200);
    cloud.stop().await;
}

#[tokio::test]
async fn names_what_it_does_not_know() {
    let cloud = TestCloud::start().await;
    let unknown = cloud.query("Action=Frobnicate&Version=2010-03-31").await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.text().contains("<Code>InvalidAction</Code><Message>The operation Frobnicate of sns"));
    let unknown = cloud.call("Logs_20140328.Frobnicate", json!({})).await;
    assert_eq!(unknown.json()["__type"], "UnknownOperationException");
    let service = cloud.call("Kinesis_20131202.PutRecord", json!({})).await;
    assert_eq!(service.status, 400);
    let region = (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=a/1/mars-1/sns/aws4_request, SignedHeaders=host, Signature=0",
    );
    let elsewhere = cloud.send("POST", "/", &[region], "Action=ListTopics").await;
    assert!(elsewhere.text().contains("mars-1"), "{}", elsewhere.text());
    cloud.stop().await;
}

#[tokio::test]
async fn keeps_and_finds_logs() {
    let cloud = TestCloud::start().await;
    let call = async |operation: &str, input| cloud.call(&format!("Logs_20140328.{operation}"), input).await;
    let group = json!({"logGroupName": "/g"});
    assert_eq!(call("CreateLogGroup", group.clone()).await.status, 200);
    assert_eq!(
        call("CreateLogGroup", group.clone()).await.json()["__type"],
        "ResourceAlreadyExistsException"
    );
    let logs = cloud.cloud.services("us-east-1").unwrap().logs.clone();
    for number in 0..5 {
        logs.write("/g", "s", &format!("{{\"n\":{number}}}"));
    }
    logs.write("/none", "s", "a line of a deleted group");
    let input = json!({"logGroupName": "/g", "filterPattern": "{ $.n >= 2 }", "limit": 2});
    let first = call("FilterLogEvents", input.clone()).await.json();
    assert_eq!(first["events"].as_array().unwrap().len(), 2);
    let mut input = input;
    input["nextToken"] = first["nextToken"].clone();
    let second = call("FilterLogEvents", input).await.json();
    assert_eq!((second["events"].as_array().unwrap().len(), second.get("nextToken")), (1, None));
    assert_eq!(second["events"][0]["message"], "{\"n\":4}");
    let stream = json!({"logGroupName": "/g", "logStreamName": "s", "startFromHead": true, "limit": 3});
    let page = call("GetLogEvents", stream.clone()).await.json();
    assert_eq!(
        (page["events"][0]["message"].as_str(), page["nextForwardToken"].as_str()),
        (Some("{\"n\":0}"), Some("f/3"))
    );
    let groups = call("DescribeLogGroups", json!({})).await.json();
    assert_eq!(groups["logGroups"].as_array().unwrap().len(), 1);
    let missing = call("FilterLogEvents", json!({"logGroupName": "/none"})).await;
    assert_eq!(missing.json()["__type"], "ResourceNotFoundException");
    assert_eq!(call("DeleteLogGroup", group).await.status, 200);
    cloud.stop().await;
}

#[tokio::test]
async fn knows_who_calls() {
    let cloud = TestCloud::start().await;
    let identity = cloud.query("Action=GetCallerIdentity&Version=2011-06-15").await.text();
    assert!(identity.contains("<Account>000000000000</Account>"), "{identity}");
    let trust = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22*%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
    let role = format!("Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument={trust}");
    assert!(cloud.query(&role).await.text().contains("<Arn>arn:aws:iam::000000000000:role/r</Arn>"));
    let assume = |name: &str| {
        format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn=arn:aws:iam::000000000000:role/{name}"
        )
    };
    let assumed = cloud.query(&assume("r")).await.text();
    let key = assumed.split("<AccessKeyId>").nth(1).unwrap().split('<').next().unwrap();
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={key}/1/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0"
    );
    let headers =
        [("authorization", credential.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let identity =
        cloud.send("POST", "/", &headers, "Action=GetCallerIdentity&Version=2011-06-15").await.text();
    assert!(identity.contains("assumed-role/r/me"), "{identity}");
    let denied = cloud.query(&assume("none")).await;
    assert_eq!(denied.status, 403);
    cloud.stop().await;
}
