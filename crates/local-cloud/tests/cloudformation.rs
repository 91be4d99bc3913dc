//! CloudFormation over the wire, as the Rust SDK sees it.
#![allow(
    clippy::unwrap_used,
    reason = "functions that only tests call are tests too, which clippy cannot see"
)]

use std::future::Future;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::{BehaviorVersion, Config, Region};
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, ExecutionStatus, OnFailure, Parameter,
    Replacement, StackStatus, Tag,
};
use bytes::Bytes;
use data_plane::launcher::Launcher;
use http::{HeaderMap, Method};
use local_cloud::wire::WireRequest;
use local_cloud::{Cloud, CloudOptions};

const TEMPLATE: &str = "
Description: A topic and a queue
Parameters:
  Retention: {Type: Number, Default: 60, MinValue: 60}
  Name: {Type: String, Default: one}
  Secret: {Type: String, Default: s3cret, NoEcho: true}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {MessageRetentionPeriod: !Ref Retention, QueueName: !Sub '${AWS::StackName}-${Name}'}
  Topic: {Type: AWS::SNS::Topic, DependsOn: Queue, Metadata: {Note: <&>}}
Outputs:
  QueueUrl: {Value: !Ref Queue, Description: where it is, Export: {Name: !Sub '${AWS::StackName}-url'}}
";

struct Fixture {
    cloud: Cloud,
    client: Client,
    _work_dir: tempfile::TempDir,
}

async fn start() -> Fixture {
    let work_dir = tempfile::tempdir().unwrap();
    let launcher = Launcher::new("/bin/false".into(), Vec::new());
    let listener = CloudOptions::bind(0).await.unwrap();
    let options = CloudOptions::new(listener, work_dir.path().to_owned(), launcher);
    let cloud = Cloud::start(options).await.unwrap();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(cloud.endpoint())
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Fixture { cloud, client: Client::from_conf(config), _work_dir: work_dir }
}

fn parameter(name: &str, value: &str) -> Parameter {
    Parameter::builder().parameter_key(name).parameter_value(value).build()
}

impl Fixture {
    async fn create(&self, name: &str, template: &str) -> String {
        let created = self.client.create_stack().stack_name(name).template_body(template).send().await;
        created.unwrap().stack_id.unwrap()
    }

    /// Waits until nothing is in progress and gives the status and its reason.
    async fn settled(&self, stack: &str) -> (StackStatus, String) {
        let began = Instant::now();
        loop {
            let found = self.client.describe_stacks().stack_name(stack).send().await.unwrap();
            let found = &found.stacks()[0];
            let status = found.stack_status().unwrap().clone();
            if !status.as_str().ends_with("_IN_PROGRESS") {
                return (status, found.stack_status_reason().unwrap_or_default().to_owned());
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{stack} stays in {status}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Code and message of a call that must fail.
async fn refusal<T, E, R>(call: impl Future<Output = Result<T, SdkError<E, R>>>) -> (String, String)
where
    E: ProvideErrorMetadata,
{
    match call.await {
        Ok(_) => panic!("the call was accepted"),
        Err(error) => {
            (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
        }
    }
}

#[tokio::test]
async fn a_stack_lives_and_dies() {
    let it = start().await;
    let client = &it.client;
    let tag = Tag::builder().key("team").value("a & b").build();
    let created = client.create_stack().stack_name("s").template_body(TEMPLATE).tags(tag);
    let id = created.client_request_token("t1").send().await.unwrap().stack_id.unwrap();
    assert_eq!(it.settled("s").await.0, StackStatus::CreateComplete);

    let found = client.describe_stacks().stack_name(&id).send().await.unwrap();
    let stack = &found.stacks()[0];
    assert_eq!(stack.description(), Some("A topic and a queue"));
    assert_eq!(stack.tags()[0].value(), Some("a & b"));
    assert_eq!(stack.outputs()[0].export_name(), Some("s-url"));
    assert!(stack.outputs()[0].output_value().unwrap().starts_with(it.cloud.endpoint()));
    let shown: Vec<_> = stack.parameters().iter().map(|one| one.parameter_value().unwrap()).collect();
    assert_eq!(shown, ["60", "one", "****"]);
    assert!(stack.creation_time().is_some() && stack.last_updated_time().is_none());

    let events = client.describe_stack_events().stack_name("s").send().await.unwrap();
    let events: Vec<_> = events.stack_events().iter().collect();
    assert_eq!(events[0].logical_resource_id(), Some("s"), "newest first");
    assert_eq!(events.last().unwrap().resource_status_reason(), Some("User Initiated"));
    assert!(events.iter().all(|event| event.client_request_token() == Some("t1")));
    assert!(
        events.iter().any(|event| event.resource_properties()
            == Some(r#"{"MessageRetentionPeriod":60,"QueueName":"s-one"}"#))
    );

    let resources = client.describe_stack_resources().stack_name("s").send().await.unwrap();
    let queue = resources.stack_resources()[0].physical_resource_id().unwrap().to_owned();
    let by_id = client.describe_stack_resources().physical_resource_id(&queue).send().await.unwrap();
    assert_eq!(by_id.stack_resources().len(), 2);
    let detail =
        client.describe_stack_resource().stack_name("s").logical_resource_id("Topic").send().await.unwrap();
    assert_eq!(detail.stack_resource_detail().unwrap().metadata(), Some(r#"{"Note":"<&>"}"#));
    let listed = client.list_stack_resources().stack_name("s").send().await.unwrap();
    assert_eq!(listed.stack_resource_summaries().len(), 2);
    let template = client.get_template().stack_name("s").send().await.unwrap();
    assert_eq!(template.template_body(), Some(TEMPLATE));
    let exports = client.list_exports().send().await.unwrap();
    assert_eq!(exports.exports()[0].name(), Some("s-url"));
    assert_eq!(it.cloud.router().inventory().stacks, ["s"]);

    client.delete_stack().stack_name("s").send().await.unwrap();
    assert_eq!(it.settled(&id).await.0, StackStatus::DeleteComplete);
    let gone = refusal(client.describe_stacks().stack_name("s").send()).await;
    assert_eq!(gone, ("ValidationError".to_owned(), "Stack with id s does not exist".to_owned()));
    let deleted = client.list_stacks().stack_status_filter(StackStatus::DeleteComplete).send().await.unwrap();
    assert_eq!(deleted.stack_summaries()[0].stack_id(), Some(id.as_str()));
    let left = it.cloud.stop().await;
    assert!(left.inventory.is_empty(), "{left:?}");
}

#[tokio::test]
async fn updates_and_change_sets() {
    let it = start().await;
    let client = &it.client;
    it.create("s", TEMPLATE).await;
    it.settled("s").await;
    let unchanged = client.update_stack().stack_name("s").use_previous_template(true);
    let refused = refusal(unchanged.send()).await;
    assert_eq!(refused, ("ValidationError".to_owned(), "No updates are to be performed.".to_owned()));
    let previous = Parameter::builder().parameter_key("Name").use_previous_value(true).build();
    let update = client.update_stack().stack_name("s").use_previous_template(true);
    update.parameters(previous).parameters(parameter("Retention", "90")).send().await.unwrap();
    assert_eq!(it.settled("s").await.0, StackStatus::UpdateComplete);

    let change_set =
        || client.create_change_set().stack_name("s").change_set_name("c").use_previous_template(true);
    let empty = change_set().parameters(parameter("Retention", "90")).send().await.unwrap();
    let shown = client.describe_change_set().change_set_name(empty.id().unwrap()).send().await.unwrap();
    assert_eq!(shown.status(), Some(&ChangeSetStatus::Failed));
    assert!(shown.status_reason().unwrap().starts_with("The submitted information didn't contain changes."));
    client.delete_change_set().stack_name("s").change_set_name("c").send().await.unwrap();

    change_set().parameters(parameter("Name", "two")).send().await.unwrap();
    let shown = client.describe_change_set().stack_name("s").change_set_name("c").send().await.unwrap();
    assert_eq!(shown.execution_status(), Some(&ExecutionStatus::Available));
    let change = shown.changes()[0].resource_change().unwrap();
    assert_eq!(
        (change.action(), change.replacement()),
        (Some(&ChangeAction::Modify), Some(&Replacement::True))
    );
    client.execute_change_set().stack_name("s").change_set_name("c").send().await.unwrap();
    assert_eq!(it.settled("s").await.0, StackStatus::UpdateComplete);
    let listed = client.list_change_sets().stack_name("s").send().await.unwrap();
    assert_eq!(listed.summaries()[0].execution_status(), Some(&ExecutionStatus::ExecuteComplete));

    let new = client.create_change_set().stack_name("n").change_set_name("c").template_body(TEMPLATE);
    new.change_set_type(ChangeSetType::Create).send().await.unwrap();
    let review = client.describe_stacks().stack_name("n").send().await.unwrap();
    assert_eq!(review.stacks()[0].stack_status(), Some(&StackStatus::ReviewInProgress));
    client.delete_stack().stack_name("n").send().await.unwrap();
    let absent = refusal(client.describe_change_set().stack_name("s").change_set_name("x").send()).await;
    assert_eq!(absent.0, "ChangeSetNotFound");
    it.cloud.stop().await;
}

#[tokio::test]
async fn failures_carry_their_reason() {
    let it = start().await;
    let client = &it.client;
    let illegal = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {Colour: red}}}";
    it.create("s", illegal).await;
    let (status, _) = it.settled("s").await;
    assert_eq!(status, StackStatus::RollbackComplete);
    let failed = client.describe_events().stack_name("s");
    let filter = aws_sdk_cloudformation::types::EventFilter::builder().failed_events(true).build();
    let failed = failed.filters(filter).send().await.unwrap();
    let reason = failed.operation_events()[0].resource_status_reason().unwrap();
    assert!(reason.contains("#: extraneous key [Colour] is not permitted"), "{reason}");

    let id = client.create_stack().stack_name("d").template_body(illegal).on_failure(OnFailure::Delete);
    let id = id.send().await.unwrap().stack_id.unwrap();
    assert_eq!(it.settled(&id).await.0, StackStatus::DeleteComplete);

    let create = |name: &str, template: &str| client.create_stack().stack_name(name).template_body(template);
    let role = "Resources: {Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}}}}";
    for (call, code, message) in [
        (create("s", TEMPLATE), "AlreadyExistsException", "Stack [s] already exists"),
        (create("x", role), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
        (
            create("x", role).capabilities(Capability::from("CAPABILITY_ALL")),
            "ValidationError",
            "Member must satisfy enum value set",
        ),
        (create("x_y", TEMPLATE), "ValidationError", "[a-zA-Z][-a-zA-Z0-9]*"),
        (
            create("x", "Resources: {A: {Type: AWS::No::No}}"),
            "ValidationError",
            "Unrecognized resource types: [AWS::No::No]",
        ),
        (
            create("x", TEMPLATE).parameters(parameter("Retention", "1")),
            "ValidationError",
            "must be a number not less than 60",
        ),
        (
            create("x", TEMPLATE).stack_policy_body("{}"),
            "ValidationError",
            "StackPolicyBody is not offered by this cloud",
        ),
    ] {
        let (found_code, found) = refusal(call.send()).await;
        assert_eq!(found_code, code, "{found}");
        assert!(found.contains(message), "{found}");
    }
    client
        .update_termination_protection()
        .stack_name("s")
        .enable_termination_protection(true)
        .send()
        .await
        .unwrap();
    let protected = refusal(client.delete_stack().stack_name("s").send()).await;
    assert!(protected.1.contains("cannot be deleted while TerminationProtection is enabled"));
    it.cloud.stop().await;
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let it = start().await;
    let topics: Vec<String> = (0..40).map(|n| format!("  T{n}: {{Type: AWS::SNS::Topic}}")).collect();
    it.create("s", &format!("Resources:\n{}", topics.join("\n"))).await;
    it.settled("s").await;
    let mut pages = it.client.describe_stack_events().stack_name("s").into_paginator().send();
    let (mut count, mut calls, mut ids) = (0, 0, std::collections::BTreeSet::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        calls += 1;
        count += page.stack_events().len();
        ids.extend(page.stack_events().iter().map(|event| event.event_id().unwrap().to_owned()));
    }
    assert_eq!((count, calls, ids.len()), (122, 2, 122));
    let wrong = it.client.describe_stack_events().stack_name("s").next_token("nope");
    assert!(refusal(wrong.send()).await.1.contains("NextToken nope is not valid"));
    it.cloud.stop().await;
}

#[tokio::test]
async fn templates_are_read_from_buckets_and_summarised() {
    let it = start().await;
    for (uri, body) in [("/bucket", ""), ("/bucket/a/t.yaml", TEMPLATE)] {
        let put = WireRequest::new(Method::PUT, uri.parse().unwrap(), HeaderMap::new(), Bytes::from(body));
        let answer = it.cloud.router().call(put.for_service("s3", "us-east-1")).await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
    let url = "https://bucket.s3.us-east-1.amazonaws.com/a/t.yaml";
    it.client.create_stack().stack_name("s").template_url(url).send().await.unwrap();
    assert_eq!(it.settled("s").await.0, StackStatus::CreateComplete);
    let by_path = format!("{}/bucket/a/t.yaml", it.cloud.endpoint());
    let valid = it.client.validate_template().template_url(by_path).send().await.unwrap();
    assert_eq!(valid.parameters().len(), 3);
    let summary = it.client.get_template_summary().stack_name("s").send().await.unwrap();
    assert_eq!(summary.resource_types(), ["AWS::SQS::Queue", "AWS::SNS::Topic"]);
    assert_eq!(summary.parameters()[0].parameter_type(), Some("Number"));
    let absent = it.client.create_stack().stack_name("t").template_url(url.replace("t.yaml", "u.yaml"));
    assert!(refusal(absent.send()).await.1.starts_with("S3 error: NoSuchKey"));
    it.cloud.stop().await;
}

#[tokio::test]
async fn the_built_in_templates_are_valid_here() {
    let it = start().await;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let mut count = 0;
    for folder in ["foundation", "variants"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let valid = it.client.validate_template().template_body(text).send().await;
            assert!(valid.is_ok(), "{}: {:?}", path.display(), valid.unwrap_err().message());
            count += 1;
        }
    }
    assert!(count > 0);
    it.cloud.stop().await;
}
