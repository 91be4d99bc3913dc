//! The life of a function's process.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use workload::crud::token::SecretError;

use crate::authorizer::{TokenEvent, Unauthorized, Verdict};
use crate::proxy::{ProxyRequest, ProxyResponse};
use crate::warm_up::Event;
use crate::{COLD_START_HEADER, EnvironmentError, environment, log};

/// A function that could not be started, or could not go on.
#[derive(Debug, Error)]
pub enum StartError {
    /// The process has not the environment of a Lambda function.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The work is not configured.
    #[error(transparent)]
    Config(#[from] workload::ConfigError),
    /// The secret that tokens are signed with cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The operating system refused.
    #[error("the asynchronous runtime did not start: {0}")]
    Runtime(#[from] std::io::Error),
    /// The Runtime API of Lambda cannot be used.
    #[error("the Runtime API failed: {0}")]
    RuntimeApi(lambda_runtime::Error),
}

/// Runs a function behind API Gateway's proxy integration until its environment is shut down: prepares the work once, then
/// serves one request after the other. Calls that are a [`WarmUp`](crate::warm_up::WarmUp) are no requests.
///
/// What goes wrong is logged, and gives exit code 1.
#[must_use]
pub fn start<P, H, F>(prepare: P) -> ExitCode
where
    P: Future<Output = Result<H, workload::ConfigError>>,
    H: Fn(ProxyRequest) -> F,
    F: Future<Output = ProxyResponse>,
{
    run(async {
        let handler = prepare.await?;
        Ok(move |request: ProxyRequest, cold: bool| {
            let answer = handler(request);
            async move {
                let answer = answer.await;
                Ok(if cold { answer.with_header(COLD_START_HEADER, "1") } else { answer })
            }
        })
    })
}

/// Runs a token authorizer likewise. Whoever is refused is not let in by any policy, but told to bring another token.
#[must_use]
pub fn start_authorizer<P, H>(prepare: P) -> ExitCode
where
    P: Future<Output = Result<H, SecretError>>,
    H: Fn(TokenEvent) -> Result<Verdict, Unauthorized>,
{
    run(async {
        let handler = prepare.await?;
        Ok(move |event: TokenEvent, _cold: bool| std::future::ready(handler(event).map_err(Into::into)))
    })
}

/// What the platform is given for a call.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer<O> {
    Work(O),
    /// `null`
    WarmedUp,
}

/// What a function gives back, with the status under which it is logged.
pub(crate) trait Reply: Serialize {
    /// The HTTP status that the client gets, as far as this function has a say.
    fn status(&self) -> u16;
}

fn run<P, H, F, I, O>(prepare: P) -> ExitCode
where
    P: Future<Output = Result<H, StartError>>,
    H: Fn(I, bool) -> F,
    F: Future<Output = Result<O, Diagnostic>>,
    I: DeserializeOwned + Event,
    O: Reply,
{
    let started = Instant::now();
    log::start();
    let outcome = environment::check().map_err(StartError::from).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(serve(prepare, started))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve<P, H, F, I, O>(prepare: P, started: Instant) -> Result<(), StartError>
where
    P: Future<Output = Result<H, StartError>>,
    H: Fn(I, bool) -> F,
    F: Future<Output = Result<O, Diagnostic>>,
    I: DeserializeOwned + Event,
    O: Reply,
{
    let handler = &prepare.await?;
    let first = &AtomicBool::new(true);
    tracing::info!(init_ms = millis(started), "started");
    let service = service_fn(move |event: LambdaEvent<I>| async move {
        let received = Instant::now();
        let cold = first.swap(false, Ordering::Relaxed);
        if let Some(warm_up) = event.payload.warm_up() {
            tokio::time::sleep(warm_up.hold()).await;
            tracing::info!(requestId = event.context.request_id, cold, "warmed up");
            return Ok(Answer::WarmedUp);
        }
        let outcome = handler(event.payload, cold).await;
        tracing::info!(
            requestId = event.context.request_id,
            status = outcome.as_ref().map_or(401, Reply::status),
            duration_ms = millis(received),
            cold,
            "served"
        );
        outcome.map(Answer::Work)
    });
    lambda_runtime::run(service).await.map_err(StartError::RuntimeApi)
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
