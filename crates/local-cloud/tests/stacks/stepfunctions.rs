//! Step Functions through its API, over machines of a stack.

use local_cloud::Inventory;
use local_cloud::wire::WireRequest;
use serde_json::{Value, json};

use crate::support::{Parameters, TestCloud};

const STACK: &str = r#"
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Queue: {Type: AWS::SQS::Queue}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: sqs:SendMessage, Resource: "*"}]
  Subscription:
    Type: AWS::SNS::Subscription
    DependsOn: QueuePolicy
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: work
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: sns:Publish, Resource: !Ref Topic}
              - {Effect: Allow, Action: logs:CreateLogDelivery, Resource: "*"}
  Group: {Type: AWS::Logs::LogGroup}
  Standard:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
      DefinitionSubstitutions: {Topic: !Ref Topic, Seconds: 0}
      DefinitionString: |
        {"StartAt": "Wait", "States": {
          "Wait": {"Type": "Wait", "Seconds": ${Seconds}, "Next": "Publish"},
          "Publish": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {"TopicArn": "${Topic}", "Message.$": "$.message"},
            "ResultSelector": {"id.$": "$.MessageId", "status.$": "$.SdkHttpMetadata.HttpStatusCode"}, "End": true}}}
  Express:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineType: EXPRESS
      RoleArn: !GetAtt Role.Arn
      TracingConfiguration: {Enabled: true}
      LoggingConfiguration:
        Level: ALL
        IncludeExecutionData: true
        Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt Group.Arn}}]
      Definition:
        QueryLanguage: JSONata
        StartAt: Add
        States:
          Add: {Type: Pass, Output: {sum: "{% $states.input.a + $states.input.b %}"}, End: true}
Outputs:
  Standard: {Value: !Ref Standard}
  Express: {Value: !GetAtt Express.Arn}
  ExpressName: {Value: !GetAtt Express.Name}
  Role: {Value: !GetAtt Role.Arn}
  Group: {Value: !Ref Group}
  QueueUrl: {Value: !Ref Queue}
"#;

/// Calls an operation and gives its answer, or `Err` with the error's code and message.
async fn call(test: &TestCloud, operation: &str, input: Value) -> Result<Value, (String, String)> {
    let mut headers = http::HeaderMap::new();
    headers.insert("x-amz-target", format!("AWSStepFunctions.{operation}").parse().unwrap());
    headers.insert("content-type", "application/x-amz-json-1.0".parse().unwrap());
    let request =
        WireRequest::new(http::Method::POST, "/".parse().unwrap(), headers, input.to_string().into());
    let answer = test.cloud.router().call(request).await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    if answer.status.is_success() {
        return Ok(body);
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    Err((text("__type"), text("message")))
}

async fn started() -> (TestCloud, Parameters) {
    let test = TestCloud::start().await;
    let outputs = test.created("machines", STACK, &Parameters::new()).await;
    (test, outputs)
}

async fn ended(test: &TestCloud, execution: &Value) -> Value {
    for _ in 0..500 {
        let described = call(test, "DescribeExecution", json!({"executionArn": execution})).await.unwrap();
        if described["status"] != "RUNNING" {
            return described;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{execution} does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_execution_is_kept_with_its_history() {
    let (test, outputs) = started().await;
    let machine = &outputs["Standard"];
    let start = json!({"stateMachineArn": machine, "name": "first", "input": "{\"message\":{\"gobble\":1}}"});
    let execution = call(&test, "StartExecution", start.clone()).await.unwrap()["executionArn"].clone();
    let described = ended(&test, &execution).await;
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
    let output: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
    assert_eq!(output["status"], 200);
    let received = test.receive(&outputs["QueueUrl"], 1).await;
    assert_eq!(received[0]["Message"], "{\"gobble\":1}");
    assert_eq!(received[0]["MessageId"], output["id"]);

    let history = call(&test, "GetExecutionHistory", json!({"executionArn": execution})).await.unwrap();
    let types: Vec<&str> =
        history["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "WaitStateEntered",
            "WaitStateExited",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
    let scheduled = &history["events"][4]["taskScheduledEventDetails"];
    assert_eq!((&scheduled["resourceType"], &scheduled["region"]), (&json!("sns"), &json!("us-east-1")));
    let page = json!({"executionArn": execution, "maxResults": 2, "reverseOrder": true});
    let last = call(&test, "GetExecutionHistory", page).await.unwrap();
    assert_eq!((&last["events"][0]["id"], &last["nextToken"]), (&json!(9), &json!("2")));

    let again = call(&test, "StartExecution", start).await.unwrap_err();
    assert_eq!(again.0, "ExecutionAlreadyExists");
    let listed = call(&test, "ListExecutions", json!({"stateMachineArn": machine})).await.unwrap();
    assert_eq!(listed["executions"][0]["name"], "first");
    let sync = call(&test, "StartSyncExecution", json!({"stateMachineArn": machine})).await.unwrap_err();
    assert_eq!(sync.0, "StateMachineTypeNotSupported");
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_execution_can_be_stopped() {
    let (test, outputs) = started().await;
    let slow = STACK.replace("Seconds: 0", "Seconds: 60");
    test.updated("machines", &slow, &Parameters::new()).await;
    let start = json!({"stateMachineArn": outputs["Standard"], "name": "long"});
    let execution = call(&test, "StartExecution", start.clone()).await.unwrap()["executionArn"].clone();
    assert_eq!(call(&test, "StartExecution", start).await.unwrap()["executionArn"], execution);
    let stop = json!({"executionArn": execution, "error": "Enough", "cause": "of it"});
    call(&test, "StopExecution", stop).await.unwrap();
    let described = ended(&test, &execution).await;
    assert_eq!((&described["status"], &described["error"]), (&json!("ABORTED"), &json!("Enough")));
    let page = json!({"executionArn": execution, "reverseOrder": true});
    let history = call(&test, "GetExecutionHistory", page).await.unwrap();
    assert_eq!(history["events"][0]["type"], "ExecutionAborted");
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronous_execution_answers_with_its_end() {
    let (test, outputs) = started().await;
    let machine = &outputs["Express"];
    let run = |input: &str| json!({"stateMachineArn": machine, "name": "sum", "input": input});
    let good = call(&test, "StartSyncExecution", run("{\"a\":1,\"b\":2}")).await.unwrap();
    assert_eq!((&good["status"], &good["output"]), (&json!("SUCCEEDED"), &json!("{\"sum\":3}")));
    assert_eq!(good["billingDetails"]["billedMemoryUsedInMB"], 64);
    assert_eq!(good["billingDetails"]["billedDurationInMilliseconds"].as_u64().unwrap() % 100, 0);
    let arn = good["executionArn"].as_str().unwrap();
    assert!(arn.contains(&format!(":express:{}:sum:", outputs["ExpressName"])), "{arn}");
    let bad = call(&test, "StartSyncExecution", run("{\"a\":\"x\",\"b\":2}")).await.unwrap();
    assert_eq!((&bad["status"], &bad["error"]), (&json!("FAILED"), &json!("States.QueryEvaluationError")));
    let broken = call(&test, "StartSyncExecution", run("{")).await.unwrap_err();
    assert_eq!(broken.0, "InvalidExecutionInput");
    let described = call(&test, "DescribeExecution", json!({"executionArn": arn})).await.unwrap_err();
    assert_eq!(described.0, "InvalidArn");

    let group = test.services().logs.group(&outputs["Group"]).unwrap();
    let events: Vec<Value> =
        group.tail(20).iter().map(|event| serde_json::from_str(&event.message).unwrap()).collect();
    let of_good: Vec<&str> = events
        .iter()
        .filter(|event| event["execution_arn"] == arn)
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(of_good, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
    assert_eq!(events[0]["details"]["input"], "{\"a\":1,\"b\":2}");
    assert_eq!((&events[0]["id"], &events[0]["previous_event_id"]), (&json!("1"), &json!("0")));
    let stream = group.streams()[0].name.clone();
    assert!(stream.starts_with(&format!("states/{}/", outputs["ExpressName"])), "{stream}");
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_made_changed_and_deleted() {
    let (test, outputs) = started().await;
    let role = &outputs["Role"];
    let definition = json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}).to_string();
    let make = |definition: &str, role: &str| json!({"name": "mine", "definition": definition, "roleArn": role, "type": "EXPRESS", "tags": [{"key": "team", "value": "blue"}]});
    for (definition, role, code, words) in [
        (
            "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Nap\",\"End\":true}}}",
            role.as_str(),
            "InvalidDefinition",
            "/States/A",
        ),
        ("{", role, "InvalidDefinition", "INVALID_JSON_DESCRIPTION"),
        (
            &definition,
            "arn:aws:iam::000000000000:role/nobody",
            "AccessDeniedException",
            "states.amazonaws.com",
        ),
    ] {
        let (found, message) = call(&test, "CreateStateMachine", make(definition, role)).await.unwrap_err();
        assert_eq!(found, code, "{message}");
        assert!(message.contains(words), "{message}");
    }
    let made = call(&test, "CreateStateMachine", make(&definition, role)).await.unwrap();
    let arn = &made["stateMachineArn"];
    assert_eq!(
        &call(&test, "CreateStateMachine", make(&definition, role)).await.unwrap()["stateMachineArn"],
        arn
    );
    let other = definition.replace("Done", "End");
    let taken = call(&test, "CreateStateMachine", make(&other, role)).await.unwrap_err();
    assert_eq!(taken.0, "StateMachineAlreadyExists");
    let tags = call(&test, "ListTagsForResource", json!({"resourceArn": arn})).await.unwrap();
    assert_eq!(tags, json!({"tags": [{"key": "team", "value": "blue"}]}));

    let about = || json!({"stateMachineArn": arn});
    let before = call(&test, "DescribeStateMachine", about()).await.unwrap();
    assert_eq!((&before["status"], &before["type"]), (&json!("ACTIVE"), &json!("EXPRESS")));
    call(&test, "UpdateStateMachine", json!({"stateMachineArn": arn, "definition": other})).await.unwrap();
    let after = call(&test, "DescribeStateMachine", about()).await.unwrap();
    assert_eq!(after["definition"], other);
    assert_ne!(after["revisionId"], before["revisionId"]);
    let nothing = call(&test, "UpdateStateMachine", about()).await.unwrap_err();
    assert_eq!(nothing.0, "MissingRequiredParameter");
    let unknown = call(&test, "DescribeStateMachine", json!({"stateMachineArn": arn, "colour": 1})).await;
    assert_eq!(unknown.unwrap_err().0, "ValidationException");

    let listed = call(&test, "ListStateMachines", json!({"maxResults": 2})).await.unwrap();
    assert_eq!((listed["stateMachines"].as_array().unwrap().len(), &listed["nextToken"]), (2, &json!("2")));
    let checked = call(&test, "ValidateStateMachineDefinition", json!({"definition": "{\"States\":{}}"}));
    let checked = checked.await.unwrap();
    assert_eq!(checked["result"], "FAIL");
    assert!(!checked["diagnostics"].as_array().unwrap().is_empty());
    call(&test, "DeleteStateMachine", about()).await.unwrap();
    assert_eq!(call(&test, "DescribeStateMachine", about()).await.unwrap_err().0, "StateMachineDoesNotExist");

    assert_eq!(test.delete("machines").await, "DELETE_COMPLETE", "{}", test.reasons("machines"));
    assert_eq!(test.cloud.router().inventory(), Inventory::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_with_a_broken_machine_says_why() {
    let test = TestCloud::start().await;
    for (broken, words) in [
        (STACK.replace("sns:publish", "ecs:runTask"), "arn:aws:states:::ecs:runTask"),
        (STACK.replace("\"Next\": \"Publish\"", "\"Next\": \"Nowhere\""), "/States/Wait/Next"),
        (
            STACK.replace("states.amazonaws.com", "ec2.amazonaws.com"),
            "is authorized to assume the provided role",
        ),
        (
            STACK.replace("logs:CreateLogDelivery", "logs:GetLogDelivery"),
            "not authorized to access the Log Destination",
        ),
    ] {
        let stack = test.create("broken", &broken, &Parameters::new()).await;
        assert_eq!(stack.status.as_str(), "ROLLBACK_COMPLETE");
        let reasons = test.reasons("broken");
        assert!(reasons.contains(words), "{words}: {reasons}");
        test.delete("broken").await;
    }
    test.cloud.stop().await;
}
