//! The real AWS CLI, a program that nobody here wrote, finds what `deploy up` deployed, and agrees with it.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};
use signed_http::Transport;
use support::{Bench, aws_cli, text};

/// What the CLI is asked about.
struct Deployed {
    bench: Bench,
    endpoint: String,
    runtime: tokio::runtime::Runtime,
}

impl Deployed {
    fn up(variants: &[&str]) -> Self {
        let bench = Bench::new();
        bench.ok(&[&["up"], variants].concat());
        let endpoint = bench.json(&["local", "status"])["endpoint"].as_str().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { bench, endpoint, runtime }
    }

    fn aws(&self, arguments: &[&str]) -> Value {
        let output = aws_cli(&self.endpoint, arguments);
        assert!(output.status.success(), "aws {arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// The physical ID of a resource.
    fn id(&self, stack: &str, resource: &str) -> String {
        let stack = format!("bakeoff-{stack}");
        let arguments = ["--stack-name", &stack, "--logical-resource-id", resource];
        let told = self.aws(&[&["cloudformation", "describe-stack-resource"], &arguments[..]].concat());
        told["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap().to_owned()
    }

    fn output(&self, stack: &str, key: &str) -> String {
        let stack = format!("bakeoff-{stack}");
        let told = self.aws(&["cloudformation", "describe-stacks", "--stack-name", &stack]);
        let outputs = told["Stacks"][0]["Outputs"].as_array().unwrap().clone();
        let output = outputs.into_iter().find(|output| output["OutputKey"] == key).unwrap();
        output["OutputValue"].as_str().unwrap().to_owned()
    }

    /// The ids, in their order, of the turkeys that a variant answers with.
    fn turkeys(&self, variant: &str, path: &str) -> Vec<Value> {
        let url = format!("{}/turkeys/{path}", self.output(variant, "Url"));
        let request = http::Request::get(&url).body(Bytes::new()).unwrap();
        let answer = self.runtime.block_on(Transport::new().send(request)).unwrap();
        assert_eq!(answer.status, 200, "{url}");
        let page: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
        page.into_iter().map(|turkey| turkey["id"].clone()).collect()
    }
}

#[test]
fn it_reads_and_writes_the_table_and_runs_the_machine() {
    let deployed = Deployed::up(&["query-direct", "query-stepfunctions"]);
    let [table, index] = ["TableName", "IndexName"].map(|name| deployed.output("table", name));

    let values = r#"{":breed":{"S":"Bronze"}}"#;
    let about = ["dynamodb", "query", "--table-name", &table, "--index-name", &index];
    let key = ["--key-condition-expression", "breed = :breed", "--expression-attribute-values", values];
    let page = deployed.aws(&[&about[..], &key, &["--limit", "115", "--no-paginate"]].concat());
    assert_eq!(page["Count"], 115, "{page}");
    let ids: Vec<Value> =
        page["Items"].as_array().unwrap().iter().map(|item| item["pk"]["S"].clone()).collect();
    for variant in ["query-direct", "query-stepfunctions"] {
        assert_eq!(deployed.turkeys(variant, "Bronze"), ids, "{variant}");
    }

    let machine = deployed.id("query-stepfunctions", "Machine");
    let about = ["stepfunctions", "start-sync-execution", "--state-machine-arn", &machine];
    let ended = deployed.aws(&[&about[..], &["--input", r#"{"breed":"Bronze","limit":3}"#]].concat());
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    let turkeys: Vec<Value> = serde_json::from_str(output["body"].as_str().unwrap()).unwrap();
    let of_machine: Vec<&Value> = turkeys.iter().map(|turkey| &turkey["id"]).collect();
    assert_eq!(of_machine, ids.iter().take(3).collect::<Vec<_>>());
    let refused = deployed.aws(&[&about[..], &["--input", r#"{"breed":"Bronze","limit":0}"#]].concat());
    assert_eq!((&refused["status"], &refused["error"]), (&json!("FAILED"), &json!("Limit")), "{refused}");

    let item = |id: &str| {
        let item = json!({"pk": {"S": id}, "sk": {"S": "turkey"}, "name": {"S": id}, "breed": {"S": "Mine"},
            "weight": {"N": "7.5"}});
        json!({"PutRequest": {"Item": item}})
    };
    let batch = json!({&table: [item("one"), item("two")]}).to_string();
    let written = deployed.aws(&["dynamodb", "batch-write-item", "--request-items", &batch]);
    assert_eq!(written["UnprocessedItems"], json!({}), "{written}");
    for variant in ["query-direct", "query-stepfunctions"] {
        assert_eq!(deployed.turkeys(variant, "Mine"), [json!("one"), json!("two")], "{variant}");
    }
    let key = json!({"DeleteRequest": {"Key": {"pk": {"S": "one"}, "sk": {"S": "turkey"}}}});
    let batch = json!({&table: [key]}).to_string();
    deployed.aws(&["dynamodb", "batch-write-item", "--request-items", &batch]);
    assert_eq!(deployed.turkeys("query-direct", "Mine"), [json!("two")]);

    let apis = deployed.aws(&["apigateway", "get-rest-apis"]);
    let names: BTreeSet<&str> =
        apis["items"].as_array().unwrap().iter().map(|api| api["name"].as_str().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["bakeoff-query-direct", "bakeoff-query-stepfunctions"]));
    for api in apis["items"].as_array().unwrap() {
        let stack = api["name"].as_str().unwrap().strip_prefix("bakeoff-").unwrap();
        let id = api["id"].as_str().unwrap();
        assert_eq!(deployed.id(stack, "Api"), id);
        let stages = deployed.aws(&["apigateway", "get-stages", "--rest-api-id", id]);
        let url = deployed.output(stack, "Url");
        assert!(url.ends_with(&format!("/{}", stages["item"][0]["stageName"].as_str().unwrap())), "{url}");
    }
    deployed.bench.ok(&["down"]);
    deployed.bench.assert_bare();
}

#[test]
fn it_finds_the_services_and_their_healthy_targets() {
    let deployed = Deployed::up(&["publish-fargate", "query-apprunner", "query-express"]);
    let status = deployed.bench.json(&["status", "publish-fargate"]);
    let count: u64 = status["stacks"][0]["settings"]["count"].as_str().unwrap().parse().unwrap();
    for (stack, tasks) in [("publish-fargate", count), ("query-express", 1)] {
        let service = deployed.id(stack, "Service");
        let cluster = deployed.id(stack, "Cluster");
        let about = ["--cluster", &cluster, "--services", &service];
        let told = deployed.aws(&[&["ecs", "describe-services"], &about[..]].concat());
        let told = &told["services"][0];
        assert_eq!(told["status"], "ACTIVE", "{told:#}");
        assert_eq!(
            (&told["desiredCount"], &told["runningCount"]),
            (&json!(tasks), &json!(tasks)),
            "{told:#}"
        );
        let group = told["loadBalancers"][0]["targetGroupArn"].as_str().unwrap();
        let health = deployed.aws(&["elbv2", "describe-target-health", "--target-group-arn", group]);
        let targets = health["TargetHealthDescriptions"].as_array().unwrap();
        assert_eq!(targets.len() as u64, tasks, "{health:#}");
        assert!(targets.iter().all(|target| target["TargetHealth"]["State"] == "healthy"), "{health:#}");
    }

    let listed = deployed.aws(&["apprunner", "list-services"]);
    let [service] = &listed["ServiceSummaryList"].as_array().unwrap()[..] else { panic!("{listed:#}") };
    assert_eq!(service["Status"], "RUNNING");
    assert_eq!(service["ServiceArn"], deployed.id("query-apprunner", "Service"));
    let name = service["ServiceName"].as_str().unwrap();
    assert!(name.starts_with("bakeoff-query-apprunner-"), "{name}");
    assert_eq!(deployed.turkeys("query-apprunner", "Bronze"), deployed.turkeys("query-express", "Bronze"));

    let balancers = deployed.aws(&["elbv2", "describe-load-balancers"]);
    let own = deployed.id("publish-fargate", "LoadBalancer");
    let all = balancers["LoadBalancers"].as_array().unwrap();
    let balancer = all.iter().find(|one| one["LoadBalancerArn"] == own.as_str()).unwrap();
    assert_eq!(balancer["State"]["Code"], "active");
    deployed.bench.ok(&["down", "publish-fargate", "query-express"]);
    let left = deployed.aws(&["elbv2", "describe-load-balancers"]);
    assert_eq!(left["LoadBalancers"], json!([]));
    let left = deployed.aws(&["ecs", "list-clusters"]);
    assert_eq!(left["clusterArns"], json!([]));
    deployed.bench.ok(&["down"]);
    deployed.bench.assert_bare();
}
