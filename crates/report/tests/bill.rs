//! What the resources of a template are billed for.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use report::{Bill, Cost, FunctionUse, Per, Prices, Resource, Usage};
use serde_json::{Value, json};

fn resource(id: &str, kind: &str, properties: Value) -> Resource {
    Resource { id: id.into(), kind: kind.into(), properties }
}

fn bill(resources: &[Resource], usage: &Usage) -> Bill {
    Bill::of(resources, usage).unwrap()
}

/// Quantities by item and what they are counted by.
fn quantities(bill: &Bill) -> BTreeMap<(&str, &str), f64> {
    let per = |per| match per {
        Per::Hour => "hour",
        Per::BusyHour => "busy hour",
        Per::Request => "request",
    };
    bill.lines.iter().map(|line| ((line.item.as_str(), per(line.per)), line.quantity)).collect()
}

fn near(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= expected.abs() * 1e-9
}

#[test]
fn an_api_with_a_function_costs_by_the_request() {
    let resources = [
        resource("Api", "AWS::ApiGateway::RestApi", json!({})),
        resource("Stage", "AWS::ApiGateway::Stage", json!({"CacheClusterEnabled": false})),
        resource(
            "Function",
            "AWS::Lambda::Function",
            json!({"MemorySize": "512", "Architectures": ["arm64"]}),
        ),
        resource("Alias", "AWS::Lambda::Alias", json!({"FunctionName": {"Ref": "Function"}})),
        resource("Logs", "AWS::Logs::LogGroup", json!({"RetentionInDays": 7})),
    ];
    let functions = BTreeMap::from([("Function".to_owned(), FunctionUse { calls: 1.0, billed_ms: 20.0 })]);
    let usage = Usage { functions, publishes: 1.0, log_bytes: 1_073_741.824, ..Usage::default() };
    let bill = bill(&resources, &usage);
    let quantities = quantities(&bill);
    assert!(near(quantities[&("rest-api-request", "request")], 1.0));
    assert!(near(quantities[&("lambda-request", "request")], 1.0));
    assert!(near(quantities[&("lambda-arm64", "request")], 0.01));
    assert!(near(quantities[&("logs-ingested", "request")], 0.001));
    assert_eq!(bill.unpriced, [""; 0]);
    let cost = Cost::of(&bill, &Prices::built_in("us-east-1").unwrap());
    assert!(
        cost.idle_per_hour == 0.0 && near(cost.per_million, 3.5 + 0.2 + 133.334e-3 + 0.5 + 500.0),
        "{cost:?}"
    );
}

#[test]
fn environments_and_caches_that_are_kept_cost_by_the_hour() {
    let resources = [
        resource(
            "Stage",
            "AWS::ApiGateway::Stage",
            json!({"CacheClusterEnabled": "true", "CacheClusterSize": "0.5"}),
        ),
        resource("Function", "AWS::Lambda::Function", json!({"MemorySize": 1024})),
        resource(
            "Alias",
            "AWS::Lambda::Alias",
            json!({
                "FunctionName": {"Ref": "Function"},
                "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": "3"},
            }),
        ),
    ];
    let functions = BTreeMap::from([("Function".to_owned(), FunctionUse { calls: 0.5, billed_ms: 10.0 })]);
    let bill = bill(&resources, &Usage { functions, ..Usage::default() });
    let quantities = quantities(&bill);
    assert!(near(quantities[&("api-cache-0.5", "hour")], 1.0));
    assert!(near(quantities[&("lambda-provisioned-x86_64", "hour")], 3.0 * 3600.0));
    assert!(near(quantities[&("lambda-provisioned-duration-x86_64", "request")], 0.005));
    assert!(!quantities.contains_key(&("lambda-x86_64", "request")));
}

#[test]
fn tasks_behind_a_balancer_cost_by_the_hour() {
    let resources = [
        resource(
            "LoadBalancer",
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            json!({"Scheme": "internet-facing", "Subnets": "subnet-1,subnet-2"}),
        ),
        resource("Inner", "AWS::ElasticLoadBalancingV2::LoadBalancer", json!({"Scheme": "internal"})),
        resource(
            "Service",
            "AWS::ECS::Service",
            json!({
                "DesiredCount": 2,
                "TaskDefinition": {"Ref": "Tasks"},
                "NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED"}},
            }),
        ),
        resource("Tasks", "AWS::ECS::TaskDefinition", json!({"Cpu": "256", "Memory": "512"})),
    ];
    let usage = Usage { connections: 0.5, request_bytes: 500.0, response_bytes: 524.0, ..Usage::default() };
    let bill = bill(&resources, &usage);
    let sum = |item: &str| -> f64 {
        bill.lines.iter().filter(|line| line.item == item).map(|line| line.quantity).sum()
    };
    assert!(near(sum("application-load-balancer"), 2.0));
    assert!(near(sum("public-ipv4"), 4.0), "two zones and two tasks");
    assert!(near(sum("fargate-vcpu-x86_64"), 0.5) && near(sum("fargate-memory-x86_64"), 1.0));
    // Half a new connection for each request weighs more than a kilobyte.
    assert!(near(sum("load-balancer-capacity-unit"), 2.0 * 0.5 / 25.0 / 3600.0));
}

#[test]
fn executions_are_billed_in_steps_of_100_ms_and_64_mb() {
    let machine = [resource("Machine", "AWS::StepFunctions::StateMachine", json!({}))];
    let seconds = |ms| {
        let bill = bill(&machine, &Usage { execution_ms: Some(ms), ..Usage::default() });
        quantities(&bill)[&("express-workflow-duration", "request")] * 16.0
    };
    assert!(near(seconds(1.0), 0.1) && near(seconds(100.0), 0.1) && near(seconds(101.0), 0.2));
    let unknown = bill(&machine, &Usage::default());
    assert_eq!(unknown.unpriced, ["Machine: how long its executions take was not measured"]);
}

#[test]
fn a_state_machine_that_a_schedule_starts_costs_by_the_hour() {
    let resources = [
        resource("Warmer", "AWS::StepFunctions::StateMachine", json!({})),
        resource(
            "Schedule",
            "AWS::Scheduler::Schedule",
            json!({
                "ScheduleExpression": "rate(4 minutes)",
                "Target": {"Arn": {"Ref": "Warmer"}, "Input": r#"{"environments":3,"functions":["live"]}"#},
            }),
        ),
    ];
    let bill = bill(&resources, &Usage::default());
    let quantities = quantities(&bill);
    assert!(near(quantities[&("scheduler-invocation", "hour")], 15.0));
    assert!(near(quantities[&("express-workflow-request", "hour")], 15.0));
    assert!(near(quantities[&("lambda-request", "hour")], 45.0));
    assert!(!bill.lines.iter().any(|line| line.per == Per::Request) && bill.unpriced.is_empty());
}

#[test]
fn app_runner_costs_memory_while_idle_and_processors_while_busy() {
    let resources = [
        resource(
            "Service",
            "AWS::AppRunner::Service",
            json!({
                "InstanceConfiguration": {"Cpu": "1024", "Memory": "2 GB"},
                "AutoScalingConfigurationArn": {"Ref": "Scaling"},
            }),
        ),
        resource("Scaling", "AWS::AppRunner::AutoScalingConfiguration", json!({"MinSize": "2"})),
    ];
    let cost = Cost::of(&bill(&resources, &Usage::default()), &Prices::built_in("us-east-1").unwrap());
    assert!(near(cost.idle_per_hour, 2.0 * 2.0 * 0.007) && near(cost.busy_per_hour, 0.064), "{cost:?}");
    assert!(near(cost.hourly(0.0), 0.028) && near(cost.hourly(1.0), 0.092));
}

#[test]
fn an_instance_has_one_public_address_and_a_type_from_its_launch_template() {
    let instance = resource(
        "Host",
        "AWS::EC2::Instance",
        json!({"LaunchTemplate": {"LaunchTemplateId": {"Ref": "Launch"}}}),
    );
    let launch = resource(
        "Launch",
        "AWS::EC2::LaunchTemplate",
        json!({"LaunchTemplateData": {"InstanceType": "t3.small"}}),
    );
    let address = resource("Address", "AWS::EC2::EIP", json!({}));
    for resources in [vec![instance.clone(), launch.clone()], vec![instance.clone(), launch, address]] {
        let bill = bill(&resources, &Usage::default());
        let quantities = quantities(&bill);
        assert!(near(quantities[&("public-ipv4", "hour")], 1.0) && bill.lines.len() == 2, "{bill:?}");
        assert!(near(quantities[&("ec2-t3.small", "hour")], 1.0));
    }
    let error = Bill::of(&[instance], &Usage::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "Host (AWS::EC2::Instance): InstanceType is needed for the bill and is missing; it must be a type such as t3.small"
    );
}

#[test]
fn what_is_not_known_is_named() {
    let resources = [
        resource("Link", "AWS::ApiGatewayV2::VpcLink", json!({})),
        resource("Function", "AWS::Lambda::Function", json!({"MemorySize": 128})),
        resource("Role", "AWS::IAM::Role", json!({})),
    ];
    let bill = bill(&resources, &Usage::default());
    assert_eq!(
        bill.unpriced,
        [
            "Link (AWS::ApiGatewayV2::VpcLink) may cost something that is not in the sums",
            "Function: how long its calls take was not measured",
        ]
    );
    let wrong = [resource("Function", "AWS::Lambda::Function", json!({"MemorySize": {"Ref": "MemorySize"}}))];
    let error = Bill::of(&wrong, &Usage::default()).unwrap_err().to_string();
    assert!(
        error.contains(
            r#"MemorySize is needed for the bill and is {"Ref":"MemorySize"}; it must be a number"#
        ),
        "{error}"
    );
}

#[test]
fn the_types_of_the_templates_are_known() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let mut kinds = BTreeSet::new();
    for folder in ["foundation", "variants"] {
        for file in fs::read_dir(templates.join(folder)).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let types = text.lines().filter_map(|line| line.trim().strip_prefix("Type: "));
            kinds.extend(
                types.filter(|kind| kind.starts_with("AWS::") && !kind.contains('<')).map(str::to_owned),
            );
        }
    }
    assert!(kinds.len() > 30, "{kinds:?}");
    // Nobody says what it costs.
    kinds.remove("AWS::ApiGatewayV2::VpcLink");
    for kind in kinds {
        // A property that is missing shows that the type is known, too.
        if let Ok(bill) = Bill::of(&[resource("Thing", &kind, json!({}))], &Usage::default()) {
            assert!(!bill.unpriced.iter().any(|sentence| sentence.contains("may cost something")), "{kind}");
        }
    }
}
