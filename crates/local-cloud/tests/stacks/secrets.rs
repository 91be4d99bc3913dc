use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Parameters, TestCloud, container_script, http_client, post, template};

const TEMPLATE: &str = r#"
Parameters:
  Image: {Type: "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", Default: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}
  Length: {Type: Number, Default: 48}
Resources:
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString:
        SecretStringTemplate: '{"user":"me"}'
        GenerateStringKey: password
        PasswordLength: !Ref Length
        ExcludePunctuation: true
  Fixed:
    Type: AWS::SecretsManager::Secret
    Properties: {Name: fixed, SecretString: '{"host":"db.example"}'}
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Name: /app/host, Type: String, Value: !Sub "{{resolve:secretsmanager:${Fixed}:SecretString:host}}"}
Outputs:
  Secret: {Value: !Ref Secret}
  Image: {Value: !Ref Image}
  Parameter: {Value: !Ref Parameter}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn secrets_and_parameters_are_made_read_and_deleted() {
    let test = TestCloud::start().await;
    let outputs = test.created("vault", TEMPLATE, &Parameters::new()).await;
    assert!(outputs["Image"].starts_with("ami-"), "{outputs:?}");
    assert!(outputs["Secret"].starts_with("arn:aws:secretsmanager:us-east-1:000000000000:secret:"));
    let call = async |operation: &str, input: Value| {
        test.aws_json("secretsmanager", &format!("secretsmanager.{operation}"), &input).await
    };
    let password = async || {
        let value = call("GetSecretValue", json!({"SecretId": outputs["Secret"]})).await;
        let text: Value = serde_json::from_str(value["SecretString"].as_str().unwrap()).unwrap();
        assert_eq!(text["user"], "me");
        text["password"].as_str().unwrap().to_owned()
    };
    let first = password().await;
    assert_eq!(first.len(), 48);
    let found = test.aws_json("ssm", "AmazonSSM.GetParameter", &json!({"Name": outputs["Parameter"]})).await;
    assert_eq!(found["Parameter"]["Value"], "db.example");

    // What was generated stays until its rules change.
    let with_description =
        TEMPLATE.replace("GenerateSecretString:", "Description: changed\n      GenerateSecretString:");
    test.updated("vault", &with_description, &Parameters::new()).await;
    assert_eq!(password().await, first);
    test.updated("vault", &with_description, &Parameters::from([("Length".to_owned(), "20".to_owned())]))
        .await;
    assert_eq!(password().await.len(), 20);
    let put = call("PutSecretValue", json!({"SecretId": "fixed", "SecretString": "new"})).await;
    assert_eq!(put["VersionStages"], json!(["AWSCURRENT"]));
    let before = call("GetSecretValue", json!({"SecretId": "fixed", "VersionStage": "AWSPREVIOUS"})).await;
    assert_eq!(before["SecretString"], r#"{"host":"db.example"}"#);

    assert_eq!(test.delete("vault").await, "DELETE_COMPLETE", "{}", test.reasons("vault"));
    let gone = call("GetSecretValue", json!({"SecretId": "fixed"})).await;
    assert_eq!(gone["__type"], "ResourceNotFoundException");
    assert_eq!(gone["message"], "Secrets Manager can't find the specified secret.");
    test.created("vault", TEMPLATE, &Parameters::new()).await;
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_secret_can_be_restored_for_some_days() {
    let test = TestCloud::start().await;
    let call = async |operation: &str, input: Value| {
        test.aws_json("secretsmanager", &format!("secretsmanager.{operation}"), &input).await
    };
    call("CreateSecret", json!({"Name": "a", "SecretString": "one"})).await;
    let refused = call("DeleteSecret", json!({"SecretId": "a", "RecoveryWindowInDays": 3})).await;
    assert_eq!(refused["__type"], "InvalidParameterException");
    call("DeleteSecret", json!({"SecretId": "a"})).await;
    let value = call("GetSecretValue", json!({"SecretId": "a"})).await;
    assert_eq!(value["__type"], "InvalidRequestException");
    assert_eq!(call("ListSecrets", json!({})).await["SecretList"], json!([]));
    call("RestoreSecret", json!({"SecretId": "a"})).await;
    assert_eq!(call("GetSecretValue", json!({"SecretId": "a"})).await["SecretString"], "one");
    call("DeleteSecret", json!({"SecretId": "a", "ForceDeleteWithoutRecovery": true})).await;
    assert_eq!(call("DescribeSecret", json!({"SecretId": "a"})).await["__type"], "ResourceNotFoundException");
    test.cloud.stop().await;
}

/// The project's own template with the topic's ARN taken from a secret instead of the environment.
fn with_secret(policy: &str) -> String {
    let text = template("variants/publish-fargate");
    let text = text.replace(
        "Resources:\n",
        "Resources:\n  Hidden:\n    Type: AWS::SecretsManager::Secret\n    Properties: {SecretString: !Sub '{\"arn\":\"${TopicArn}\"}'}\n",
    );
    let replaced = text.replace(
        "{Name: TOPIC_ARN, Value: !Ref TopicArn}]",
        "{Name: OTHER, Value: none}]\n          Secrets: [{Name: TOPIC_ARN, ValueFrom: !Sub \"${Hidden}:arn::\"}]",
    );
    assert!(replaced.contains("ValueFrom"), "{replaced}");
    replaced.replace("Action: ecr:GetAuthorizationToken", &format!("Action: [{policy}]"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_gets_its_secrets_under_the_execution_role() {
    let test = TestCloud::start().await;
    let mut parameters = test.foundation().await;
    let image = test.push_image(&parameters, "one", &container_script()).await;
    parameters.insert("ImageUri".to_owned(), image);
    let allowed = with_secret("ecr:GetAuthorizationToken, secretsmanager:GetSecretValue");
    let outputs = test.created("fargate", &allowed, &parameters).await;
    let (status, answer) =
        post(&http_client(), &format!("{}/publish", outputs["Url"]), "text/plain", "hello").await;
    assert_eq!(status, StatusCode::OK, "{answer}");

    let refused = with_secret("ecr:GetAuthorizationToken");
    test.create("refused", &refused, &parameters).await;
    let reasons = test.reasons("refused");
    assert!(
        reasons.contains("unable to pull secrets") && reasons.contains("secretsmanager:GetSecretValue"),
        "{reasons}"
    );
    test.cloud.stop().await;
}
