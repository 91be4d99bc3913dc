use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::{ImageRootfs, TaskContext, TaskError, TaskExit, TaskSpec};
use crate::launcher::Limits;
use crate::process::{LineSink, Process, exit_code};

/// Where programs are looked for when the image sets no `PATH`, as container runtimes do.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One running process. Dropping it kills the process group.
pub struct Task {
    id: String,
    address: SocketAddr,
    process: Process,
    /// After the process, so that it is removed when nobody writes there any more.
    _directory: Option<OwnDirectory>,
}

/// The working directory of a task whose image is played by this machine's programs.
struct OwnDirectory(PathBuf);

impl OwnDirectory {
    fn create(rootfs: &ImageRootfs, id: &str) -> std::io::Result<Self> {
        let path = rootfs.path.join("tasks").join(id);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for OwnDirectory {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "the directory of a task could not be removed");
        }
    }
}

impl Task {
    /// Starts the process; returns once it is spawned, not once it listens. Must be called on a worker thread of
    /// the runtime, because the process ends with the thread that starts it.
    ///
    /// # Errors
    /// The image names no program, the program is not in the image, or it cannot be started.
    pub fn start(spec: &TaskSpec, context: &TaskContext) -> Result<Self, TaskError> {
        let config = &spec.rootfs.config;
        // An entry point of the task definition takes the image's command away with the image's entry point.
        let default_command = if spec.entry_point.is_some() { &Vec::new() } else { &config.cmd };
        let entry_point = spec.entry_point.as_ref().unwrap_or(&config.entrypoint);
        let command = spec.command.as_ref().unwrap_or(default_command);
        let mut words = entry_point.iter().chain(command);
        let program = words.next().ok_or_else(|| TaskError::NoProgram {
            family: spec.family.clone(),
            digest: spec.rootfs.digest.clone(),
        })?;
        let failed = |error: std::io::Error| TaskError::Spawn {
            family: spec.family.clone(),
            reason: error.to_string(),
        };
        let environment: Vec<(&str, &str)> =
            config.env.iter().filter_map(|variable| variable.split_once('=')).collect();
        let path =
            environment.iter().rfind(|(name, _)| *name == "PATH").map_or(DEFAULT_PATH, |(_, path)| path);
        let id = Uuid::new_v4().simple().to_string();
        let own = spec.rootfs.played_by.as_ref().map(|_| OwnDirectory::create(&spec.rootfs, &id));
        let own = own.transpose().map_err(failed)?;
        let working_dir = own.as_ref().map_or_else(|| working_dir(spec), |own| own.0.clone());
        let executable = find(&spec.rootfs, program, path).ok_or_else(|| TaskError::ProgramNotFound {
            family: spec.family.clone(),
            program: program.clone(),
            digest: spec.rootfs.digest.clone(),
        })?;
        let address = free_address().map_err(failed)?;
        let limits =
            Limits { data_bytes: Some(u64::from(spec.memory_mb) * 1024 * 1024), open_files: spec.open_files };
        let mut process = context.launcher.command(&limits, &executable);
        process
            .args(words)
            .env_clear()
            .env("PATH", path)
            .envs(environment)
            .envs(&context.environment)
            .envs(&spec.environment)
            .env("PORT", address.port().to_string())
            .env("BIND_ADDRESS", address.ip().to_string())
            .current_dir(working_dir);
        let process = Process::spawn(process, log_sink(spec, context, &id)).map_err(failed)?;
        Ok(Self { id, address, process, _directory: own })
    }

    /// 32 hex digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it was told to listen (`PORT`, `BIND_ADDRESS`).
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Of the process that leads the task's process group.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Waits until the process has ended.
    pub async fn exited(&self) -> TaskExit {
        let status = self.process.exited().await;
        TaskExit { code: exit_code(status), last_lines: self.process.last_lines() }
    }

    /// Asks the process to end, without waiting: SIGTERM, `grace`, then SIGKILL to the process group.
    pub fn terminate(&self, grace: Duration) {
        self.process.terminate(grace);
    }

    /// SIGTERM, `grace`, then SIGKILL to the process group. Returns when it has ended.
    pub async fn stop(&self, grace: Duration) -> TaskExit {
        self.terminate(grace);
        self.exited().await
    }
}

fn log_sink(spec: &TaskSpec, context: &TaskContext, id: &str) -> LineSink {
    let Some(group) = spec.log_group.clone() else { return Arc::new(|_: &str| {}) };
    let stream = format!("{}/{}/{id}", spec.log_stream_prefix, spec.container);
    let logs = Arc::clone(&context.logs);
    Arc::new(move |line: &str| logs.write(&group, &stream, line))
}

fn working_dir(spec: &TaskSpec) -> PathBuf {
    let rootfs = &spec.rootfs;
    let wanted = spec.working_dir.as_ref().or(rootfs.config.working_dir.as_ref()).map(Path::new);
    wanted.and_then(|path| rootfs.resolve(path)).unwrap_or_else(|| rootfs.path.clone())
}

/// The file of the image that `program` means, as `exec` would find it inside.
fn find(rootfs: &ImageRootfs, program: &str, path: &str) -> Option<PathBuf> {
    let found = if program.starts_with('/') {
        rootfs.resolve(Path::new(program))
    } else if program.contains('/') {
        let from = rootfs.config.working_dir.as_deref().unwrap_or("/");
        rootfs.resolve(&Path::new(from).join(program))
    } else {
        path.split(':').find_map(|directory| rootfs.resolve(&Path::new(directory).join(program)))
    };
    found.filter(|file| file.is_file())
}

/// A port that is free now. Between this and the process's `bind` another one may take it; then the process fails
/// and is started again with another port.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
