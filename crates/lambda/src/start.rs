//! The life of a function's process.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use lambda_runtime::{LambdaEvent, service_fn};
use thiserror::Error;

use crate::proxy::{ProxyRequest, ProxyResponse};
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
    /// The operating system refused.
    #[error("the asynchronous runtime did not start: {0}")]
    Runtime(#[from] std::io::Error),
    /// The Runtime API of Lambda cannot be used.
    #[error("the Runtime API failed: {0}")]
    RuntimeApi(lambda_runtime::Error),
}

/// Runs a function until its environment is shut down: prepares the work once, then serves one request after the other.
///
/// What goes wrong is logged, and gives exit code 1.
#[must_use]
pub fn start<P, H, F>(prepare: P) -> ExitCode
where
    P: Future<Output = Result<H, workload::ConfigError>>,
    H: Fn(ProxyRequest) -> F,
    F: Future<Output = ProxyResponse>,
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

async fn serve<P, H, F>(prepare: P, started: Instant) -> Result<(), StartError>
where
    P: Future<Output = Result<H, workload::ConfigError>>,
    H: Fn(ProxyRequest) -> F,
    F: Future<Output = ProxyResponse>,
{
    let handler = &prepare.await?;
    let first = &AtomicBool::new(true);
    tracing::info!(init_ms = millis(started), "started");
    let service = service_fn(move |event: LambdaEvent<ProxyRequest>| async move {
        let received = Instant::now();
        let cold = first.swap(false, Ordering::Relaxed);
        let mut response = handler(event.payload).await;
        if cold {
            response = response.with_header(COLD_START_HEADER, "1");
        }
        tracing::info!(
            requestId = event.context.request_id,
            status = response.status(),
            duration_ms = millis(received),
            cold,
            "served"
        );
        Ok::<_, lambda_runtime::Error>(response)
    });
    lambda_runtime::run(service).await.map_err(StartError::RuntimeApi)
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
