use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Load, Parameters, TestCloud, container_script, http_client, post, template};

const TEMPLATE: &str = "variants/query-express";

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
    test.aws_json("ecs", &format!("AmazonEC2ContainerServiceV20141113.{operation}"), input).await
}

fn pids(test: &TestCloud) -> BTreeSet<u32> {
    test.cloud.router().inventory().processes.iter().map(|process| process.pid).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_an_ecs_service_behind_a_shared_load_balancer() {
    let test = TestCloud::start().await;
    let mut parameters = parameters(&test, &container_script()).await;
    let outputs = test.created("one", &template(TEMPLATE), &parameters).await;
    let second = test.created("two", &template(TEMPLATE), &parameters).await;
    let services = test.services();
    assert_eq!(services.elbv2.load_balancers().len(), 1);
    assert_ne!(outputs["Url"], second["Url"]);
    for url in [&outputs["Url"], &second["Url"]] {
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let answer = post(&http_client(), &format!("{url}/echo"), "text/plain", "hello").await;
        assert_eq!(answer, (StatusCode::OK, "hello".to_owned()));
    }
    let express =
        services.ecs.express_services().into_iter().find(|one| one.cluster.starts_with("one-")).unwrap();
    let named = json!({"cluster": express.cluster, "services": [express.arn]});
    let described = call(&test, "DescribeServices", &named).await;
    let service = &described["services"][0];
    assert_eq!((&service["runningCount"], &service["status"]), (&json!(1), &json!("ACTIVE")), "{described}");
    assert_eq!(service["loadBalancers"][0]["targetGroupArn"], express.target_group);
    let group = services.elbv2.target_group(&express.target_group).unwrap();
    assert_eq!(group.handle.targets().len(), 1);
    let shown = call(&test, "DescribeExpressGatewayService", &json!({"serviceArn": express.arn})).await;
    let configuration = &shown["service"]["activeConfigurations"][0];
    assert_eq!(configuration["ingressPaths"][0]["endpoint"], express.endpoint, "{shown}");
    assert_eq!(configuration["primaryContainer"]["containerPort"], 8080);

    let (load, before) = (Load::start(format!("{}/echo", outputs["Url"])), pids(&test));
    for (name, value) in [("Cpu", "2048"), ("Memory", "4096"), ("MinCount", "2")] {
        parameters.insert(name.to_owned(), value.to_owned());
    }
    test.updated("one", &template(TEMPLATE), &parameters).await;
    let (served, failures) = load.stop().await;
    assert!(served > 0 && failures.is_empty(), "{served} served, {failures:?}");
    assert_eq!(pids(&test).difference(&before).count(), 2);
    let changed = services.ecs.express_service(&express.arn).unwrap();
    assert_eq!((changed.endpoint, changed.settings.memory.as_str()), (express.endpoint, "4096"));

    assert_eq!(test.delete("one").await, "DELETE_COMPLETE", "{}", test.reasons("one"));
    assert_eq!(services.elbv2.load_balancers().len(), 1);
    assert_eq!(test.delete("two").await, "DELETE_COMPLETE", "{}", test.reasons("two"));
    let inventory = test.cloud.router().inventory();
    assert!(inventory.processes.is_empty() && inventory.ports.is_empty(), "{inventory:?}");
    assert!(services.elbv2.load_balancers().is_empty() && services.elbv2.target_groups().is_empty());
    // The network can go, so nothing holds on to it.
    assert_eq!(test.delete("network").await, "DELETE_COMPLETE", "{}", test.reasons("network"));
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_image_is_rolled_back_and_the_old_tasks_go_on() {
    let test = TestCloud::start().await;
    let mut parameters = parameters(&test, &container_script()).await;
    let outputs = test.created("one", &template(TEMPLATE), &parameters).await;
    let load = Load::start(format!("{}/echo", outputs["Url"]));
    let broken = test.push_image(&parameters, "broken", "#!/bin/sh\necho no table >&2\nexit 1\n").await;
    parameters.insert("ImageUri".to_owned(), broken);
    let stack = test.update("one", &template(TEMPLATE), &parameters).await;
    assert_eq!(stack.status.as_str(), "UPDATE_ROLLBACK_COMPLETE", "{}", test.reasons("one"));
    assert!(test.reasons("one").contains("no table"), "{}", test.reasons("one"));
    let (served, failures) = load.stop().await;
    assert!(served > 0 && failures.is_empty(), "{served} served, {failures:?}");
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_express_mode_would_refuse_is_refused_and_leaves_nothing() {
    let test = TestCloud::start().await;
    let parameters = parameters(&test, &container_script()).await;
    let text = template(TEMPLATE);
    for (from, to, reason) in [
        (
            "Service: ecs.amazonaws.com",
            "Service: lambda.amazonaws.com",
            "unable to assume the infrastructure role",
        ),
        ("Service: ecs-tasks.amazonaws.com", "Service: ecs.amazonaws.com", "unable to assume the role"),
        ("Memory: !Ref Memory\n", "Memory: 512\n", "No Fargate configuration exists"),
        ("HealthCheckPath: /healthz", "HealthCheckPath: healthz", "must begin with a slash"),
        ("AVERAGE_CPU", "REQUEST_COUNT_PER_TARGET", "REQUEST_COUNT_PER_TARGET"),
        ("Subnets: !Ref PublicSubnetIds", "Subnets: []", "networkConfiguration must name subnets"),
    ] {
        assert!(text.contains(from), "{from}");
        let stack = test.create("refused", &text.replace(from, to), &parameters).await;
        assert_eq!(stack.status.as_str(), "ROLLBACK_COMPLETE", "{from}");
        assert!(test.reasons("refused").contains(reason), "{from}: {}", test.reasons("refused"));
        assert_eq!(test.delete("refused").await, "DELETE_COMPLETE");
        let inventory = test.cloud.router().inventory();
        assert!(inventory.processes.is_empty() && inventory.ports.is_empty(), "{from}: {inventory:?}");
    }
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_makes_changes_and_deletes_a_service() {
    let test = TestCloud::start().await;
    let parameters = parameters(&test, &container_script()).await;
    test.created("one", &template(TEMPLATE), &parameters).await;
    let ecs = &test.services().ecs;
    let model = ecs.express_services().remove(0);
    let shown = call(&test, "DescribeExpressGatewayService", &json!({"serviceArn": model.arn})).await;
    let shown = &shown["service"]["activeConfigurations"][0];
    let input = json!({
        "serviceName": "by-hand", "cluster": model.cluster, "infrastructureRoleArn": model.infrastructure_role,
        "executionRoleArn": shown["executionRoleArn"], "primaryContainer": shown["primaryContainer"],
        "networkConfiguration": shown["networkConfiguration"], "healthCheckPath": "/healthz",
    });
    let made = call(&test, "CreateExpressGatewayService", &input).await;
    let arn = made["service"]["serviceArn"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    ecs.service(None, &arn).unwrap().handle.steady().await.unwrap();
    let bigger = json!({"serviceArn": arn, "cpu": "512", "memory": "1024"});
    let updated = call(&test, "UpdateExpressGatewayService", &bigger).await;
    assert_eq!(updated["service"]["targetConfiguration"]["memory"], "1024", "{updated}");
    ecs.service(None, &arn).unwrap().handle.steady().await.unwrap();
    let wrong =
        call(&test, "UpdateExpressGatewayService", &json!({"serviceArn": arn, "memory": "100"})).await;
    assert_eq!(wrong["__type"], "InvalidParameterException", "{wrong}");
    let gone = call(&test, "DeleteExpressGatewayService", &json!({"serviceArn": arn})).await;
    assert_eq!(gone["service"]["status"]["statusCode"], "DRAINING");
    crate::support::eventually("it is gone", || ecs.express_service(&arn).is_err()).await;
    test.cloud.stop().await;
}
