//! Starts child processes that die with the cloud and keep to their limits.
//!
//! The program is not started directly: a launcher (the current executable with a hidden subcommand) is started,
//! which arranges that the kernel kills it when its parent dies, sets resource limits, and then becomes the program.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use tokio::process::Command;

/// Selects the built-in static web server instead of another program.
const STATIC_FILES: &str = "--static-files";

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

    /// The words that run the built-in static web server; nginx's arguments `-p` and `-c` follow them.
    #[must_use]
    pub fn static_files(&self) -> Vec<OsString> {
        let program = std::iter::once(self.program.clone().into_os_string());
        program.chain(self.leading_args.iter().cloned()).chain([STATIC_FILES.into()]).collect()
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
///
/// The process gets SIGKILL when its parent's thread ends, and ends at once if the parent is gone already.
pub fn launch(args: impl IntoIterator<Item = OsString>) -> io::Error {
    let mut args = args.into_iter().peekable();
    if args.next_if(|first| first == STATIC_FILES).is_some() {
        return crate::static_files::run(args);
    }
    match prepare(args) {
        Ok(mut command) => become_program(&mut command),
        Err(error) => error,
    }
}

/// A program that was just written may be "busy" for as long as a child forked meanwhile holds its file open.
fn become_program(command: &mut std::process::Command) -> io::Error {
    let mut attempts_left = 50;
    loop {
        let error = command.exec();
        if error.kind() != io::ErrorKind::ExecutableFileBusy || attempts_left == 0 {
            return error;
        }
        attempts_left -= 1;
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Applies what the options ask for and gives the command after `--`.
fn prepare(args: impl IntoIterator<Item = OsString>) -> io::Result<std::process::Command> {
    let mut args = args.into_iter();
    let mut parent = None;
    let mut limits = Limits::default();
    loop {
        let option = args.next().ok_or_else(|| invalid("a program after -- is missing"))?;
        if option == "--" {
            break;
        }
        let value = args.next().and_then(|value| value.to_str()?.parse::<u64>().ok());
        match option.to_str() {
            Some("--parent") => parent = value,
            Some("--data-bytes") => limits.data_bytes = value,
            Some("--open-files") => limits.open_files = value,
            _ => return Err(invalid(&format!("{} is not an option of the launcher", option.display()))),
        }
    }
    die_with_parent(parent.ok_or_else(|| invalid("--parent PID is missing"))?)?;
    limits.apply()?;
    let program = args.next().ok_or_else(|| invalid("a program after -- is missing"))?;
    let mut command = std::process::Command::new(program);
    command.args(args);
    Ok(command)
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(target_os = "linux")]
fn die_with_parent(parent: u64) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died between the fork and the call above: then no signal will ever come.
    let present = getppid().map(|pid| pid.as_raw_nonzero().get());
    if present.and_then(|pid| u64::try_from(pid).ok()) == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::BrokenPipe, format!("the parent process {parent} has ended")))
    }
}

/// Other systems cannot tie a process to its parent; there, children of a killed cloud have to be ended by hand.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "the signature is that of Linux")]
fn die_with_parent(_parent: u64) -> io::Result<()> {
    Ok(())
}

impl Limits {
    fn apply(&self) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        if let Some(bytes) = self.data_bytes {
            setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum: Some(bytes) })?;
        }
        if let Some(files) = self.open_files {
            let maximum = getrlimit(Resource::Nofile).maximum;
            let current = maximum.map_or(files, |maximum| files.min(maximum));
            setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum })?;
        }
        Ok(())
    }
}
