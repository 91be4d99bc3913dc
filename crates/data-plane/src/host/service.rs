use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::unit::{Restart, Unit};
use crate::launcher::{Launcher, Limits};
use crate::mutex::Mutex;
use crate::process::{LineSink, Process, exit_code};

/// What a unit's process is started with.
pub(super) struct Program {
    pub(super) unit: Unit,
    pub(super) launcher: Launcher,
    /// The program and its arguments, as they are on this machine.
    pub(super) words: Vec<std::ffi::OsString>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) directory: PathBuf,
    pub(super) sink: LineSink,
}

/// A unit that is kept running as it says. Dropping it kills its process.
pub(super) struct Service {
    name: String,
    process: watch::Receiver<Option<u32>>,
    stopping: CancellationToken,
    owner: Mutex<JoinSet<()>>,
}

impl Service {
    /// Starts the unit's program.
    pub(super) fn start(program: Program) -> Self {
        let (running, process) = watch::channel(None);
        let stopping = CancellationToken::new();
        let name = program.unit.name.clone();
        let mut owner = JoinSet::new();
        owner.spawn(keep(program, running, stopping.clone()));
        Self { name, process, stopping, owner: Mutex::new(owner) }
    }

    /// Name of the unit and ID of its process, while it has one.
    pub(super) fn process(&self) -> Option<(String, u32)> {
        (*self.process.borrow()).map(|id| (self.name.clone(), id))
    }

    /// Asks the process to end, kills it after the unit's time, and returns when it has ended.
    pub(super) async fn stop(&self) {
        self.stopping.cancel();
        let mut owner = std::mem::take(&mut *self.owner.lock());
        while owner.join_next().await.is_some() {}
    }
}

async fn keep(program: Program, running: watch::Sender<Option<u32>>, stopping: CancellationToken) {
    let unit = &program.unit;
    loop {
        let failed = match spawn(&program) {
            Ok(process) => {
                running.send_replace(Some(process.id()));
                let status = tokio::select! {
                    status = process.exited() => status,
                    () = stopping.cancelled() => {
                        process.terminate(unit.stop_timeout);
                        process.exited().await;
                        running.send_replace(None);
                        return;
                    }
                };
                running.send_replace(None);
                (program.sink)(&format!(
                    "{}.service: Main process exited, status={}",
                    unit.name,
                    exit_code(status)
                ));
                !status.success()
            }
            Err(error) => {
                (program.sink)(&format!("{}.service: Failed to execute: {error}", unit.name));
                true
            }
        };
        let again = match unit.restart {
            Restart::Never => false,
            Restart::OnFailure => failed,
            Restart::Always => true,
        };
        if !again {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(unit.restart_pause) => {}
            () = stopping.cancelled() => return,
        }
    }
}

fn spawn(program: &Program) -> std::io::Result<Process> {
    let mut words = program.words.iter();
    let executable = words.next().ok_or_else(|| std::io::Error::other("there is no program"))?;
    let limits = Limits { data_bytes: program.unit.memory, open_files: program.unit.open_files };
    let mut command = program.launcher.command(&limits, executable.as_ref());
    command.args(words).env_clear().envs(&program.environment).current_dir(&program.directory);
    Process::spawn(command, Arc::clone(&program.sink))
}
