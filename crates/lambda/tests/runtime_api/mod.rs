//! A server that plays Lambda's Runtime API for one environment.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

#![allow(dead_code, reason = "several tests share this module, and each uses a part of it")]

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

type Outcome = (String, Value);

/// An environment of a function: the program and the API that it asks for work.
pub struct Environment {
    events: mpsc::Sender<Value>,
    outcomes: mpsc::Receiver<Outcome>,
    child: Child,
}

#[derive(Clone)]
struct Api {
    events: Arc<Mutex<mpsc::Receiver<Value>>>,
    outcomes: mpsc::Sender<Outcome>,
}

impl Environment {
    pub async fn start(variables: Vec<(&'static str, String)>) -> Environment {
        Environment::start_program(env!("CARGO_BIN_EXE_publish"), variables).await
    }

    /// Starts one of the functions' programs.
    pub async fn start_program(path: &str, variables: Vec<(&'static str, String)>) -> Environment {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, next_events) = mpsc::channel(8);
        let (outcome, outcomes) = mpsc::channel(8);
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(report))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Api { events: Arc::new(Mutex::new(next_events)), outcomes: outcome });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let child = command(path, Some(address)).envs(variables).spawn().unwrap();
        Environment { events, outcomes, child }
    }

    /// Invokes the function and waits for what it reports: `response` or `error`, and the content.
    pub async fn invoke(&mut self, event: Value) -> Outcome {
        self.events.send(event).await.unwrap();
        tokio::time::timeout(Duration::from_secs(20), self.outcomes.recv())
            .await
            .expect("no answer in time")
            .unwrap()
    }

    /// Ends the program and returns what it logged.
    pub async fn stop(mut self) -> Vec<Value> {
        self.child.start_kill().unwrap();
        lines(&mut self.child).await
    }
}

/// The program as Lambda starts it, or without the Runtime API.
pub fn program(api: Option<SocketAddr>) -> Command {
    command(env!("CARGO_BIN_EXE_publish"), api)
}

fn command(path: &str, api: Option<SocketAddr>) -> Command {
    let mut command = Command::new(path);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    if let Some(address) = api {
        command
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "publish")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    }
    command
}

/// What a program logs until its end; every line is a JSON object.
pub async fn lines(child: &mut Child) -> Vec<Value> {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).await.unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

async fn next(State(api): State<Api>) -> Response {
    match api.events.lock().await.recv().await {
        Some(event) => (
            [
                ("lambda-runtime-aws-request-id", "request-1"),
                ("lambda-runtime-deadline-ms", "4102444800000"),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:000000000000:function:publish",
                ),
            ],
            event.to_string(),
        )
            .into_response(),
        None => std::future::pending().await,
    }
}

async fn report(State(api): State<Api>, Path((_id, kind)): Path<(String, String)>, body: String) -> Response {
    let content = serde_json::from_str(&body).unwrap_or_default();
    api.outcomes.send((kind, content)).await.unwrap();
    axum::http::StatusCode::ACCEPTED.into_response()
}
