use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Load, Parameters, TestCloud, container_script, http_client, post, template};

async fn deployed(test: &TestCloud) -> (Parameters, Parameters) {
    let mut parameters = test.foundation().await;
    let image = test.push_image(&parameters, "v1", &container_script()).await;
    parameters.insert("ImageUri".to_owned(), image);
    let outputs = test.created("fargate", &template("variants/publish-fargate"), &parameters).await;
    (parameters, outputs)
}

fn pids(test: &TestCloud) -> BTreeSet<u32> {
    test.cloud.router().inventory().processes.iter().map(|process| process.pid).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_rolls_under_load_without_a_failed_request() {
    let test = TestCloud::start().await;
    let (mut parameters, outputs) = deployed(&test).await;
    assert!(outputs["Url"].starts_with("http://127.0.0.1:"), "{outputs:?}");
    let (client, url) = (http_client(), format!("{}/publish", outputs["Url"]));
    assert_eq!(post(&client, &url, "text/plain", "hello").await, (StatusCode::OK, "hello".to_owned()));
    let before = pids(&test);
    assert_eq!(before.len(), 2);

    let load = Load::start(url.clone());
    parameters.insert("Cpu".to_owned(), "512".to_owned());
    parameters.insert("Memory".to_owned(), "1024".to_owned());
    test.updated("fargate", &template("variants/publish-fargate"), &parameters).await;
    let (served, failures) = load.stop().await;
    assert!(served > 0 && failures.is_empty(), "{served} served, {failures:?}");
    let after = pids(&test);
    assert!(after.len() == 2 && after.is_disjoint(&before), "{before:?} {after:?}");
    let (_, memory) = post(&client, &format!("{}/memory", outputs["Url"]), "text/plain", "").await;
    assert_eq!(memory, (1024 * 1024 * 1024).to_string());

    let clusters = test.aws_json("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", &json!({})).await;
    let cluster = clusters["clusterArns"][0].as_str().unwrap();
    let services = test
        .aws_json("ecs", "AmazonEC2ContainerServiceV20141113.ListServices", &json!({"cluster": cluster}))
        .await;
    let described = test
        .aws_json(
            "ecs",
            "AmazonEC2ContainerServiceV20141113.DescribeServices",
            &json!({"cluster": cluster, "services": services["serviceArns"]}),
        )
        .await;
    let service: &Value = &described["services"][0];
    assert_eq!((&service["runningCount"], &service["desiredCount"]), (&json!(2), &json!(2)));
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");

    assert_eq!(test.delete("fargate").await, "DELETE_COMPLETE", "{}", test.reasons("fargate"));
    let inventory = test.cloud.router().inventory();
    assert!(inventory.processes.is_empty() && inventory.ports.is_empty(), "{inventory:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_do_not_start_give_their_last_words_and_the_stack_rolls_back() {
    let test = TestCloud::start().await;
    let mut parameters = test.foundation().await;
    let script = "#!/bin/sh\necho 'Error: TOPIC_ARN is not set' >&2\nexit 1\n";
    let image = test.push_image(&parameters, "broken", script).await;
    parameters.insert("ImageUri".to_owned(), image);
    let stack = test.create("fargate", &template("variants/publish-fargate"), &parameters).await;
    assert_eq!(stack.status.as_str(), "ROLLBACK_COMPLETE");
    let reasons = test.reasons("fargate");
    assert!(reasons.starts_with("Service CREATE_FAILED: "), "{reasons}");
    assert!(reasons.contains("Circuit Breaker was triggered"), "{reasons}");
    assert!(reasons.contains("the essential container exited with code 1"), "{reasons}");
    assert!(reasons.contains("Error: TOPIC_ARN is not set"), "{reasons}");
    let inventory = test.cloud.router().inventory();
    assert!(inventory.processes.is_empty() && inventory.ports.is_empty(), "{inventory:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_update_leaves_the_old_tasks_serving() {
    let test = TestCloud::start().await;
    let (mut parameters, outputs) = deployed(&test).await;
    let url = format!("{}/publish", outputs["Url"]);
    let load = Load::start(url);
    let broken = test.push_image(&parameters, "broken", "#!/bin/sh\nexit 1\n").await;
    parameters.insert("ImageUri".to_owned(), broken);
    let stack = test.update("fargate", &template("variants/publish-fargate"), &parameters).await;
    assert_eq!(stack.status.as_str(), "UPDATE_ROLLBACK_COMPLETE", "{}", test.reasons("fargate"));
    let (served, failures) = load.stop().await;
    assert!(served > 0 && failures.is_empty(), "{served} served, {failures:?}");
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image_is_named() {
    let test = TestCloud::start().await;
    let mut parameters = test.foundation().await;
    parameters.insert("ImageUri".to_owned(), format!("{}:none", parameters["RepositoryUri"]));
    let stack = test.create("fargate", &template("variants/publish-fargate"), &parameters).await;
    assert_eq!(stack.status.as_str(), "ROLLBACK_COMPLETE");
    let reasons = test.reasons("fargate");
    assert!(reasons.contains("CannotPullContainerError"), "{reasons}");
    test.cloud.stop().await;
}
