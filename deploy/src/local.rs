//! The embedded cloud: in this process, or as a process of its own that outlives the command.
//!
//! A cloud of its own writes a [`Record`] into the state directory once it serves, and holds a lock there for as long
//! as it lives, so whoever comes later finds it, or finds that it has died.

mod background;
mod embedded;
mod process;
mod record;
mod serve;
mod state_dir;

pub use background::{Presence, died, find, start, stop, sweep_dead};
pub use embedded::{Embedded, Geography};
pub use record::Record;
pub use serve::serve;
pub use state_dir::{HeldLock, StateDir};

/// The regions that a cloud is started with where none is asked for.
pub const DEFAULT_REGION: &str = "us-east-1";
/// The region that every cloud has beside, so that something can be far away.
const SECOND_REGION: &str = "us-west-2";

/// How the cloud's child processes are started: this program with its hidden subcommand.
fn launcher() -> std::io::Result<data_plane::launcher::Launcher> {
    Ok(data_plane::launcher::Launcher::new(std::env::current_exe()?, vec!["launch".into()]))
}
