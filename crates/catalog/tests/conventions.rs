//! What the project asks of its templates beyond what AWS does: they delete cleanly, name nothing, and grant little.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use catalog::{Catalog, Template};
use serde_json::Value;

fn for_all(mut check: impl FnMut(&Template)) {
    let catalog = Catalog::builtin().unwrap();
    for template in catalog.foundation().chain(catalog.variants().map(|variant| &variant.template)) {
        check(template);
    }
}

/// Every value under a key, however deep.
fn under<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    match value {
        Value::Object(object) => {
            object.get(key).into_iter().chain(object.values().flat_map(|inner| under(inner, key))).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| under(item, key)).collect(),
        _ => Vec::new(),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map_or_else(
        || value.as_str().into_iter().collect(),
        |list| list.iter().filter_map(Value::as_str).collect(),
    )
}

#[test]
fn references_resolve_and_nothing_is_circular() {
    for_all(|template| template.document().check_references().unwrap());
}

#[test]
fn nothing_outlives_its_stack() {
    for_all(|template| {
        let file = template.file();
        for key in ["DeletionPolicy", "UpdateReplacePolicy"] {
            assert!(under(template.document().document(), key).is_empty(), "{file} has a {key}");
        }
        for (name, resource) in template.document().resources() {
            let kind = resource.type_name.as_str();
            let retained =
                kind != "AWS::Logs::LogGroup" || resource.properties.contains_key("RetentionInDays");
            assert!(retained, "{file}: {name} keeps its log for ever");
            assert_ne!(kind, "AWS::ApiGateway::Account", "{file}: it is one per account");
        }
    });
}

/// A named resource can neither be replaced nor stand twice in an account. A REST API's name is a label. Log groups that Step
/// Functions writes to stand under a prefix that spares the account's log policies, and are named after their stack.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>
#[test]
fn nothing_has_a_name_of_its_own() {
    const NAMES: [(&str, &str); 14] = [
        ("AWS::DynamoDB::Table", "TableName"),
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateName"),
        ("AWS::EC2::SecurityGroup", "GroupName"),
        ("AWS::ECR::Repository", "RepositoryName"),
        ("AWS::ECS::Cluster", "ClusterName"),
        ("AWS::ECS::Service", "ServiceName"),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"),
        ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
        ("AWS::IAM::Role", "RoleName"),
        ("AWS::Lambda::Function", "FunctionName"),
        ("AWS::Logs::LogGroup", "LogGroupName"),
        ("AWS::S3::Bucket", "BucketName"),
        ("AWS::SNS::Topic", "TopicName"),
    ];
    for_all(|template| {
        for (name, resource) in template.document().resources() {
            let named = NAMES.iter().any(|(kind, property)| {
                *kind == resource.type_name
                    && resource
                        .properties
                        .get(*property)
                        .is_some_and(|name| name["Fn::Sub"] != "/aws/vendedlogs/states/${AWS::StackName}")
            });
            assert!(!named, "{}: {name} has a name of its own", template.file());
        }
    });
}

/// What AWS gives for no resource in particular: a registry's token, the delivery of a state machine's log, what X-Ray takes,
/// a function's place in a network, and sessions of Systems Manager with an instance.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions>
/// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy>
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-add-permissions-to-existing-profile.html>
const OF_NO_RESOURCE: [&str; 22] = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// All else names what it is about.
#[test]
fn roles_may_do_what_is_spelled_out() {
    for_all(|template| {
        let resources = template.document().resources();
        for (name, resource) in resources {
            let is_role = resource.type_name == "AWS::IAM::Role";
            if !is_role && resource.type_name != "AWS::IAM::RolePolicy" {
                continue;
            }
            // What AWS's own services need changes with them; AWS keeps the policies for their roles.
            if let Some(managed) = resource.properties.get("ManagedPolicyArns") {
                for arn in under(managed, "Fn::Sub") {
                    let arn = arn.as_str().unwrap_or_default();
                    assert!(arn.contains(":iam::aws:policy/service-role/"), "{name}: {arn}");
                }
                assert!(!resource.properties.contains_key("Policies"), "{name} has policies of both kinds");
                continue;
            }
            let key = if is_role { "Policies" } else { "PolicyDocument" };
            let Some(policies) = resource.properties.get(key) else {
                let beside = resources.values().any(|other| {
                    other.type_name == "AWS::IAM::RolePolicy" && other.properties["RoleName"]["Ref"] == *name
                });
                assert!(beside, "{name} may do nothing");
                continue;
            };
            for statement in
                under(policies, "Statement").into_iter().flat_map(|list| list.as_array().unwrap())
            {
                let actions = texts(&statement["Action"]);
                assert!(
                    !actions.is_empty() && actions.iter().all(|action| !action.contains('*')),
                    "{name}: {actions:?}"
                );
                let everything = texts(&statement["Resource"]).contains(&"*");
                assert!(
                    !everything || actions.iter().all(|action| OF_NO_RESOURCE.contains(action)),
                    "{name}: {actions:?} on everything"
                );
            }
        }
    });
}

/// A comparison is honest only if the same nginx serves the same pages.
#[test]
fn every_nginx_runs_the_same() {
    let mut seen = Vec::new();
    for_all(|template| {
        for resource in template.document().resources().values() {
            let containers = resource.properties.get("ContainerDefinitions").and_then(Value::as_array);
            let nginx = |container: &&Value| container["Name"] == "nginx";
            let container = containers.into_iter().flatten().find(nginx).map(without_log);
            seen.extend(container);
        }
    });
    assert!(seen.len() >= 2 && seen.windows(2).all(|two| two[0] == two[1]));
}

fn without_log(container: &Value) -> Value {
    let mut container = container.clone();
    container["LogConfiguration"].take();
    container
}

#[test]
fn outputs_say_what_they_are() {
    for_all(|template| {
        for output in template.outputs().values() {
            assert!(output.description.is_some(), "{}: {}", template.file(), output.name);
            assert!(output.export.is_none(), "{}: stacks are wired by name, not by exports", template.file());
        }
    });
}

/// Where a resource stands in the text: a comment right above it says what it is for.
#[test]
fn every_resource_has_a_comment() {
    for_all(|template| {
        let lines: Vec<&str> = template.body().lines().collect();
        for name in template.document().resources().keys() {
            let at = lines.iter().position(|line| *line == format!("  {name}:")).unwrap();
            assert!(lines[at - 1].starts_with("  # "), "{}: {name} has no comment", template.file());
        }
    });
}
