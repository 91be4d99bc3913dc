use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Load, Parameters, TestCloud, eventually, http_client, post, template};

async fn deployed(test: &TestCloud) -> (Parameters, Parameters) {
    let mut parameters = test.foundation().await;
    parameters.insert("CodeKey".to_owned(), test.upload_function(&parameters).await);
    let outputs = test.created("lambda", &template("variants/publish-lambda"), &parameters).await;
    (parameters, outputs)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_serves_and_changes_its_memory_without_a_failed_request() {
    let test = TestCloud::start().await;
    let (mut parameters, outputs) = deployed(&test).await;
    let (client, url) = (http_client(), format!("{}/publish", outputs["Url"]));
    let (status, answer) = post(&client, &url, "text/plain", "hello").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer, json!({"body": "hello", "memory": "512", "version": "1"}));

    let load = Load::start(url.clone());
    parameters.insert("MemorySize".to_owned(), "1024".to_owned());
    parameters.insert("ProvisionedConcurrency".to_owned(), "2".to_owned());
    test.updated("lambda", &template("variants/publish-lambda"), &parameters).await;
    let (served, failures) = load.stop().await;
    assert!(served > 0 && failures.is_empty(), "{served} served, {failures:?}");
    let (_, listed) = test.rest("lambda", "GET", "/2015-03-31/functions/", "").await;
    let name = listed["Functions"][0]["FunctionName"].as_str().unwrap();
    let provisioned = format!("/2019-09-30/functions/{name}/provisioned-concurrency?Qualifier=");
    let (_, answer) = test.rest("lambda", "GET", &format!("{provisioned}live"), "").await;
    assert_eq!(
        (&answer["RequestedProvisionedConcurrentExecutions"], &answer["Status"]),
        (&json!(2), &json!("READY"))
    );
    let (status, answer) = test.rest("lambda", "GET", &format!("{provisioned}2"), "").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
    let (_, answer) = post(&client, &url, "text/plain", "hello").await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer, json!({"body": "hello", "memory": "1024", "version": "2"}));
    let inventory = test.cloud.router().inventory();
    // One of $LATEST, two provisioned; the first version has gone.
    assert_eq!(inventory.processes.len(), 3, "{inventory:?}");

    let group = test.services().logs.group(&outputs["LogGroupName"]).unwrap();
    eventually("the log has the function's lines", || {
        group.tail(100).iter().any(|event| event.message.starts_with("handling "))
    })
    .await;
    assert_eq!(test.delete("lambda").await, "DELETE_COMPLETE", "{}", test.reasons("lambda"));
    let inventory = test.cloud.router().inventory();
    assert!(inventory.processes.is_empty() && inventory.ports.is_empty(), "{inventory:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_of_lambda_invokes_and_describes() {
    let test = TestCloud::start().await;
    let (parameters, _) = deployed(&test).await;
    let (status, listed) = test.rest("lambda", "GET", "/2015-03-31/functions/", "").await;
    assert_eq!(status, StatusCode::OK);
    let name = listed["Functions"][0]["FunctionName"].as_str().unwrap().to_owned();
    assert!(name.starts_with("lambda-Function-"), "{name}");
    let base = format!("/2015-03-31/functions/{name}");

    let (status, answer) = test.rest("lambda", "POST", &format!("{base}/invocations"), r#"{"a":1}"#).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({"a": 1})));
    let (status, answer) = test.rest("lambda", "POST", &format!("{base}:live/invocations"), "not json").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["message"].as_str().unwrap().starts_with("Could not parse request body into json"),
        "{answer}"
    );
    let (status, answer) =
        test.rest("lambda", "POST", &format!("{base}/invocations?Qualifier=9"), "{}").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(
        answer["message"],
        format!("Function not found: arn:aws:lambda:us-east-1:000000000000:function:{name}:9")
    );

    let (_, configuration) = test.rest("lambda", "GET", &format!("{base}/configuration"), "").await;
    assert_eq!((&configuration["MemorySize"], &configuration["State"]), (&json!(512), &json!("Active")));
    let (_, changed) =
        test.rest("lambda", "PUT", &format!("{base}/configuration"), r#"{"MemorySize":256}"#).await;
    assert_eq!(changed["MemorySize"], 256);
    let (status, refused) =
        test.rest("lambda", "PUT", &format!("{base}/configuration"), r#"{"MemorySize":100}"#).await;
    assert_eq!(
        (status, &refused["message"]),
        (StatusCode::BAD_REQUEST, &json!("MemorySize must be a number from 128 to 10240"))
    );
    let (_, policy) = test.rest("lambda", "GET", &format!("{base}/policy?Qualifier=live"), "").await;
    assert!(policy["Policy"].as_str().unwrap().contains("apigateway.amazonaws.com"), "{policy}");
    let (_, versions) = test.rest("lambda", "GET", &format!("{base}/versions"), "").await;
    assert_eq!(versions["Versions"].as_array().unwrap().len(), 2);

    let (status, _) = test
        .rest(
            "lambda",
            "PUT",
            &format!("/2017-10-31/functions/{name}/concurrency"),
            r#"{"ReservedConcurrentExecutions":0}"#,
        )
        .await;
    assert_eq!(status, StatusCode::OK);
    let (status, throttled) = test.rest("lambda", "POST", &format!("{base}/invocations"), "{}").await;
    assert_eq!((status, &throttled["message"]), (StatusCode::TOO_MANY_REQUESTS, &json!("Rate Exceeded.")));
    drop(parameters);
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permission_the_api_answers_as_for_its_own_fault() {
    let test = TestCloud::start().await;
    let mut parameters = test.foundation().await;
    parameters.insert("CodeKey".to_owned(), test.upload_function(&parameters).await);
    let other = template("variants/publish-lambda").replace("/*/POST/publish\"", "/*/GET/publish\"");
    let outputs = test.created("lambda", &other, &parameters).await;
    let (status, answer) =
        post(&http_client(), &format!("{}/publish", outputs["Url"]), "text/plain", "x").await;
    // The template turns API Gateway's 500 into the workload's answer.
    assert_eq!(
        (status.as_u16(), answer.as_str()),
        (502, r#"{"message":"The topic did not accept the message"}"#)
    );
    test.cloud.stop().await;
}
