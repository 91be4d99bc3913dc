//! Finds, starts and stops the cloud that is a process of its own.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::process;
use super::record::Record;
use super::state_dir::StateDir;
use crate::failure::Failure;
use crate::local_http;
use crate::settings::Settings;

/// How long a new cloud may take until it serves.
const START_PATIENCE: Duration = Duration::from_secs(15);
/// How long a cloud may take to end its processes.
const STOP_PATIENCE: Duration = Duration::from_secs(12);
/// How many of the last lines of a log are shown when a start fails.
const LOG_LINES: usize = 5;

/// Whether there is a cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It serves.
    Serving(Record),
    /// Its process has died without taking its record along.
    Died(Record),
    /// Its process lives and does not answer.
    Mute(Record),
    Absent,
}

/// Looks for the cloud of the state directory.
pub async fn find(state: &StateDir) -> Presence {
    let Some(record) = Record::read(state) else { return Presence::Absent };
    if !record.is_alive() {
        return Presence::Died(record);
    }
    let asked = local_http::get(&record.endpoint, "/_local/health", Duration::from_secs(3)).await;
    let same = asked
        .is_ok_and(|health| health.get("pid").and_then(serde_json::Value::as_u64) == Some(record.pid.into()));
    if same { Presence::Serving(record) } else { Presence::Mute(record) }
}

/// The words for a cloud that has died.
pub fn died(record: &Record) -> String {
    format!("the embedded cloud (pid {}) has died; its stacks are gone with it", record.pid)
}

/// Starts a cloud in the background, or finds the one that somebody else started meanwhile.
pub async fn start(state: &StateDir, port: u16, settings: &Settings) -> Result<Record, Failure> {
    state.prepare()?;
    let log = File::options()
        .create(true)
        .append(true)
        .open(state.log())
        .and_then(|log| Ok((log.try_clone()?, log)))
        .map_err(|error| state.unusable(&error))?;
    let log_begin = log.0.metadata().map_or(0, |metadata| metadata.len());
    let program = std::env::current_exe()
        .map_err(|error| Failure::unexpected(format!("this program cannot find itself: {error}")))?;
    let mut command = Command::new(program);
    command.args(["local", "serve", "--port"]).arg(port.to_string());
    if let Some(region) = &settings.region {
        command.args(["--region", region.as_str()]);
    }
    command.args(["--distance-ms", &settings.distance.millis().to_string()]);
    let mut child = command
        .env("DEPLOY_STATE_DIR", state.path())
        .env_remove("DEPLOY_CONFIG")
        .env_remove("DEPLOY_ENDPOINT_URL")
        .env("DEPLOY_TARGET", "local")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.0)
        .stderr(log.1)
        .process_group(0)
        .spawn()
        .map_err(|error| Failure::unexpected(format!("the embedded cloud cannot be started: {error}")))?;
    let begin = Instant::now();
    loop {
        if let Presence::Serving(record) = find(state).await {
            return Ok(record);
        }
        if let Some(failure) = ended(state, &mut child, log_begin) {
            // The one that was first may just be about to serve.
            tokio::time::sleep(Duration::from_millis(300)).await;
            return match find(state).await {
                Presence::Serving(record) => Ok(record),
                _ => Err(failure),
            };
        }
        if begin.elapsed() > START_PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failure::unexpected(format!(
                "the embedded cloud did not answer within {} s",
                START_PATIENCE.as_secs()
            ))
            .hint(format!("its log is {}", state.log().display())));
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// What the child's log says if it has ended.
fn ended(state: &StateDir, child: &mut Child, log_begin: u64) -> Option<Failure> {
    let status = child.try_wait().ok()??;
    let log = std::fs::read(state.log()).unwrap_or_default();
    let own = log.get(usize::try_from(log_begin).unwrap_or(0)..).unwrap_or_default();
    let text = String::from_utf8_lossy(own);
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join("; ");
    let message = tail.strip_prefix("error: ").unwrap_or(&tail);
    let words = if message.is_empty() { status.to_string() } else { message.to_owned() };
    let (message, hint) = match words.split_once(";   hint: ") {
        Some((message, hint)) => (message.to_owned(), hint.to_owned()),
        None => (words, format!("its log is {}", state.log().display())),
    };
    Some(Failure::new(format!("the embedded cloud did not start: {message}")).hint(hint))
}

/// Ends the cloud and removes what it leaves. Says whether it is gone.
pub async fn stop(state: &StateDir, record: &Record) -> bool {
    let gone = process::end(record.pid, record.born, STOP_PATIENCE).await;
    if gone {
        sweep_dead(state);
    }
    gone
}

/// Removes the record and the work of clouds whose process has died. Their child processes died with them: the kernel
/// kills them when their parent goes.
pub fn sweep_dead(state: &StateDir) {
    if Record::read(state).is_some_and(|record| !record.is_alive()) {
        let _ = std::fs::remove_file(state.record());
    }
    for entry in std::fs::read_dir(state.works()).into_iter().flatten().flatten() {
        if !entry.file_name().to_str().is_some_and(process::owner_is_alive) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let _ = std::fs::remove_dir(state.works());
}
