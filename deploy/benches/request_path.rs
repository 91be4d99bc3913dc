//! What the embedded cloud itself costs on the path of a request, as ratios in one run: `cargo bench -p deploy`.
//!
//! It deploys four variants with the built program, and sends the same requests through API Gateway and straight to the
//! function's pool, through a load balancer and straight to one of its tasks, and pages of 115 turkeys through both
//! mapping templates. The two of a pair take turns in random order; client and cloud share the machine.
#![allow(clippy::print_stdout, reason = "a benchmark reports on its standard output")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Uri};
use load::{Accepts, Limit, Plan, Shape, Target, TargetRequest};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const BODY: &[u8] = br#"{"message":"Hello"}"#;
/// With one task, as the comparison is with one.
const UP: [&str; 7] = [
    "up",
    "publish-lambda",
    "publish-fargate",
    "query-direct",
    "--set",
    "publish-fargate.count=1",
    "--quiet",
];
const TRIAL: Duration = Duration::from_secs(3);
const TRIALS: u32 = 5;

/// The program under test with a state of its own.
struct Deploy<'a> {
    state: &'a Path,
}

impl Deploy<'_> {
    fn run(&self, arguments: &[&str]) -> Result<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_deploy"))
            .args(arguments)
            .arg("--json")
            .env("DEPLOY_STATE_DIR", self.state)
            .stderr(std::process::Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("deploy {} ended with {}", arguments.join(" "), output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

fn main() -> Result<()> {
    let state = tempfile::tempdir()?;
    let deploy = Deploy { state: state.path() };
    let measured = deploy.run(&UP).and_then(|up| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(measure(&deploy, &urls(&up)))
    });
    deploy.run(&["down", "--yes", "--quiet"])?;
    measured
}

async fn measure(deploy: &Deploy<'_>, urls: &BTreeMap<String, String>) -> Result<()> {
    let endpoint = text(&deploy.run(&["local", "status"])?, "/endpoint")?;
    let inventory = inventory(&endpoint)?;
    let url = |variant: &str| urls.get(variant).cloned().ok_or_else(|| format!("{variant} has no URL"));

    let function = text(&inventory, "/functions/0")?;
    let pool = format!("{endpoint}/2015-03-31/functions/{function}/invocations");
    let pair = [publish("API Gateway", &url("publish-lambda")?)?, invoke("function's pool", &pool)?];
    compare(&pair, 16).await?;

    let task = format!("http://127.0.0.1:{}/publish", port_of_a_task(&inventory)?);
    let pair = [publish("load balancer", &url("publish-fargate")?)?, publish("task", &task)?];
    compare(&pair, 50).await?;

    let mut others = inventory["others"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let table = others.find_map(|other| other.strip_prefix("table ")).ok_or("there is no table")?;
    let pair = [pages("query-direct", &url("query-direct")?)?, query("table", &endpoint, table)?];
    compare(&pair, 16).await
}

/// Runs targets in turns and prints rate and latency of each, and how the first compares with the last.
async fn compare(targets: &[Target], connections: u32) -> Result<()> {
    let shape = Shape::Closed { connections, limit: Limit::Duration(TRIAL) };
    let plan = Plan { trials: TRIALS, warm_up: 1, seed: 1, ..Plan::new(shape) };
    let outcomes = load::run(targets, &plan, CancellationToken::new(), &|_| ()).await?;
    let mut figures = Vec::new();
    for outcome in &outcomes {
        let total = outcome.total()?;
        let seconds: f64 = outcome.trials.iter().map(|trial| trial.elapsed.as_secs_f64()).sum();
        #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
        let (rate, failed) = (total.requests as f64 / seconds, total.requests - total.success);
        let mean = total.latency.mean() / 1000.0;
        if failed > 0 {
            return Err(format!("{failed} requests to {} failed: {:?}", outcome.name, total.failures).into());
        }
        println!("{:<28} {connections:>3} connections {rate:>8.0} rps   mean {mean:>7.3} ms", outcome.name);
        figures.push((rate, mean));
    }
    if let [(rate, mean), .., (straight_rate, straight_mean)] = figures[..] {
        println!(
            "{:<28} latency x {:.2}, rate x {:.2}\n",
            "  ratio",
            mean / straight_mean,
            rate / straight_rate
        );
    }
    Ok(())
}

fn publish(name: &str, url: &str) -> Result<Target> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    target(name, Method::POST, url, headers, Bytes::from_static(BODY))
}

/// The event that API Gateway makes of the request to [`publish`].
fn invoke(name: &str, url: &str) -> Result<Target> {
    let event = json!({
        "resource": "/publish", "path": "/publish", "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "pathParameters": null, "stageVariables": null,
        "requestContext": {"resourcePath": "/publish", "httpMethod": "POST", "path": "/v1/publish", "stage": "v1",
            "requestId": "bench", "identity": {"sourceIp": "127.0.0.1"}},
        "body": std::str::from_utf8(BODY)?, "isBase64Encoded": false,
    });
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, scope("lambda")?);
    target(name, Method::POST, url, headers, Bytes::from(event.to_string()))
}

/// The request that API Gateway makes of that to [`pages`].
fn query(name: &str, endpoint: &str, table: &str) -> Result<Target> {
    let request = json!({
        "TableName": table, "IndexName": "breed", "Limit": 115,
        "KeyConditionExpression": "breed = :breed",
        "ProjectionExpression": "pk, #name, breed, weight",
        "ExpressionAttributeNames": {"#name": "name"},
        "ExpressionAttributeValues": {":breed": {"S": "Bronze"}},
    });
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-target", HeaderValue::from_static("DynamoDB_20120810.Query"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    headers.insert(AUTHORIZATION, scope("dynamodb")?);
    target(name, Method::POST, endpoint, headers, Bytes::from(request.to_string()))
}

/// The cloud tells services by the scope of the signature, which it checks only when it was told to.
fn scope(service: &str) -> Result<HeaderValue> {
    let scope = format!("Credential=test/20200101/us-east-1/{service}/aws4_request");
    Ok(HeaderValue::try_from(format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))?)
}

fn pages(name: &str, url: &str) -> Result<Target> {
    let mut target = target(name, Method::GET, url, HeaderMap::new(), Bytes::new())?;
    let whole =
        |body: &[u8]| serde_json::from_slice::<Vec<Value>>(body).is_ok_and(|turkeys| turkeys.len() == 115);
    target.requests[0].accepts = Some(Accepts(std::sync::Arc::new(whole)));
    target.look_every = std::num::NonZeroU32::new(100).ok_or("100 is 0")?;
    Ok(target)
}

fn target(name: &str, method: Method, url: &str, headers: HeaderMap, body: Bytes) -> Result<Target> {
    let uri: Uri = url.parse()?;
    Ok(Target::new(name, TargetRequest { uri, method, headers, body, accepts: None }))
}

fn urls(up: &Value) -> BTreeMap<String, String> {
    let variants = up["variants"].as_array().into_iter().flatten();
    variants
        .filter_map(|one| Some((one["variant"].as_str()?.to_owned(), one["url"].as_str()?.to_owned())))
        .collect()
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found.ok_or_else(|| format!("{pointer} is not in {value}"))?.to_owned())
}

fn inventory(endpoint: &str) -> Result<Value> {
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://"))?;
    stream.write_all(b"GET /_local/inventory HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("the cloud did not answer")?;
    Ok(serde_json::from_str(body)?)
}

/// Tasks are told their port by their environment.
fn port_of_a_task(inventory: &Value) -> Result<String> {
    let processes = inventory["processes"].as_array().into_iter().flatten();
    let task = processes
        .clone()
        .find(|process| process["name"].as_str().is_some_and(|name| name.starts_with("task ")));
    let pid = task.and_then(|task| task["pid"].as_u64()).ok_or("no task runs")?;
    let environment = std::fs::read_to_string(format!("/proc/{pid}/environ"))?;
    let port = environment.split('\0').find_map(|variable| variable.strip_prefix("PORT="));
    Ok(port.ok_or("the task has no PORT")?.to_owned())
}
