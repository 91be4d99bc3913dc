//! What the AWS APIs tell of a deployed stack.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use http::Method;
use serde_json::{Value, json};
use signed_http::xml::{self, Element};
use signed_http::{Client, JsonVersion, Request};

/// An endpoint.
pub struct Aws {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

/// A stack as CloudFormation has it.
pub struct Stack {
    pub parameters: BTreeMap<String, String>,
    /// Type and physical ID by logical ID.
    pub resources: BTreeMap<String, (String, String)>,
    /// How many events it has had.
    pub events: usize,
}

impl Aws {
    pub fn at(endpoint: &str) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { client: Client::new(&config), runtime }
    }

    pub fn stack(&self, name: &str) -> Stack {
        let text = |element: &Element, name: &str| element.child_text(name).unwrap_or_default().to_owned();
        let stacks = self.members(name, "DescribeStacks", "Stacks");
        let parameters = stacks[0].child("Parameters").into_iter().flat_map(|list| &list.children);
        let resources = self.members(name, "DescribeStackResources", "StackResources");
        Stack {
            parameters: parameters
                .map(|one| (text(one, "ParameterKey"), text(one, "ParameterValue")))
                .collect(),
            resources: resources
                .iter()
                .map(|one| {
                    let kind = (text(one, "ResourceType"), text(one, "PhysicalResourceId"));
                    (text(one, "LogicalResourceId"), kind)
                })
                .collect(),
            events: self.events(name).len(),
        }
    }

    /// The logical IDs of the resources that the latest events are about, all but the first `before` events.
    pub fn touched(&self, stack: &str, before: usize) -> Vec<String> {
        // The newest come first.
        let mut events = self.events(stack);
        events.truncate(events.len() - before);
        let of_resources =
            events.into_iter().filter(|(_, kind)| kind != "AWS::CloudFormation::Stack").map(|(name, _)| name);
        of_resources.collect()
    }

    /// Logical ID and type of each event.
    fn events(&self, stack: &str) -> Vec<(String, String)> {
        let text = |element: &Element, name: &str| element.child_text(name).unwrap_or_default().to_owned();
        let events = self.members(stack, "DescribeStackEvents", "StackEvents");
        events.iter().map(|event| (text(event, "LogicalResourceId"), text(event, "ResourceType"))).collect()
    }

    fn members(&self, stack: &str, action: &str, list: &str) -> Vec<Element> {
        let mut members = Vec::new();
        let mut token = String::new();
        loop {
            let mut parameters = vec![("StackName", stack)];
            if !token.is_empty() {
                parameters.push(("NextToken", &token));
            }
            let answer = self.client.query("cloudformation", "2010-05-15", action, &parameters);
            let answer = xml::parse(&self.runtime.block_on(answer).unwrap()).unwrap();
            let result = &answer.children[0];
            members.extend(result.child(list).unwrap().children.clone());
            match result.child_text("NextToken") {
                Some(next) if !next.is_empty() => next.clone_into(&mut token),
                _ => return members,
            }
        }
    }

    /// What its service tells of a resource; `None` for types that no call here describes.
    pub fn describe(&self, stack: &Stack, logical_id: &str) -> Option<Value> {
        let (kind, id) = &stack.resources[logical_id];
        let api = || {
            let api = stack.resources.values().find(|(kind, _)| kind == "AWS::ApiGateway::RestApi");
            api.unwrap().1.clone()
        };
        Some(match kind.as_str() {
            "AWS::Lambda::Function" => {
                self.get("lambda", &format!("/2015-03-31/functions/{id}/configuration"), &[])
            }
            "AWS::Lambda::Alias" => {
                let (function, alias) = id.rsplit_once(':').unwrap();
                let function = function.rsplit(':').next().unwrap();
                let path = format!("/2019-09-30/functions/{function}/provisioned-concurrency");
                self.get("lambda", &path, &[("Qualifier", alias)])
            }
            "AWS::ApiGateway::RestApi" => self.get("apigateway", &format!("/restapis/{id}"), &[]),
            "AWS::ApiGateway::Stage" => {
                self.get("apigateway", &format!("/restapis/{}/stages/{id}", api()), &[])
            }
            "AWS::ApiGateway::Method" => {
                let parts: Vec<&str> = id.split('|').collect();
                let [api, resource, method] = parts[..] else { panic!("{id}") };
                self.get("apigateway", &format!("/restapis/{api}/resources/{resource}/methods/{method}"), &[])
            }
            "AWS::ECS::Service" => {
                let cluster = id.split('/').nth(1).unwrap();
                let input = json!({"cluster": cluster, "services": [id]});
                self.json("ecs", "AmazonEC2ContainerServiceV20141113.DescribeServices", input)["services"][0]
                    .take()
            }
            "AWS::ECS::TaskDefinition" => {
                let operation = "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition";
                self.json("ecs", operation, json!({"taskDefinition": id}))["taskDefinition"].take()
            }
            "AWS::ECS::ExpressGatewayService" => {
                let operation = "AmazonEC2ContainerServiceV20141113.DescribeExpressGatewayService";
                self.json("ecs", operation, json!({"serviceArn": id}))["service"].take()
            }
            "AWS::AppRunner::Service" => {
                self.json("apprunner", "AppRunner.DescribeService", json!({"ServiceArn": id}))["Service"]
                    .take()
            }
            "AWS::AppRunner::AutoScalingConfiguration" => {
                let operation = "AppRunner.DescribeAutoScalingConfiguration";
                let input = json!({"AutoScalingConfigurationArn": id});
                self.json("apprunner", operation, input)["AutoScalingConfiguration"].take()
            }
            "AWS::Scheduler::Schedule" => self.get("scheduler", &format!("/schedules/{id}"), &[]),
            "AWS::StepFunctions::StateMachine" => {
                let operation = "AWSStepFunctions.DescribeStateMachine";
                self.json("states", operation, json!({"stateMachineArn": id}))
            }
            _ => return None,
        })
    }

    fn get(&self, service: &str, path: &str, query: &[(&str, &str)]) -> Value {
        let mut request = Request::new(service, Method::GET, path);
        for (name, value) in query {
            request = request.query(*name, *value);
        }
        match self.runtime.block_on(self.client.call(request)) {
            Ok(answer) => serde_json::from_slice(&answer.body).unwrap(),
            // An alias without provisioned concurrency has no such configuration.
            Err(error) if error.is_not_found() => Value::Null,
            Err(error) => panic!("{path}: {error}"),
        }
    }

    fn json(&self, service: &str, operation: &str, input: Value) -> Value {
        self.runtime.block_on(self.client.json(service, operation, JsonVersion::V1_1, input)).unwrap()
    }
}
