use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_plane::function::{
    Function, FunctionSpec, Invocation, InvokeError, InvokeOptions, LogFormat, StartError,
};
use serde_json::{Value, json};

use crate::support::{eventually, function_context, function_spec, is_alive, zip_of};

async fn invoke(function: &Function, payload: Value) -> Result<Invocation, InvokeError> {
    function.invoke(Bytes::from(payload.to_string()), InvokeOptions::default()).await
}

fn json_of(invocation: &Invocation) -> Value {
    serde_json::from_slice(&invocation.payload).unwrap()
}

async fn pid_of(function: &Function) -> u32 {
    let described = invoke(function, json!({"describe": true})).await.unwrap();
    u32::try_from(json_of(&described)["pid"].as_u64().unwrap()).unwrap()
}

#[tokio::test]
async fn the_payload_comes_back_and_one_environment_is_reused() {
    let (context, logs, directory) = function_context();
    let function = Function::start(function_spec(), context).await.unwrap();
    let first = invoke(&function, json!({"hello": "wörld"})).await.unwrap();
    assert_eq!(json_of(&first), json!({"hello": "wörld"}));
    assert_eq!((first.function_error, first.init_duration), (None, None));
    assert_eq!(first.version, "$LATEST");
    assert_eq!(pid_of(&function).await, pid_of(&function).await);
    eventually("three reports", || {
        logs.messages("/aws/lambda/worker").iter().filter(|line| line.starts_with("REPORT ")).count() == 3
    })
    .await;
    let pid = pid_of(&function).await;
    function.stop().await;
    assert!(!is_alive(pid));
    drop(function);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "the code directory is gone");
}

#[tokio::test]
async fn the_process_sees_what_lambda_sets() {
    let (context, _logs, _directory) = function_context();
    let mut spec = FunctionSpec { tracing: true, log_format: LogFormat::Json, ..function_spec() };
    spec.environment.insert("TOPIC_ARN".to_owned(), "arn:topic".to_owned());
    spec.environment.insert("AWS_LAMBDA_FUNCTION_NAME".to_owned(), "forged".to_owned());
    let function = Function::start(spec, context).await.unwrap();
    let options = InvokeOptions { client_context: Some("{\"a\":1}".to_owned()), ..InvokeOptions::default() };
    let seen = function.invoke(json!({"describe": true}).to_string().into(), options).await.unwrap();
    let seen = json_of(&seen);
    let environment = &seen["environment"];
    for (name, value) in [
        ("TOPIC_ARN", "arn:topic"),
        ("AWS_LAMBDA_FUNCTION_NAME", "worker"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/worker"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ("AWS_REGION", "us-east-1"),
        ("_HANDLER", "bootstrap"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    assert!(environment.get("HOME").is_none(), "nothing of the cloud's own environment");
    assert!(environment["AWS_LAMBDA_LOG_STREAM_NAME"].as_str().unwrap().contains("/[$LATEST]"));
    assert_eq!(seen["arn"], "arn:aws:lambda:us-east-1:000000000000:function:worker");
    assert_eq!(seen["client_context"], "{\"a\":1}");
    assert!(seen["trace"].as_str().unwrap().starts_with("Root=1-"));
    assert!(seen["trace"].as_str().unwrap().ends_with("Sampled=1"));
    assert!(seen["deadline"].as_str().unwrap().parse::<u64>().unwrap() > 1_600_000_000_000);
}

#[tokio::test]
async fn requests_run_side_by_side_each_in_its_own_environment() {
    let (context, _logs, _directory) = function_context();
    let function = Function::start(function_spec(), context).await.unwrap();
    let begun = Instant::now();
    let requests = (0..8).map(|_| invoke(&function, json!({"sleep_ms": 600})));
    let done = futures::future::join_all(requests).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let cold = done.iter().filter(|one| one.as_ref().unwrap().init_duration.is_some()).count();
    assert_eq!(cold, 7, "all but the first environment were started for their request");
}

#[tokio::test]
async fn a_request_after_another_waits_for_its_environment_instead_of_a_new_one() {
    let (context, _logs, _directory) = function_context();
    let spec = FunctionSpec { reserved_concurrency: Some(1), ..function_spec() };
    let function = Function::start(spec, context).await.unwrap();
    let pid = pid_of(&function).await;
    for _ in 0..200 {
        let done = invoke(&function, json!({"x": 1})).await.unwrap();
        assert_eq!(done.init_duration, None);
    }
    assert_eq!(pid_of(&function).await, pid);
}

#[tokio::test]
async fn more_than_the_reserved_concurrency_is_throttled() {
    let (context, _logs, _directory) = function_context();
    let spec = FunctionSpec { reserved_concurrency: Some(2), ..function_spec() };
    let function = Function::start(spec, context).await.unwrap();
    let done = futures::future::join_all((0..5).map(|_| invoke(&function, json!({"sleep_ms": 300})))).await;
    let throttled = done.iter().filter(|one| matches!(one, Err(InvokeError::Throttled { .. }))).count();
    assert_eq!(throttled, 3);
    invoke(&function, json!({})).await.unwrap();
}

#[tokio::test]
async fn a_slow_handler_is_cut_off_and_its_environment_replaced() {
    let (context, logs, _directory) = function_context();
    let spec = FunctionSpec { timeout: Duration::from_secs(1), ..function_spec() };
    let function = Function::start(spec, context).await.unwrap();
    let pid = pid_of(&function).await;
    let begun = Instant::now();
    let options = InvokeOptions { log_tail: true, ..InvokeOptions::default() };
    let late = function.invoke(json!({"sleep_ms": 5000}).to_string().into(), options).await.unwrap();
    assert!((1.0..1.7).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
    assert_eq!(late.function_error.as_deref(), Some("Unhandled"));
    let payload = json_of(&late);
    assert_eq!(payload["errorType"], "Sandbox.Timedout");
    assert!(payload["errorMessage"].as_str().unwrap().ends_with("Task timed out after 1.00 seconds"));
    assert!(late.log_tail.unwrap().contains("Task timed out after 1.00 seconds"));
    assert!(!is_alive(pid));
    assert_ne!(pid_of(&function).await, pid);
    assert!(logs.messages("/aws/lambda/worker").iter().any(|line| line.contains("Status: timeout")));
}

#[tokio::test]
async fn a_crash_and_an_error_are_the_invocations_failure_only() {
    let (context, _logs, _directory) = function_context();
    let function = Function::start(function_spec(), context).await.unwrap();
    let crashed = invoke(&function, json!({"exit": 7})).await.unwrap();
    assert_eq!(json_of(&crashed)["errorType"], "Runtime.ExitError");
    let message = json_of(&crashed)["errorMessage"].as_str().unwrap().to_owned();
    assert!(message.ends_with("Runtime exited with error: exit status 7"), "{message}");
    let failed = invoke(&function, json!({"fail": "no"})).await.unwrap();
    assert_eq!(failed.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(json_of(&failed), json!({"errorType": "Handled", "errorMessage": "no"}));
    assert_eq!(invoke(&function, json!({})).await.unwrap().function_error, None);
}

#[tokio::test]
async fn memory_is_limited_to_what_was_configured() {
    let (context, _logs, _directory) = function_context();
    let function = Function::start(function_spec(), context).await.unwrap();
    assert_eq!(invoke(&function, json!({"allocate_mb": 64})).await.unwrap().function_error, None);
    let over = invoke(&function, json!({"allocate_mb": 200})).await.unwrap();
    assert_eq!(json_of(&over)["errorType"], "Runtime.ExitError");
    function.update(FunctionSpec { memory_mb: 512, ..function_spec() }).await.unwrap();
    assert_eq!(invoke(&function, json!({"allocate_mb": 200})).await.unwrap().function_error, None);
}

#[tokio::test]
async fn the_log_tail_has_the_lines_of_the_invocation_alone() {
    let (context, logs, _directory) = function_context();
    let spec = FunctionSpec { log_format: LogFormat::Json, ..function_spec() };
    let function = Function::start(spec, context).await.unwrap();
    invoke(&function, json!({"print": "before"})).await.unwrap();
    let options = InvokeOptions { log_tail: true, ..InvokeOptions::default() };
    let done = function.invoke(json!({"print": "mine"}).to_string().into(), options).await.unwrap();
    let tail = done.log_tail.unwrap();
    let lines: Vec<&str> = tail.lines().collect();
    assert_eq!((lines.len(), lines[1]), (3, "mine"), "{tail}");
    let report: Value = serde_json::from_str(lines[2]).unwrap();
    assert_eq!(report["type"], "platform.report");
    assert_eq!(report["record"]["requestId"], done.request_id.as_str());
    assert_eq!(report["record"]["metrics"]["memorySizeMB"], 128);
    assert!(report["record"]["metrics"]["maxMemoryUsedMB"].as_u64().unwrap() > 0);
    let all = logs.messages("/aws/lambda/worker");
    assert!(all.iter().any(|line| line.contains("platform.initStart")));
}

#[tokio::test]
async fn payloads_have_limits_both_ways() {
    let (context, _logs, _directory) = function_context();
    let function = Function::start(function_spec(), context).await.unwrap();
    let large = Bytes::from(vec![b' '; 6_291_557]);
    let refused = function.invoke(large, InvokeOptions::default()).await.unwrap_err();
    assert!(matches!(refused, InvokeError::PayloadTooLarge { size: 6_291_557, .. }), "{refused}");
    let over = invoke(&function, json!({"large": 7_000_000})).await.unwrap();
    assert_eq!(json_of(&over)["errorType"], "Function.ResponseSizeTooLarge");
    let most = invoke(&function, json!({"large": 6_000_000})).await.unwrap();
    assert_eq!(most.payload.len(), 6_000_002);
}

#[tokio::test]
async fn unusable_code_fails_the_start_with_the_reason() {
    let (context, _logs, directory) = function_context();
    let start = async |code: Bytes| {
        let spec = FunctionSpec { code, ..function_spec() };
        Function::start(spec, context.clone()).await.err().unwrap().to_string()
    };
    assert!(start(Bytes::from_static(b"hello")).await.contains("not a zip"));
    assert!(start(zip_of(&[("main", "", 0o755)])).await.contains("no file bootstrap"));
    assert!(start(zip_of(&[("bootstrap", "", 0o644)])).await.contains("not executable"));
    let escaping = zip_of(&[("bootstrap", "", 0o755), ("../../evil", "x", 0o644)]);
    assert!(start(escaping).await.contains("leads out of the zip"));
    let runtime = FunctionSpec { runtime: "nodejs22.x".to_owned(), ..function_spec() };
    let refused = Function::start(runtime, context.clone()).await.err().unwrap();
    assert!(matches!(refused, StartError::Runtime { .. }));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_failing_initialisation_fails_the_start_with_the_last_lines() {
    let (context, _logs, _directory) = function_context();
    let start = async |init: &str| {
        let mut spec = function_spec();
        spec.environment.insert("INIT".to_owned(), init.to_owned());
        Function::start(spec, context.clone()).await.err().unwrap().to_string()
    };
    let crash = start("crash").await;
    assert!(crash.contains("exited with code 1") && crash.contains("Error: TOPIC_ARN is not set"), "{crash}");
    let error = start("error").await;
    assert!(error.contains("Extension.Broken: no configuration"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_under_load_fails_no_request() {
    let (context, _logs, directory) = function_context();
    let version = |number: &str| {
        let mut spec = function_spec();
        spec.environment.insert("VERSION".to_owned(), number.to_owned());
        spec.version = number.to_owned();
        spec
    };
    let function = Function::start(version("1"), context).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let (function, over, served) = (function.clone(), Arc::clone(&over), Arc::clone(&served));
            tokio::spawn(async move {
                let mut versions = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let done = invoke(&function, json!({"sleep_ms": 2})).await.expect("served");
                    assert_eq!(done.function_error, None);
                    served.fetch_add(1, Ordering::Relaxed);
                    versions.push(done.version);
                }
                versions
            })
        })
        .collect();
    for number in ["2", "3", "4"] {
        tokio::time::sleep(Duration::from_millis(150)).await;
        function.update(version(number)).await.unwrap();
        let seen = invoke(&function, json!({"describe": true})).await.unwrap();
        assert_eq!(json_of(&seen)["environment"]["VERSION"], number);
    }
    let mut broken = version("5");
    broken.environment.insert("INIT".to_owned(), "crash".to_owned());
    function.update(broken).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(100)).await;
    over.store(true, Ordering::Relaxed);
    for client in clients {
        let versions = client.await.unwrap();
        assert_eq!(versions.last().map(String::as_str), Some("4"));
        assert!(versions.is_sorted());
    }
    assert!(served.load(Ordering::Relaxed) > 50);
    eventually("old environments are gone", || children_of_this_test(&directory) <= 7).await;
    function.stop().await;
    assert_eq!(children_of_this_test(&directory), 0);
}

/// Processes whose working directory is in `directory`.
fn children_of_this_test(directory: &tempfile::TempDir) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok())
        .filter(|cwd| cwd.starts_with(directory.path()))
        .count()
}

#[tokio::test]
async fn idle_environments_are_reaped_but_the_last() {
    let (mut context, _logs, directory) = function_context();
    context.idle_timeout = Duration::from_millis(200);
    let function = Function::start(function_spec(), context).await.unwrap();
    let requests = (0..4).map(|_| invoke(&function, json!({"sleep_ms": 200})));
    futures::future::join_all(requests).await;
    assert_eq!(children_of_this_test(&directory), 4);
    eventually("one is left", || children_of_this_test(&directory) == 1).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(children_of_this_test(&directory), 1);
    let provisioned = FunctionSpec { provisioned: 3, ..function_spec() };
    function.update(provisioned).await.unwrap();
    eventually("three are kept", || children_of_this_test(&directory) == 3).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(children_of_this_test(&directory), 3);
}

#[tokio::test]
async fn a_dropped_caller_does_not_lose_the_environment() {
    let (context, _logs, directory) = function_context();
    let function = Function::start(function_spec(), context).await.unwrap();
    for _ in 0..20 {
        let request = invoke(&function, json!({"sleep_ms": 30}));
        assert!(tokio::time::timeout(Duration::from_millis(10), request).await.is_err());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    invoke(&function, json!({})).await.unwrap();
    assert!(children_of_this_test(&directory) <= 5);
    drop(function);
    eventually("dropping the function ends it", || children_of_this_test(&directory) == 0).await;
}
