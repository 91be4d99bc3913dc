use crate::support::{Parameters, TestCloud, template};

/// Creates a stack that must fail and roll back, and gives why.
async fn refused(test: &TestCloud, resources: &str) -> String {
    let template = format!("Resources:\n{resources}");
    let stack = test.create("refused", &template, &Parameters::new()).await;
    assert_eq!(stack.status.as_str(), "ROLLBACK_COMPLETE");
    let reasons = test.reasons("refused");
    assert_eq!(test.delete("refused").await, "DELETE_COMPLETE");
    reasons
}

const ROLE: &str = "
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}]
";

#[tokio::test(flavor = "multi_thread")]
async fn reasons_are_those_of_the_services() {
    let test = TestCloud::start().await;
    let function = |properties: &str| {
        format!("{ROLE}\n  Function:\n    Type: AWS::Lambda::Function\n    Properties: {{{properties}}}\n")
    };
    let code = "Code: {S3Bucket: none, S3Key: none.zip}, Role: !GetAtt Role.Arn, Handler: bootstrap";
    let trusted = |text: String| text.replace("ec2.amazonaws.com", "lambda.amazonaws.com");
    let cases = [
        (
            function(&format!("{code}, Runtime: provided.al2023")),
            "The role defined for the function cannot be assumed by Lambda.",
        ),
        (
            trusted(function(&format!("{code}, Runtime: provided.al2023"))),
            "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist",
        ),
        (trusted(function(&format!("{code}, Runtime: python3.13"))), "The runtime python3.13 is not offered by this cloud"),
        (trusted(function(&format!("{code}, Runtime: provided.al2023, MemorySize: 100"))), "#/MemorySize"),
        (
            ROLE.replace("Effect: Allow", "Effect: Maybe"),
            "Missing required field Effect, which is Allow or Deny. (Error Code: MalformedPolicyDocument)",
        ),
        (
            "  Subnet:\n    Type: AWS::EC2::Subnet\n    Properties: {VpcId: vpc-0, CidrBlock: 10.0.0.0/24}\n".to_owned(),
            "The vpc ID 'vpc-0' does not exist",
        ),
        (
            "  Group:\n    Type: AWS::ElasticLoadBalancingV2::TargetGroup\n    Properties: {TargetType: ip, Protocol: HTTP, Port: 80, VpcId: vpc-0}\n".to_owned(),
            "The vpc ID 'vpc-0' does not exist",
        ),
        (
            "  Definition:\n    Type: AWS::ECS::TaskDefinition\n    Properties: {Cpu: 256, Memory: 4096, NetworkMode: awsvpc, RequiresCompatibilities: [FARGATE], ContainerDefinitions: [{Name: a, Image: b}]}\n".to_owned(),
            "No Fargate configuration exists for given values: 256 CPU, 4096 memory.",
        ),
        (
            "  Api: {Type: 'AWS::ApiGateway::RestApi', Properties: {Name: a}}\n  Deployment: {Type: 'AWS::ApiGateway::Deployment', Properties: {RestApiId: !Ref Api}}\n".to_owned(),
            "The REST API doesn't contain any methods",
        ),
        (
            "  Permission: {Type: 'AWS::Lambda::Permission', Properties: {FunctionName: none, Action: 'lambda:InvokeFunction', Principal: sns.amazonaws.com}}\n".to_owned(),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:none",
        ),
        (
            "  Target: {Type: 'AWS::ApplicationAutoScaling::ScalableTarget', Properties: {ServiceNamespace: ecs, ScalableDimension: 'ecs:service:DesiredCount', ResourceId: service/a/b, MinCapacity: 1, MaxCapacity: 2}}\n".to_owned(),
            "ECS service doesn't exist: service/a/b",
        ),
        (
            "  Service: {Type: 'AWS::ECS::Service', Properties: {Cluster: none, TaskDefinition: a}}\n".to_owned(),
            "Cluster not found.",
        ),
    ];
    for (resources, expected) in cases {
        let reasons = refused(&test, &resources).await;
        assert!(reasons.contains(expected), "{expected}\n  is not in\n{reasons}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_is_refused() {
    let test = TestCloud::start().await;
    let resources = "
  Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: taken}}
  Topic: {Type: 'AWS::SNS::Topic', Properties: {TopicName: taken}}
  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: taken}}
  Repository: {Type: 'AWS::ECR::Repository', Properties: {RepositoryName: taken}}
  Group: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: taken}}
  Cluster: {Type: 'AWS::ECS::Cluster', Properties: {ClusterName: taken}}
";
    test.created("first", &format!("Resources:{resources}"), &Parameters::new()).await;
    for line in resources.trim().lines() {
        let reasons = refused(&test, &format!("  {}\n", line.trim())).await;
        assert!(reasons.contains("already exists."), "{line}\n{reasons}");
    }
    assert_eq!(test.delete("first").await, "DELETE_COMPLETE");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_made_in_place_or_by_replacement() {
    let test = TestCloud::start().await;
    let stack = |retention: u32, name: &str| {
        format!(
            "Resources:
  Queue: {{Type: 'AWS::SQS::Queue', Properties: {{MessageRetentionPeriod: {retention}}}}}
  Topic: {{Type: 'AWS::SNS::Topic', Properties: {{TopicName: {name}}}}}
Outputs:
  Queue: {{Value: !Ref Queue}}
  Topic: {{Value: !Ref Topic}}
"
        )
    };
    let before = test.created("changing", &stack(60, "one"), &Parameters::new()).await;
    let after = test.updated("changing", &stack(120, "two"), &Parameters::new()).await;
    assert_eq!(before["Queue"], after["Queue"]);
    let queue = test.services().sqs.queue_by_url(&after["Queue"]).unwrap();
    assert_eq!(queue.attributes().retention, 120);
    assert_ne!(before["Topic"], after["Topic"]);
    assert!(test.services().sns.topic(&before["Topic"]).is_err(), "the replaced topic must be gone");
    test.updated("changing", &stack(60, "two"), &Parameters::new()).await;
    assert_eq!(test.delete("changing").await, "DELETE_COMPLETE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_need_cannot_be_deleted() {
    let test = TestCloud::start().await;
    let outputs = test.created("network", &template("foundation/network"), &Parameters::new()).await;
    let group = "Parameters: {VpcId: {Type: String}}\nResources:\n  Group: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupDescription: d, VpcId: !Ref VpcId}}\n";
    test.created("group", group, &outputs).await;
    assert_eq!(test.delete("network").await, "DELETE_FAILED");
    let reasons = test.reasons("network");
    assert!(reasons.contains("has dependencies and cannot be deleted."), "{reasons}");
    assert_eq!(test.delete("group").await, "DELETE_COMPLETE");
    assert_eq!(test.delete("network").await, "DELETE_COMPLETE");
}
