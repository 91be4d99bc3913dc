use std::collections::BTreeSet;

use http::StatusCode;
use local_cloud::FaultKind;
use local_cloud::services::apprunner::ServiceStatus;
use serde_json::{Value, json};

use crate::support::{
    Load, Parameters, TestCloud, container_script, eventually, http_client, post, template,
};

const TEMPLATE: &str = "variants/query-apprunner";

/// The parameters with an image, and a table that is only named: the test's program asks for none.
async fn parameters(test: &TestCloud, script: &str) -> Parameters {
    let mut parameters = test.foundation().await;
    let image = test.push_image(&parameters, "v1", script).await;
    for (name, value) in [
        ("ImageUri", image.as_str()),
        ("TableName", "t"),
        ("TableArn", "arn:aws:dynamodb:us-east-1:000000000000:table/t"),
        ("IndexName", "breed"),
    ] {
        parameters.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    parameters
}

async fn call(test: &TestCloud, operation: &str, input: &Value) -> Value {
    test.aws_json("apprunner", &format!("AppRunner.{operation}"), input).await
}

/// The one service there is, as the API describes it.
async fn described(test: &TestCloud) -> Value {
    let listed = call(test, "ListServices", &json!({})).await;
    let summaries = listed["ServiceSummaryList"].as_array().unwrap();
    assert_eq!(summaries.len(), 1, "{listed}");
    let described = call(test, "DescribeService", &json!({"ServiceArn": summaries[0]["ServiceArn"]})).await;
    described["Service"].clone()
}

fn pids(test: &TestCloud) -> BTreeSet<u32> {
    test.cloud.router().inventory().processes.iter().map(|process| process.pid).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_updated_in_place_without_a_failed_request() {
    let test = TestCloud::start().await;
    let mut parameters = parameters(&test, &container_script()).await;
    let outputs = test.created("runner", &template(TEMPLATE), &parameters).await;
    assert!(outputs["Url"].starts_with("http://127.0.0.1:"), "{outputs:?}");
    let url = format!("{}/echo", outputs["Url"]);
    assert_eq!(post(&http_client(), &url, "text/plain", "hello").await, (StatusCode::OK, "hello".to_owned()));
    let (service, before) = (described(&test).await, pids(&test));
    assert_eq!((&service["Status"], before.len()), (&json!("RUNNING"), 1));
    assert!(service["ServiceUrl"].as_str().unwrap().ends_with(".us-east-1.awsapprunner.com"), "{service}");
    let log = test.services().logs.group(&outputs["LogGroupName"]).unwrap();
    eventually("the program has said something", || !log.tail(1).is_empty()).await;

    let load = Load::start(url);
    for (name, value) in [("Cpu", "2048"), ("Memory", "4096"), ("MinSize", "2"), ("MaxConcurrency", "7")] {
        parameters.insert(name.to_owned(), value.to_owned());
    }
    test.updated("runner", &template(TEMPLATE), &parameters).await;
    let (served, failures) = load.stop().await;
    assert!(served > 0 && failures.is_empty(), "{served} served, {failures:?}");
    let (after, changed) = (pids(&test), described(&test).await);
    assert!(after.len() == 2 && after.is_disjoint(&before), "{before:?} {after:?}");
    assert_eq!(changed["ServiceArn"], service["ServiceArn"]);
    assert_eq!(changed["InstanceConfiguration"]["Memory"], "4096");
    let operations = call(&test, "ListOperations", &json!({"ServiceArn": service["ServiceArn"]})).await;
    let kinds: Vec<(&str, &str)> = operations["OperationSummaryList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["Type"].as_str().unwrap(), one["Status"].as_str().unwrap()))
        .collect();
    assert_eq!(kinds, [("UPDATE_SERVICE", "SUCCEEDED"), ("CREATE_SERVICE", "SUCCEEDED")]);
    let listed = call(&test, "ListAutoScalingConfigurations", &json!({})).await;
    let mut sizes = Vec::new();
    for one in listed["AutoScalingConfigurationSummaryList"].as_array().unwrap() {
        let arn = json!({"AutoScalingConfigurationArn": one["AutoScalingConfigurationArn"]});
        let described = call(&test, "DescribeAutoScalingConfiguration", &arn).await;
        sizes.push(described["AutoScalingConfiguration"]["MaxConcurrency"].clone());
    }
    assert_eq!(sizes, [json!(100), json!(7)], "{listed}");

    assert_eq!(test.delete("runner").await, "DELETE_COMPLETE", "{}", test.reasons("runner"));
    let inventory = test.cloud.router().inventory();
    assert!(inventory.processes.is_empty() && inventory.ports.is_empty(), "{inventory:?}");
    // As App Runner leaves them.
    assert_eq!(inventory.log_groups.len(), 2, "{inventory:?}");
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_image_is_rolled_back_and_the_old_instances_go_on() {
    let test = TestCloud::start().await;
    let mut parameters = parameters(&test, &container_script()).await;
    let outputs = test.created("runner", &template(TEMPLATE), &parameters).await;
    let load = Load::start(format!("{}/echo", outputs["Url"]));
    let broken = test.push_image(&parameters, "broken", "#!/bin/sh\necho no table >&2\nexit 1\n").await;
    parameters.insert("ImageUri".to_owned(), broken);
    let stack = test.update("runner", &template(TEMPLATE), &parameters).await;
    assert_eq!(stack.status.as_str(), "UPDATE_ROLLBACK_COMPLETE", "{}", test.reasons("runner"));
    assert!(test.reasons("runner").contains("no table"), "{}", test.reasons("runner"));
    let (served, failures) = load.stop().await;
    assert!(served > 0 && failures.is_empty(), "{served} served, {failures:?}");
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_app_runner_would_refuse_is_refused() {
    let test = TestCloud::start().await;
    let parameters = parameters(&test, &container_script()).await;
    let text = template(TEMPLATE);
    for (from, to, reason) in [
        (
            "Service: build.apprunner.amazonaws.com",
            "Service: ecs.amazonaws.com",
            "does not let build.apprunner",
        ),
        (
            "Service: tasks.apprunner.amazonaws.com",
            "Service: ecs.amazonaws.com",
            "does not let tasks.apprunner",
        ),
        (
            "AutoDeploymentsEnabled: false",
            "AutoDeploymentsEnabled: true",
            "AutoDeploymentsEnabled must be false",
        ),
        ("Memory: !Ref Memory,", "Memory: \"3072\", Extra: x,", "Extra"),
        ("Cpu: !Ref Cpu,", "Cpu: 2 vCPU,", "Memory 2048 does not go with 2048 CPU units"),
        ("Protocol: HTTP,", "Protocol: UDP,", "UDP"),
    ] {
        assert!(text.contains(from), "{from}");
        let stack = test.create("refused", &text.replace(from, to), &parameters).await;
        assert_eq!(stack.status.as_str(), "ROLLBACK_COMPLETE", "{from}");
        assert!(test.reasons("refused").contains(reason), "{from}: {}", test.reasons("refused"));
        assert_eq!(test.delete("refused").await, "DELETE_COMPLETE");
    }
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_not_use_app_runner_is_told_so() {
    let test = TestCloud::start().await;
    let parameters = parameters(&test, &container_script()).await;
    test.cloud.router().faults().plan("apprunner", "CreateService", FaultKind::Denied, Some(1));
    let stack = test.create("runner", &template(TEMPLATE), &parameters).await;
    assert_eq!(stack.status.as_str(), "ROLLBACK_COMPLETE");
    let reasons = test.reasons("runner");
    assert!(
        reasons.contains("not available to this account") && reasons.contains("AccessDenied"),
        "{reasons}"
    );
    let inventory = test.cloud.router().inventory();
    assert!(inventory.processes.is_empty() && inventory.ports.is_empty(), "{inventory:?}");
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_makes_pauses_changes_and_deletes_a_service() {
    let test = TestCloud::start().await;
    let parameters = parameters(&test, &container_script()).await;
    test.created("runner", &template(TEMPLATE), &parameters).await;
    let model = described(&test).await;
    let input = json!({
        "ServiceName": "by-hand",
        "SourceConfiguration": model["SourceConfiguration"],
        "InstanceConfiguration": {"Cpu": "0.25 vCPU", "Memory": "512"},
        "Tags": [{"Key": "a", "Value": "b"}],
    });
    let made = call(&test, "CreateService", &input).await;
    let arn = made["Service"]["ServiceArn"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let named = json!({"ServiceArn": arn});
    let runner = &test.services().apprunner;
    let is = |status: ServiceStatus| runner.service(&arn).is_ok_and(|service| service.status == status);
    eventually("it runs", || is(ServiceStatus::Running)).await;
    let tags = call(&test, "ListTagsForResource", &json!({"ResourceArn": arn})).await;
    assert_eq!(tags["Tags"], json!([{"Key": "a", "Value": "b"}]));
    let refused = call(&test, "ResumeService", &named).await;
    assert_eq!(refused["__type"], "InvalidStateException", "{refused}");
    call(&test, "PauseService", &named).await;
    eventually("it is paused", || is(ServiceStatus::Paused)).await;
    call(&test, "ResumeService", &named).await;
    eventually("it runs again", || is(ServiceStatus::Running)).await;
    let wrong = json!({"ServiceArn": arn, "InstanceConfiguration": {"Cpu": "256", "Memory": "4096"}});
    let refused = call(&test, "UpdateService", &wrong).await;
    assert!(refused["message"].as_str().unwrap().contains("go with 512, 1024 MB"), "{refused}");
    let bigger = json!({"ServiceArn": arn, "InstanceConfiguration": {"Cpu": "256", "Memory": "1024"}});
    call(&test, "UpdateService", &bigger).await;
    eventually("it is changed", || {
        is(ServiceStatus::Running)
            && runner.service(&arn).is_ok_and(|one| one.settings.instance_configuration.memory == "1024")
    })
    .await;
    call(&test, "DeleteService", &named).await;
    eventually("it is gone", || runner.service(&arn).is_err()).await;
    let unknown = call(&test, "DescribeService", &named).await;
    assert_eq!(unknown["__type"], "ResourceNotFoundException", "{unknown}");
    let unoffered = json!({"ServiceName": "other", "EncryptionConfiguration": {"KmsKey": "k"}});
    let refused = call(&test, "CreateService", &unoffered).await;
    assert!(
        refused["message"].as_str().unwrap().contains("EncryptionConfiguration is not offered"),
        "{refused}"
    );
    let revisions = [
        json!({"AutoScalingConfigurationName": "mine"}),
        json!({"AutoScalingConfigurationName": "mine", "MaxSize": 3}),
    ];
    for (index, input) in revisions.iter().enumerate() {
        let made = call(&test, "CreateAutoScalingConfiguration", input).await;
        assert_eq!(made["AutoScalingConfiguration"]["AutoScalingConfigurationRevision"], index + 1, "{made}");
    }
    test.cloud.stop().await;
}
