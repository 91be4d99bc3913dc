//! Stacks on the embedded cloud, through the SDK's client.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::{BehaviorVersion, Region};
use data_plane::launcher::Launcher;
use futures::StreamExt;
use futures::future::BoxFuture;
use local_cloud::{Cloud, CloudOptions, FaultKind};
use stacks::sweep::{Scope, sweep};
use stacks::{
    ApplyOptions, DeleteOptions, DeleteSpec, DeletionHooks, Error, Event, Outcome, Pacing, Recovery,
    StackReport, StackSpec, apply, delete, inspect,
};

const QUEUE: &str = "
Parameters: {Seconds: {Type: Number, Default: 3600, MaxValue: 1209600}}
Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: !Ref Seconds}}}
Outputs: {QueueUrl: {Value: !Ref Queue}, QueueArn: {Value: !GetAtt Queue.Arn}}
";
const TOPIC: &str = "
Parameters: {QueueArn: {Type: String}, Label: {Type: String, Default: none}}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Label}}
  Subscription: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !Ref QueueArn}}
Outputs: {TopicArn: {Value: !Ref Topic}}
";
const FAILING: &str = r#"
Resources:
  Good: {Type: AWS::SQS::Queue}
  Bad: {Type: AWS::SNS::Subscription, DependsOn: Good, Properties: {TopicArn: "arn:aws:sns:us-east-1:000000000000:none", Protocol: sqs, Endpoint: "arn:aws:sqs:us-east-1:000000000000:none"}}
Outputs: {Never: {Value: !Ref Good}}
"#;
const BUCKET: &str = "Resources: {Bucket: {Type: AWS::S3::Bucket}}\nOutputs: {Name: {Value: !Ref Bucket}}\n";

struct Bench {
    cloud: Cloud,
    client: Client,
    signed: signed_http::Client,
    _directory: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let launcher = Launcher::new(std::env::current_exe().unwrap(), Vec::new());
        let listener = CloudOptions::bind(0).await.unwrap();
        let cloud =
            Cloud::start(CloudOptions::new(listener, directory.path().to_owned(), launcher)).await.unwrap();
        let config = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(cloud.endpoint())
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
                Credentials::new("test", "test", None, None, "test"),
            ))
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let (client, signed) = (Client::new(&config), signed_http::Client::new(&config));
        Self { cloud, client, signed, _directory: directory }
    }

    async fn apply(&self, specs: Vec<StackSpec>) -> (Vec<StackReport>, Vec<Event>) {
        self.apply_with(specs, ApplyOptions::new(PACING)).await
    }

    async fn apply_with(
        &self,
        specs: Vec<StackSpec>,
        options: ApplyOptions,
    ) -> (Vec<StackReport>, Vec<Event>) {
        let (future, stream) = apply(self.client.clone(), specs, options);
        let (reports, events) =
            tokio::time::timeout(Duration::from_secs(30), futures::future::join(future, stream.collect()))
                .await
                .unwrap();
        (reports.unwrap(), events)
    }

    async fn delete(&self, specs: Vec<DeleteSpec>, options: DeleteOptions) -> (Vec<StackReport>, Vec<Event>) {
        let (future, stream) = delete(self.client.clone(), specs, options);
        let (reports, events) =
            tokio::time::timeout(Duration::from_secs(30), futures::future::join(future, stream.collect()))
                .await
                .unwrap();
        (reports.unwrap(), events)
    }

    async fn status(&self, name: &str) -> Option<String> {
        inspect::stack(&self.client, name).await.unwrap().map(|stack| stack.status)
    }
}

const PACING: Pacing = Pacing { interval: Duration::from_millis(20), ..Pacing::LOOPBACK };

fn spec(name: &str, body: &str) -> StackSpec {
    StackSpec { name: name.to_owned(), template_body: body.to_owned(), ..StackSpec::default() }
}

fn pair() -> Vec<StackSpec> {
    let mut topic = spec("t-topic", TOPIC);
    topic.inputs = [("QueueArn".to_owned(), "QueueArn".to_owned())].into();
    topic.keep = ["Label".to_owned()].into();
    let mut queue = spec("t-queue", QUEUE);
    queue.outputs = ["QueueArn".to_owned(), "QueueUrl".to_owned()].into();
    vec![topic, queue]
}

fn outcomes(reports: &[StackReport]) -> Vec<&Outcome> {
    reports.iter().map(|report| &report.outcome).collect()
}

/// Where in the stream a stack is finished.
fn finish(events: &[Event], stack: &str) -> usize {
    events.iter().position(|event| matches!(event, Event::Finished(report) if report.stack == stack)).unwrap()
}

fn start(events: &[Event], stack: &str) -> usize {
    let starts = |event: &Event| matches!(event, Event::Started { stack: name, .. } if name == stack);
    events.iter().position(starts).unwrap()
}

#[tokio::test]
async fn stacks_go_up_in_order_again_without_change_and_down_in_reverse() {
    let bench = Bench::new().await;
    let (reports, events) = bench.apply(pair()).await;
    assert_eq!(outcomes(&reports), [&Outcome::Created, &Outcome::Created]);
    assert!(finish(&events, "t-queue") < start(&events, "t-topic"));
    assert!(reports[0].outputs["TopicArn"].starts_with("arn:aws:sns:"));
    assert_eq!(reports[0].parameters["QueueArn"], reports[1].outputs["QueueArn"]);

    let (reports, _) = bench.apply(pair()).await;
    assert_eq!(outcomes(&reports), [&Outcome::Unchanged, &Outcome::Unchanged]);

    let mut labelled = pair();
    labelled[0].parameters = [("Label".to_owned(), "mine".to_owned())].into();
    assert_eq!(outcomes(&bench.apply(labelled).await.0), [&Outcome::Updated, &Outcome::Unchanged]);
    // What was given once is kept where nothing is given.
    let (reports, _) = bench.apply(pair()).await;
    assert_eq!(reports[0].outcome, Outcome::Unchanged);
    assert_eq!(reports[0].parameters["Label"], "mine");

    let specs = vec![
        DeleteSpec { name: "t-queue".to_owned(), after: ["t-topic".to_owned()].into(), rest_apis: 0 },
        DeleteSpec { name: "t-topic".to_owned(), ..DeleteSpec::default() },
        DeleteSpec { name: "t-none".to_owned(), ..DeleteSpec::default() },
    ];
    let (reports, events) = bench.delete(specs, DeleteOptions::new(PACING)).await;
    assert_eq!(outcomes(&reports), [&Outcome::Deleted, &Outcome::Deleted, &Outcome::Absent]);
    assert!(finish(&events, "t-topic") < start(&events, "t-queue"));
    let scope = Scope { prefix: "t-".to_owned(), tags: Vec::new(), except: Vec::new() };
    let found = sweep(&bench.client, &bench.signed, &scope).await;
    assert_eq!((found.leftovers, found.blind), (Vec::new(), Vec::new()));
    assert!(bench.cloud.stop().await.remaining.is_empty());
}

#[tokio::test]
async fn a_stack_waits_for_what_the_caller_supplies() {
    let bench = Bench::new().await;
    let options = ApplyOptions::new(PACING);
    let board = options.blackboard.clone();
    let promise = board.promise("zip");
    let mut queue = spec("t-queue", QUEUE);
    queue.outputs = ["QueueUrl".to_owned()].into();
    let mut later = spec("t-later", QUEUE);
    later.inputs = [("Seconds".to_owned(), "zip".to_owned())].into();
    // The caller's value depends on a stack of the set, as an upload depends on its bucket.
    let supply = async {
        board.get("QueueUrl").await.unwrap();
        promise.keep("7200");
    };
    let ((reports, events), ()) =
        futures::future::join(bench.apply_with(vec![later, queue], options), supply).await;
    assert_eq!(outcomes(&reports), [&Outcome::Created, &Outcome::Created]);
    assert_eq!(reports[0].parameters["Seconds"], "7200");
    assert!(finish(&events, "t-queue") < start(&events, "t-later"));
    assert!(events.iter().any(|event| matches!(event, Event::Waiting { on, .. } if on == &["zip"])));
}

#[tokio::test]
async fn a_failure_is_told_by_its_first_cause_and_touches_only_what_needs_it() {
    let bench = Bench::new().await;
    let mut failing = spec("t-failing", FAILING);
    failing.outputs = ["Never".to_owned()].into();
    let mut dependant = spec("t-dependant", QUEUE);
    dependant.inputs = [("Seconds".to_owned(), "Never".to_owned())].into();
    let (reports, _) = bench.apply(vec![failing.clone(), dependant, spec("t-sibling", QUEUE)]).await;
    let Outcome::Failed(failure) = &reports[0].outcome else { panic!("{:?}", reports[0]) };
    assert_eq!(failure.status.as_deref(), Some("ROLLBACK_COMPLETE"));
    let cause = failure.cause.as_ref().unwrap();
    assert_eq!((cause.logical_id.as_str(), cause.status.as_str()), ("Bad", "CREATE_FAILED"));
    assert_eq!(cause.resource_type, "AWS::SNS::Subscription");
    let Outcome::Skipped { cause } = &reports[1].outcome else { panic!("{:?}", reports[1]) };
    assert!(cause.contains("t-failing failed: Bad CREATE_FAILED"), "{cause}");
    assert_eq!(reports[2].outcome, Outcome::Created);
    assert_eq!(bench.status("t-dependant").await, None);

    // The failed stack is replaced by one that works.
    failing.template_body = QUEUE.to_owned();
    failing.outputs.clear();
    let (reports, events) = bench.apply(vec![failing]).await;
    assert_eq!(reports[0].outcome, Outcome::Created);
    let replaced = |event: &Event| matches!(event, Event::Recovering { recovery: Recovery::Replace, .. });
    assert!(events.iter().any(replaced));
}

#[tokio::test]
async fn a_failed_update_leaves_the_stack_as_it_was() {
    let bench = Bench::new().await;
    bench.apply(vec![spec("t-queue", QUEUE)]).await;
    let worse = QUEUE.replace("Resources: {", "Resources: {Bad: {Type: AWS::SNS::Subscription, Properties: {TopicArn: \"arn:aws:sns:us-east-1:000000000000:none\", Protocol: sqs, Endpoint: \"arn:aws:sqs:us-east-1:000000000000:none\"}}, ");
    let (reports, _) = bench.apply(vec![spec("t-queue", &worse)]).await;
    let Outcome::Failed(failure) = &reports[0].outcome else { panic!("{:?}", reports[0]) };
    assert_eq!(failure.status.as_deref(), Some("UPDATE_ROLLBACK_COMPLETE"));
    assert_eq!(failure.cause.as_ref().unwrap().logical_id, "Bad");
    assert!(!reports[0].outputs.is_empty());
    assert_eq!(bench.apply(vec![spec("t-queue", QUEUE)]).await.0[0].outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn what_the_endpoint_refuses_outright_is_told_in_its_words() {
    let bench = Bench::new().await;
    let mut queue = spec("t-queue", QUEUE);
    queue.parameters = [("Seconds".to_owned(), "99999999".to_owned())].into();
    let (reports, _) = bench.apply(vec![queue]).await;
    let Outcome::Failed(failure) = &reports[0].outcome else { panic!("{:?}", reports[0]) };
    assert_eq!(failure.status, None);
    assert!(failure.message.contains("Seconds"), "{}", failure.message);
}

#[tokio::test]
async fn a_creation_in_progress_is_adopted() {
    let bench = Bench::new().await;
    let other = spec("t-queue", QUEUE);
    // Another client begins; this one finds the stack while it is being made, or just made.
    bench.client.create_stack().stack_name("t-queue").template_body(QUEUE).send().await.unwrap();
    let (reports, _) = bench.apply(vec![other]).await;
    assert!(reports[0].outcome.is_success(), "{:?}", reports[0]);
    assert_eq!(bench.status("t-queue").await.as_deref(), Some("CREATE_COMPLETE"));
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let bench = Bench::new().await;
    for operation in ["CreateStack", "DescribeStacks", "DescribeStackEvents"] {
        bench.cloud.router().faults().plan("cloudformation", operation, FaultKind::Throttle, Some(2));
    }
    let (reports, events) = bench.apply(vec![spec("t-queue", QUEUE)]).await;
    assert_eq!(reports[0].outcome, Outcome::Created, "{:?}", reports[0]);
    let throttled: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::Throttled { operation, .. } => Some(operation.as_str()),
            _ => None,
        })
        .collect();
    assert!(throttled.contains(&"CreateStack") && throttled.contains(&"DescribeStacks"), "{throttled:?}");
}

#[tokio::test]
async fn cancelling_stops_and_leaves_the_rest_to_the_next_time() {
    let bench = Bench::new().await;
    let options = ApplyOptions::new(PACING);
    let _never = options.blackboard.promise("zip");
    let mut waiting = spec("t-waiting", QUEUE);
    waiting.inputs = [("Seconds".to_owned(), "zip".to_owned())].into();
    let cancel = options.cancel.clone();
    let cancelling = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    };
    let specs = vec![waiting, spec("t-queue", QUEUE)];
    let ((reports, _), ()) = futures::future::join(bench.apply_with(specs, options), cancelling).await;
    assert_eq!(reports[0].outcome, Outcome::Interrupted);
    assert_eq!(reports[1].outcome, Outcome::Created);
}

/// Empties buckets, but not at the first time.
struct Reluctant {
    signed: signed_http::Client,
    client: Client,
    calls: Arc<AtomicU32>,
}

impl DeletionHooks for Reluctant {
    fn before_delete<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            if self.calls.fetch_add(1, Ordering::SeqCst) == 0 {
                return Err("not yet".to_owned());
            }
            let stack = inspect::stack(&self.client, stack).await.unwrap().unwrap();
            let path = format!("/{}/object", stack.outputs["Name"]);
            let gone = signed_http::Request::new("s3", http::Method::DELETE, path);
            self.signed.call(gone).await.map(|_| ()).map_err(|error| error.to_string())
        })
    }
}

#[tokio::test]
async fn a_deletion_that_fails_is_tried_again_after_emptying() {
    let bench = Bench::new().await;
    let (reports, _) = bench.apply(vec![spec("t-bucket", BUCKET)]).await;
    let path = format!("/{}/object", reports[0].outputs["Name"]);
    bench.signed.call(signed_http::Request::new("s3", http::Method::PUT, path).body("x")).await.unwrap();
    let specs = || vec![DeleteSpec { name: "t-bucket".to_owned(), ..DeleteSpec::default() }];

    let (reports, events) = bench.delete(specs(), DeleteOptions::new(PACING)).await;
    let Outcome::Failed(failure) = &reports[0].outcome else { panic!("{:?}", reports[0]) };
    assert_eq!(failure.status.as_deref(), Some("DELETE_FAILED"));
    assert_eq!(failure.cause.as_ref().unwrap().logical_id, "Bucket");
    let again = |event: &Event| matches!(event, Event::Recovering { recovery: Recovery::DeleteAgain, .. });
    assert_eq!(events.iter().filter(|event| again(event)).count(), 2);

    let scope = Scope { prefix: "t-".to_owned(), tags: Vec::new(), except: Vec::new() };
    let found = sweep(&bench.client, &bench.signed, &scope).await;
    let kinds: Vec<&str> = found.leftovers.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(kinds, ["bucket", "stack"]);

    let calls = Arc::new(AtomicU32::new(0));
    let hooks =
        Reluctant { signed: bench.signed.clone(), client: bench.client.clone(), calls: calls.clone() };
    let options = DeleteOptions { hooks: Arc::new(hooks), ..DeleteOptions::new(PACING) };
    let (reports, _) = bench.delete(specs(), options).await;
    assert_eq!(reports[0].outcome, Outcome::Deleted, "{:?}", reports[0]);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_stack_that_another_one_uses_stays_when_that_one_does() {
    let bench = Bench::new().await;
    let (reports, _) = bench.apply(vec![spec("t-bucket", BUCKET), spec("t-queue", QUEUE)]).await;
    let path = format!("/{}/object", reports[0].outputs["Name"]);
    bench.signed.call(signed_http::Request::new("s3", http::Method::PUT, path).body("x")).await.unwrap();
    let specs = vec![
        DeleteSpec { name: "t-queue".to_owned(), after: ["t-bucket".to_owned()].into(), rest_apis: 0 },
        DeleteSpec { name: "t-bucket".to_owned(), ..DeleteSpec::default() },
    ];
    let (reports, _) = bench.delete(specs, DeleteOptions::new(PACING)).await;
    assert_eq!(reports[0].outcome, Outcome::Skipped { cause: "t-bucket still uses it".to_owned() });
    assert_eq!(bench.status("t-queue").await.as_deref(), Some("CREATE_COMPLETE"));
}

#[tokio::test]
async fn a_set_that_cannot_be_ordered_is_refused_before_any_call() {
    let bench = Bench::new().await;
    let mut circle = vec![spec("t-a", QUEUE), spec("t-b", QUEUE)];
    circle[0].inputs = BTreeMap::from([("Seconds".to_owned(), "B".to_owned())]);
    circle[0].outputs = ["A".to_owned()].into();
    circle[1].inputs = BTreeMap::from([("Seconds".to_owned(), "A".to_owned())]);
    circle[1].outputs = ["B".to_owned()].into();
    let (future, _events) = apply(bench.client.clone(), circle, ApplyOptions::new(PACING));
    assert!(matches!(future.await, Err(Error::Circle { stacks }) if stacks == ["t-a", "t-b"]));
    assert_eq!(inspect::stacks(&bench.client, "t-").await.unwrap(), []);
}

#[tokio::test]
async fn an_endpoint_that_goes_away_is_told() {
    let bench = Bench::new().await;
    let client = bench.client.clone();
    bench.cloud.stop().await;
    let (future, _events) = apply(client, vec![spec("t-queue", QUEUE)], ApplyOptions::new(PACING));
    let reports = tokio::time::timeout(Duration::from_secs(30), future).await.unwrap().unwrap();
    let Outcome::Failed(failure) = &reports[0].outcome else { panic!("{:?}", reports[0]) };
    assert!(failure.message.starts_with("DescribeStacks got no answer"), "{}", failure.message);
}
