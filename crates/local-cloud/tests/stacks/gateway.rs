//! What guards an API and what it reaches: signatures, resource policies, caches, VPC links, schedules.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use local_cloud::wire::WireRequest;
use serde_json::json;

use crate::support::{Parameters, TestCloud, eventually, http_client};

async fn send(request: Request<Bytes>) -> (u16, String) {
    let response = http_client().request(request.map(Full::new)).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn get(url: &str) -> (u16, String) {
    send(Request::get(url).body(Bytes::new()).unwrap()).await
}

/// A request signed as the AWS CLI and SDKs sign it.
fn signed(url: &str, credentials: &Credentials, time: SystemTime) -> Request<Bytes> {
    let mut request = Request::get(url).body(Bytes::new()).unwrap();
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("execute-api")
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let none = std::iter::empty::<(&str, &str)>();
    let signable = SignableRequest::new("GET", url, none, SignableBody::Bytes(&[])).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

fn keys(access_key: &str, secret: &str, token: Option<&str>) -> Credentials {
    Credentials::new(access_key, secret, token.map(str::to_owned), None, "test")
}

const SIGNED: &str = r#"
Parameters:
  Effect: {Type: String, Default: Allow}
  Denied: {Type: String, Default: 10.0.0.0/8}
Resources:
  Caller:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: call
          PolicyDocument:
            Statement: [{Effect: !Ref Effect, Action: "execute-api:Invoke", Resource: !Sub "arn:aws:execute-api:*:*:${Api}/*/GET/a%20b"}]
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: signed
      Policy:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: execute-api:Invoke
            Resource: execute-api:/*
            Condition: {IpAddress: {"aws:SourceIp": !Ref Denied}}
  Resource:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: "{name}"}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Resource
      HttpMethod: GET
      AuthorizationType: AWS_IAM
      Integration:
        Type: MOCK
        CacheKeyParameters: [method.request.path.name]
        RequestTemplates: {application/json: '{"statusCode":200}'}
        IntegrationResponses:
          - StatusCode: "200"
            ResponseTemplates: {application/json: '{"user":"$context.identity.userArn","id":"$context.requestId"}'}
      RequestParameters: {method.request.path.name: true}
      MethodResponses: [{StatusCode: "200"}]
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [Method]
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Deployment
      StageName: v1
      CacheClusterEnabled: true
      CacheClusterSize: "0.5"
      MethodSettings: [{HttpMethod: "*", ResourcePath: "/*", CachingEnabled: true, CacheTtlInSeconds: 60, CacheDataEncrypted: true}]
Outputs:
  Url: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1"}
  Api: {Value: !Ref Api}
  Role: {Value: !GetAtt Caller.Arn}
"#;

/// Credentials of a session of a role, from STS.
async fn assume(test: &TestCloud, role: &str) -> Credentials {
    let form = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn={role}");
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let request = WireRequest::new(http::Method::POST, "/".parse().unwrap(), headers, form.into());
    let answer = test.cloud.router().call(request.for_service("sts", "us-east-1")).await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let part = |name: &str| {
        let rest = text.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{text}")).1;
        rest.split_once('<').unwrap().0.to_owned()
    };
    keys(&part("AccessKeyId"), &part("SecretAccessKey"), Some(&part("SessionToken")))
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_guard_an_api_and_its_answers_are_kept() {
    let test = TestCloud::start().await;
    let outputs = test.created("signed", SIGNED, &Parameters::new()).await;
    let url = format!("{}/a%20b", outputs["Url"]);
    let now = SystemTime::now();
    assert_eq!(get(&url).await, (403, r#"{"message":"Missing Authentication Token"}"#.to_owned()));
    let owner = keys("test", "test", None);
    let (status, first) = send(signed(&url, &owner, now)).await;
    assert_eq!(status, 200, "{first}");
    assert!(first.contains("arn:aws:iam::000000000000:user/local"), "{first}");
    let (_, again) = send(signed(&url, &owner, now)).await;
    assert_eq!(again, first, "the answer comes from the cache");
    let other = send(signed(&format!("{}/other", outputs["Url"]), &owner, now)).await.1;
    assert_ne!(other, first);
    for (credentials, time, words) in [
        (keys("test", "wrong", None), now, "The request signature we calculated does not match"),
        (keys("other", "test", None), now, "The security token included in the request is invalid."),
        (owner.clone(), now - std::time::Duration::from_mins(10), "Signature expired"),
    ] {
        let (status, body) = send(signed(&url, &credentials, time)).await;
        assert!(status == 403 && body.contains(words), "{status} {body}");
    }

    let session = assume(&test, &outputs["Role"]).await;
    assert_eq!(send(signed(&url, &session, now)).await.0, 200);
    let (status, body) = send(signed(&format!("{}/else", outputs["Url"]), &session, now)).await;
    assert!(status == 403 && body.contains("assumed-role") && body.contains("execute-api:Invoke"), "{body}");
    let without_token = keys(session.access_key_id(), session.secret_access_key(), None);
    assert_eq!(send(signed(&url, &without_token, now)).await.0, 403);

    let path = format!("/restapis/{}/stages/v1", outputs["Api"]);
    let (_, stage) = test.rest("apigateway", "GET", &path, "").await;
    assert_eq!(
        (&stage["cacheClusterStatus"], &stage["cacheClusterSize"]),
        (&json!("AVAILABLE"), &json!("0.5"))
    );
    assert_eq!(stage["methodSettings"]["*/*"]["cacheDataEncrypted"], true);

    // A policy takes effect with the next deployment, not before it.
    let deny = Parameters::from([("Denied".to_owned(), "127.0.0.0/8".to_owned())]);
    test.updated("signed", SIGNED, &deny).await;
    assert_eq!(send(signed(&url, &owner, SystemTime::now())).await.0, 200);
    let deployed =
        SIGNED.replace("Deployment:\n", "Deployment2:\n").replace("!Ref Deployment\n", "!Ref Deployment2\n");
    test.updated("signed", &deployed, &deny).await;
    let (status, body) = send(signed(&url, &owner, SystemTime::now())).await;
    assert!(status == 403 && body.contains("with an explicit deny"), "{body}");
    assert_eq!(test.delete("signed").await, "DELETE_COMPLETE", "{}", test.reasons("signed"));
    test.cloud.stop().await;
}

const LINKED: &str = r#"
Parameters:
  VpcId: {Type: String}
  PrivateSubnetIds: {Type: "List<AWS::EC2::Subnet::Id>"}
  Port: {Type: Number, Default: 80}
Resources:
  LinkGroup:
    Type: AWS::EC2::SecurityGroup
    Properties: {VpcId: !Ref VpcId, GroupDescription: the link}
  BalancerGroup:
    Type: AWS::EC2::SecurityGroup
    Properties:
      VpcId: !Ref VpcId
      GroupDescription: the balancer
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: !Ref Port, ToPort: !Ref Port, SourceSecurityGroupId: !Ref LinkGroup}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Scheme: internal, Subnets: !Ref PrivateSubnetIds, SecurityGroups: [!Ref BalancerGroup]}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      Protocol: HTTP
      DefaultActions:
        - Type: fixed-response
          FixedResponseConfig: {StatusCode: "200", ContentType: text/plain, MessageBody: inside}
  Link:
    Type: AWS::ApiGatewayV2::VpcLink
    Properties: {Name: link, SubnetIds: !Ref PrivateSubnetIds, SecurityGroupIds: [!Ref LinkGroup]}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: linked}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      Integration:
        Type: HTTP_PROXY
        IntegrationHttpMethod: GET
        ConnectionType: VPC_LINK
        ConnectionId: !Ref Link
        IntegrationTarget: !Ref Balancer
        Uri: !Sub "http://${Balancer.DNSName}/"
        TimeoutInMillis: 400
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [Method, Listener]
    Properties: {RestApiId: !Ref Api, StageName: v1}
Outputs:
  Url: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1"}
  Link: {Value: !Ref Link}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_vpc_link_reaches_a_balancer_that_admits_it() {
    let test = TestCloud::start().await;
    let mut parameters = test.foundation().await;
    let outputs = test.created("linked", LINKED, &parameters).await;
    assert_eq!(get(&outputs["Url"]).await, (200, "inside".to_owned()));
    let (_, listed) = test.rest("apigateway", "GET", "/v2/vpclinks", "").await;
    assert_eq!(listed["items"][0]["vpcLinkId"], json!(outputs["Link"]));
    assert_eq!(listed["items"][0]["vpcLinkStatus"], "AVAILABLE");

    // Packets that no rule admits are dropped, so the caller waits until its time is over.
    parameters.insert("Port".to_owned(), "8080".to_owned());
    test.updated("linked", LINKED, &parameters).await;
    assert_eq!(get(&outputs["Url"]).await, (504, r#"{"message":"Endpoint request timed out"}"#.to_owned()));
    assert_eq!(test.delete("linked").await, "DELETE_COMPLETE", "{}", test.reasons("linked"));

    let without = LINKED.replace("        IntegrationTarget: !Ref Balancer\n", "");
    test.create("without", &without, &parameters).await;
    assert!(test.reasons("without").contains("IntegrationTarget"), "{}", test.reasons("without"));
    test.cloud.stop().await;
}

const SCHEDULED: &str = r#"
Parameters:
  ArtifactsBucket: {Type: String}
  CodeKey: {Type: String}
  Expression: {Type: String, Default: rate(1 minute)}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: !Ref ArtifactsBucket, S3Key: !Ref CodeKey}
      Environment: {Variables: {TOPIC_ARN: none}}
  Invoker:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: scheduler.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: invoke
          PolicyDocument: {Statement: [{Effect: Allow, Action: "lambda:InvokeFunction", Resource: !GetAtt Function.Arn}]}
  Schedule:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: !Ref Expression
      FlexibleTimeWindow: {Mode: "OFF"}
      Target: {Arn: !GetAtt Function.Arn, RoleArn: !GetAtt Invoker.Arn, Input: '{"warm":true}'}
Outputs:
  Schedule: {Value: !Ref Schedule}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_invokes_its_function() {
    let test = TestCloud::start().await;
    let mut parameters = test.foundation().await;
    parameters.insert("CodeKey".to_owned(), test.upload_function(&parameters).await);
    let outputs = test.created("scheduled", SCHEDULED, &parameters).await;
    let name = &outputs["Schedule"];
    eventually("the function was invoked", || {
        test.services().scheduler.counts(name).is_some_and(|counts| counts.invoked == 1)
    })
    .await;
    let (_, described) = test.rest("scheduler", "GET", &format!("/schedules/{name}"), "").await;
    assert_eq!(
        (&described["State"], &described["Target"]["Input"]),
        (&json!("ENABLED"), &json!("{\"warm\":true}"))
    );
    assert_eq!(test.delete("scheduled").await, "DELETE_COMPLETE", "{}", test.reasons("scheduled"));
    assert!(test.services().scheduler.all().is_empty());
    let elsewhere = SCHEDULED.replace(
        "Target: {Arn: !GetAtt Function.Arn",
        "Target: {Arn: 'arn:aws:sqs:us-east-1:000000000000:q'",
    );
    test.create("elsewhere", &elsewhere, &parameters).await;
    let reasons = test.reasons("elsewhere");
    assert!(
        reasons.contains("schedules of this cloud invoke functions and start state machines"),
        "{reasons}"
    );
    parameters.insert("Expression".to_owned(), "rate(1 week)".to_owned());
    test.create("wrong", SCHEDULED, &parameters).await;
    assert!(test.reasons("wrong").contains("Invalid Schedule Expression"), "{}", test.reasons("wrong"));
    test.cloud.stop().await;
}
