//! The process that is a cloud.

use tokio::signal::unix::{SignalKind, signal};

use super::background::sweep_dead;
use super::embedded::{Embedded, Geography};
use super::process;
use super::record::Record;
use super::state_dir::StateDir;
use crate::failure::Failure;
use crate::settings::Settings;

/// Serves until SIGTERM or SIGINT. `ready` hears where, once requests are answered. A closed terminal does not end it.
pub async fn serve(
    state: &StateDir,
    port: u16,
    settings: &Settings,
    ready: impl FnOnce(&Record),
) -> Result<(), Failure> {
    state.prepare()?;
    let _alive = match state.try_lock("cloud", "local serve")? {
        Ok(lock) => lock,
        Err(holder) => {
            let at = Record::read(state).map(|record| format!(" at {}", record.endpoint)).unwrap_or_default();
            return Err(Failure::new(format!("an embedded cloud runs already{at}: {holder}")).hint(
                "`deploy local stop` stops it; DEPLOY_STATE_DIR names another place for another cloud",
            ));
        }
    };
    // Whoever held the lock before is gone, and so is everything in its cloud.
    sweep_dead(state);
    let unexpected =
        |error: std::io::Error| Failure::unexpected(format!("signals cannot be received: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(unexpected)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unexpected)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(unexpected)?;
    let geography = Geography::of(settings);
    let cloud = Embedded::start(state, port, &geography).await?;
    let record = Record {
        pid: std::process::id(),
        born: process::birth(std::process::id()),
        endpoint: cloud.endpoint().to_owned(),
        regions: geography.regions,
        distance_ms: geography.distance.millis(),
        log: state.log(),
        work_dir: cloud.work_dir().to_owned(),
        ca: cloud.authority_file().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    if let Err(error) = record.write(state) {
        cloud.stop().await;
        return Err(state.unusable(&error));
    }
    ready(&record);
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => tracing::info!("the terminal has gone; the cloud stays"),
        }
    }
    record.withdraw(state);
    cloud.stop().await;
    Ok(())
}
