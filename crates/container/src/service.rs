//! The life of the process.

use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use workload::crud::token::SecretError;
use workload::trace::Tracer;
use workload::{ConfigError, UnknownWorkload};

use crate::settings::Settings;
use crate::{connections, routes};

/// How long requests in flight may take once the process is asked to stop. ECS kills 30 s after it has asked.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#container_definition_timeout>
const PATIENCE: Duration = Duration::from_secs(25);

/// How long the last segments of traces may take.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Why the program ends with exit code 1.
#[derive(Debug, Error)]
pub(crate) enum ServiceError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("WORKLOAD: {0}")]
    Workload(UnknownWorkload),
    #[error(
        "\"{given}\" is not understood: start without arguments to serve, or with --healthcheck to ask a running service"
    )]
    Arguments { given: String },
    #[error("the port {} of {} cannot be listened on: {source}; set PORT and BIND_ADDRESS to a free port of this machine", .address.port(), .address.ip())]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("the asynchronous runtime did not start: {0}")]
    Runtime(#[from] std::io::Error),
    #[error("requests were still running {} s after the signal to stop", PATIENCE.as_secs())]
    Impatient,
    #[error("unhealthy: http://{address}{}: {reason}", routes::HEALTH_PATH)]
    Unhealthy { address: SocketAddr, reason: String },
}

/// Serves until SIGTERM or SIGINT, then finishes what is in flight.
pub(crate) fn run() -> Result<(), ServiceError> {
    let settings = Settings::from_env()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<(), ServiceError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let draining = CancellationToken::new();
    let (tracer, sending) = Tracer::from_env().await.unzip();
    let mut background: JoinSet<()> = JoinSet::new();
    if let Some(sending) = sending {
        background.spawn(sending);
    }
    let router = routes::of(settings.workload, draining.clone(), tracer).await?;
    let listen = |source| ServiceError::Listen { address: settings.address, source };
    let listener = TcpListener::bind(settings.address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    tracing::info!(workload = %settings.workload, %address, "listening");

    let serving = connections::serve(listener, router, draining.clone(), PATIENCE);
    tokio::pin!(serving);
    let signal = tokio::select! {
        finished = serving.as_mut() => return if finished { Ok(()) } else { Err(ServiceError::Impatient) },
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!(signal, "draining");
    draining.cancel();
    if !serving.await {
        return Err(ServiceError::Impatient);
    }
    // The tracer went with the last request; what it has left is sent unless that takes long.
    let sent = async { while background.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, sent).await.is_err() {
        tracing::warn!("the last segments were not sent");
    }
    tracing::info!("stopped");
    Ok(())
}
