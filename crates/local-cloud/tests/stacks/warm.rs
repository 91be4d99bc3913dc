//! A schedule that keeps environments of a function alive.

use std::collections::BTreeSet;
use std::time::Duration;

use http::StatusCode;
use tokio::time::sleep;

use crate::support::{Parameters, TestCloud, eventually, http_client, post, template};

const IDLE: Duration = Duration::from_secs(3);
/// The schedule's four minutes are a second, so that it comes while environments are still there.
const MINUTE: Duration = Duration::from_millis(250);
/// How long the schedule's calls are held, and a little.
const HELD: Duration = Duration::from_millis(400);

fn environments(test: &TestCloud) -> BTreeSet<u32> {
    test.services().lambda.processes().into_iter().map(|(process, _)| process).collect()
}

/// Waits until the schedule has just run.
async fn called(test: &TestCloud) {
    let scheduler = &test.services().scheduler;
    let name = scheduler.all()[0].name.clone();
    let before = scheduler.counts(&name).unwrap().invoked;
    eventually("the schedule runs again", || scheduler.counts(&name).unwrap().invoked > before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_outlive_the_time_that_lambda_gives_them() {
    let test = TestCloud::start_with(|options| {
        options.idle_timeout = IDLE;
        options.schedule_minute = MINUTE;
    })
    .await;
    let mut parameters: Parameters = test.foundation().await;
    parameters.insert("CodeKey".to_owned(), test.upload_function(&parameters).await);
    parameters.insert("WarmEnvironments".to_owned(), "3".to_owned());
    let template = template("variants/publish-lambda");
    let outputs = test.created("warm", &template, &parameters).await;
    // One of $LATEST, which stays for ever, and three of the version that the alias is at.
    eventually("the environments are there", || environments(&test).len() == 4).await;
    let begun = environments(&test);
    sleep(IDLE * 2).await;
    assert_eq!(environments(&test), begun, "the same processes, though no request came");

    called(&test).await;
    sleep(HELD).await;
    let url = format!("{}/publish", outputs["Url"]);
    let (status, answer) = post(&http_client(), &url, "text/plain", "hello").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(environments(&test), begun, "the request met one that was there");

    parameters.insert("WarmEnvironments".to_owned(), "0".to_owned());
    test.updated("warm", &template, &parameters).await;
    assert!(test.services().scheduler.all().is_empty() && test.services().states.machines().is_empty());
    eventually("those that nobody calls go", || environments(&test).len() == 2).await;
    assert_eq!(test.delete("warm").await, "DELETE_COMPLETE", "{}", test.reasons("warm"));
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authorizer_stays_warm_with_the_function_behind_it() {
    let test = TestCloud::start().await;
    let mut parameters: Parameters = test.foundation().await;
    for stem in ["identity", "items"] {
        let outputs = test.created(stem, &template(&format!("foundation/{stem}")), &Parameters::new()).await;
        parameters.extend(outputs);
    }
    let key = test.upload_function(&parameters).await;
    parameters.extend(["CodeKey", "AuthorizerCodeKey"].map(|name| (name.to_owned(), key.clone())));
    parameters.insert("WarmEnvironments".to_owned(), "2".to_owned());
    // The program of the tests wants a topic.
    let template = template("variants/crud-lambda").replace("Variables: {", "Variables: {TOPIC_ARN: none, ");
    test.created("warm", &template, &parameters).await;
    // Two of the version, one of $LATEST, two of the authorizer, which has no version.
    eventually("both functions have theirs", || environments(&test).len() == 5).await;
    test.cloud.stop().await;
}
