use std::collections::BTreeMap;

use local_cloud::services::s3::ObjectAttributes;
use serde_yaml_ng::Value;

use crate::support::{TestCloud, container_script, template};

/// A template of every resource type that the project's own templates do not use.
const OTHERS: &str = "
Parameters:
  VpcId: {Type: String}
  PublicSubnetIds: {Type: 'List<AWS::EC2::Subnet::Id>'}
  TopicArn: {Type: String}
Resources:
  Handle: {Type: 'AWS::CloudFormation::WaitConditionHandle'}
  Group: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupDescription: d, VpcId: !Ref VpcId}}
  Ingress: {Type: 'AWS::EC2::SecurityGroupIngress', Properties: {GroupId: !Ref Group, IpProtocol: '-1', SourceSecurityGroupId: !Ref Group}}
  Egress: {Type: 'AWS::EC2::SecurityGroupEgress', Properties: {GroupId: !Ref Group, IpProtocol: tcp, FromPort: 1, ToPort: 2, CidrIp: 10.0.0.0/8}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref Role]
      PolicyDocument: {Statement: [{Effect: Allow, Action: 'sns:Publish', Resource: '*'}]}
  Inline:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: inline
      Roles: [!Ref Role]
      PolicyDocument: {Statement: [{Effect: Allow, Action: 'sns:Publish', Resource: '*'}]}
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref TopicArn]
      PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sns:Publish', Resource: '*'}]}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Scheme: internal, Subnets: !Ref PublicSubnetIds, SecurityGroups: [!Ref Group]}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      Protocol: HTTP
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: '404'}}]
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 1
      Conditions: [{Field: path-pattern, Values: [/a/*]}]
      Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: '200', MessageBody: a}}]
  Api: {Type: 'AWS::ApiGateway::RestApi', Properties: {Name: a}}
  Model: {Type: 'AWS::ApiGateway::Model', Properties: {RestApiId: !Ref Api, Schema: {type: object}}}
  Authorizer:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      RestApiId: !Ref Api
      Name: a
      Type: REQUEST
      AuthorizerResultTtlInSeconds: 0
      AuthorizerUri: arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:a/invocations
  Link: {Type: 'AWS::ApiGatewayV2::VpcLink', Properties: {Name: a, SubnetIds: !Ref PublicSubnetIds, SecurityGroupIds: [!Ref Group]}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      StreamSpecification: {StreamViewType: KEYS_ONLY}
  Parameter: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: a}}
  Secret: {Type: 'AWS::SecretsManager::Secret', Properties: {SecretString: a}}
  Scheduled:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: scheduler.amazonaws.com}, Action: sts:AssumeRole}]
  Schedule:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 day)
      State: DISABLED
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: 'arn:aws:lambda:us-east-1:000000000000:function:a', RoleArn: !GetAtt Scheduled.Arn}
  # The record that proves the certificate stays, and so must its zone.
  Zone: {Type: 'AWS::Route53::HostedZone', DeletionPolicy: Retain, Properties: {Name: example.com}}
  Record:
    Type: AWS::Route53::RecordSet
    Properties: {HostedZoneId: !Ref Zone, Name: txt.example.com, Type: TXT, TTL: '60', ResourceRecords: ['\"a\"']}
  Certificate:
    Type: AWS::CertificateManager::Certificate
    Properties:
      DomainName: api.example.com
      ValidationMethod: DNS
      DomainValidationOptions: [{DomainName: api.example.com, HostedZoneId: !Ref Zone}]
  Domain:
    Type: AWS::ApiGateway::DomainName
    Properties:
      DomainName: api.example.com
      RegionalCertificateArn: !Ref Certificate
      EndpointConfiguration: {Types: [REGIONAL]}
      SecurityPolicy: TLS_1_2
  Mapping: {Type: 'AWS::ApiGateway::BasePathMapping', Properties: {DomainName: !Ref Domain, RestApiId: !Ref Api}}
";

/// A template with an output for every attribute of every one of its resources.
fn with_outputs(
    template: &str,
    types: &BTreeMap<String, String>,
    cloud: &TestCloud,
) -> (String, Vec<String>) {
    let mut lines = template.split("\nOutputs:").next().unwrap().to_owned();
    lines.push_str("\nOutputs:\n");
    let mut names = Vec::new();
    for (logical_id, type_name) in types {
        let schema = cloud.engine.registry().get(type_name).unwrap().schema();
        for attribute in schema.attributes() {
            let name = format!("{logical_id}{}", attribute.replace('.', ""));
            let pointer = format!("/properties/{}", attribute.replace('.', "/properties/"));
            let kind =
                schema.document.pointer(&pointer).map_or(&serde_json::Value::Null, |found| &found["type"]);
            if kind == "object" {
                // Its members are attributes of their own.
                continue;
            }
            let list = kind == "array";
            let value = format!("!GetAtt {logical_id}.{attribute}");
            let value = if list { format!("!Join [',', {value}]") } else { value };
            lines.extend(["  ", &name, ": {Value: ", &value, "}\n"]);
            names.push(name);
        }
    }
    (lines, names)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attribute_of_every_type_is_there() {
    let cloud = TestCloud::start().await;
    let mut parameters = cloud.foundation().await;
    parameters.insert("CodeKey".to_owned(), cloud.upload_function(&parameters).await);
    parameters.insert("ImageUri".to_owned(), cloud.push_image(&parameters, "v1", &container_script()).await);
    let (bucket, program) = (&parameters["ArtifactsBucket"], container_script().into());
    cloud.services().s3.put_object(bucket, "program", program, ObjectAttributes::default()).await.unwrap();
    parameters.insert("ProgramKey".to_owned(), "program".to_owned());
    let mut seen = Vec::new();
    let stems = ["foundation/artifacts", "foundation/network", "foundation/topic"];
    let variants = [
        "publish-direct",
        "publish-lambda",
        "publish-fargate",
        "publish-ec2",
        "query-stepfunctions",
        "query-apprunner",
        "query-express",
    ];
    let variants = variants.map(|name| format!("variants/{name}"));
    let stems = stems.into_iter().map(str::to_owned).chain(variants);
    let own = stems.map(|stem| template(&stem));
    // The programs of the tests ask no table; its name is all that the templates want.
    for (name, value) in [
        ("TableName", "t"),
        ("TableArn", "arn:aws:dynamodb:us-east-1:000000000000:table/t"),
        ("IndexName", "breed"),
    ] {
        parameters.insert(name.to_owned(), value.to_owned());
    }
    for (number, text) in own.chain([OTHERS.to_owned()]).enumerate() {
        let types = types_of(&text);
        let (text, names) = with_outputs(&text, &types, &cloud);
        let stack = format!("all{number}");
        let outputs = cloud.created(&stack, &text, &parameters).await;
        let missing: Vec<&String> = names.iter().filter(|name| !outputs.contains_key(*name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        seen.extend(types.into_values());
        assert_eq!(cloud.delete(&stack).await, "DELETE_COMPLETE", "{}", cloud.reasons(&stack));
    }
    let unseen: Vec<&str> = cloud
        .engine
        .registry()
        .handlers()
        .map(|handler| handler.schema().type_name.as_str())
        .filter(|name| !seen.iter().any(|seen| seen == name))
        .collect();
    assert!(unseen.is_empty(), "these types are in no template of the tests: {unseen:?}");
    cloud.cloud.stop().await;
}

fn types_of(template: &str) -> BTreeMap<String, String> {
    let template: Value = serde_yaml_ng::from_str(template).unwrap();
    let resources = template["Resources"].as_mapping().unwrap().iter();
    resources
        // What a condition leaves out has no attributes.
        .filter(|(_, resource)| resource.get("Condition").is_none())
        .map(|(id, resource)| {
            (id.as_str().unwrap().to_owned(), resource["Type"].as_str().unwrap().to_owned())
        })
        .collect()
}
