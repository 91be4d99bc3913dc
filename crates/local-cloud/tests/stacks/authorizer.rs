use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::json;

use crate::support::{TestCloud, http_client};

const TEMPLATE: &str = r#"
Parameters:
  ArtifactsBucket: {Type: String}
  CodeKey: {Type: String}
  Invoker: {Type: String, Default: apigateway.amazonaws.com}
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
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: guarded}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: !Ref Invoker
      SourceArn: !Sub "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/authorizers/${Authorizer}"
  Authorizer:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      RestApiId: !Ref Api
      Name: tokens
      Type: TOKEN
      AuthorizerUri: !Sub "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"
      IdentitySource: method.request.header.Authorization
      IdentityValidationExpression: "Bearer .+"
      AuthorizerResultTtlInSeconds: 60
  Unauthorized:
    Type: AWS::ApiGateway::GatewayResponse
    Properties:
      RestApiId: !Ref Api
      ResponseType: UNAUTHORIZED
      ResponseParameters: {gatewayresponse.header.WWW-Authenticate: "'Bearer'"}
      ResponseTemplates: {application/json: '{"message":"Who are you?"}'}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Authorizer
      Integration:
        Type: MOCK
        RequestTemplates: {application/json: '{"statusCode":200}'}
        IntegrationResponses:
          - StatusCode: "200"
            ResponseTemplates:
              application/json: '{"who":"$context.authorizer.principalId","asked":$context.authorizer.asked}'
      MethodResponses: [{StatusCode: "200"}]
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [Method, Unauthorized]
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: v1}
Outputs:
  Url: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1"}
  Api: {Value: !Ref Api}
  Authorizer: {Value: !Ref Authorizer}
"#;

async fn ask(url: &str, token: Option<&str>) -> (u16, String, Option<String>) {
    let mut request = Request::get(url);
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    let response = http_client().request(request.body(Full::new(Bytes::new())).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned(), challenge)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lambda_authorizer_guards_an_api() {
    let test = TestCloud::start().await;
    let mut parameters = test.foundation().await;
    parameters.insert("CodeKey".to_owned(), test.upload_function(&parameters).await);
    let outputs = test.created("guarded", TEMPLATE, &parameters).await;
    let url = &outputs["Url"];
    for _ in 0..3 {
        let (status, body, _) = ask(url, Some("Bearer allow")).await;
        // The function was asked once: the decision is kept for its token.
        assert_eq!((status, body.as_str()), (200, r#"{"who":"user-1","asked":1}"#));
    }
    let (status, body, _) = ask(url, Some("Bearer deny")).await;
    assert_eq!(status, 403, "{body}");
    for token in [None, Some("Basic x")] {
        let (status, body, challenge) = ask(url, token).await;
        assert_eq!((status, body.as_str()), (401, r#"{"message":"Who are you?"}"#));
        assert_eq!(challenge.as_deref(), Some("Bearer"));
    }
    // What the function answers here is no policy.
    assert_eq!(ask(url, Some("Bearer broken")).await.0, 500);

    let path = format!("/restapis/{}/authorizers", outputs["Api"]);
    let (_, listed) = test.rest("apigateway", "GET", &path, "").await;
    assert_eq!(listed["item"][0]["id"], json!(outputs["Authorizer"]));
    assert_eq!(listed["item"][0]["authorizerResultTtlInSeconds"], 60);
    assert_eq!(listed["item"][0]["type"], "TOKEN");

    assert_eq!(test.delete("guarded").await, "DELETE_COMPLETE", "{}", test.reasons("guarded"));
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorizer_that_may_not_be_invoked_fails() {
    let test = TestCloud::start().await;
    let mut parameters = test.foundation().await;
    parameters.insert("CodeKey".to_owned(), test.upload_function(&parameters).await);
    parameters.insert("Invoker".to_owned(), "sns.amazonaws.com".to_owned());
    let outputs = test.created("guarded", TEMPLATE, &parameters).await;
    assert_eq!(ask(&outputs["Url"], Some("Bearer allow")).await.0, 500);

    let refused = TEMPLATE.replace("      IdentitySource: method.request.header.Authorization\n", "");
    test.create("refused", &refused, &parameters).await;
    assert!(
        test.reasons("refused").contains("Invalid Identity Source specified"),
        "{}",
        test.reasons("refused")
    );
    test.cloud.stop().await;
}
