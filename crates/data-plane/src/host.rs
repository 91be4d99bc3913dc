//! A virtual machine's first boot, played by processes of this machine.
//!
//! What user data says is read whole before anything starts ([`CloudConfig`], [`HostPlan`]), and what cannot be done is refused.
//! Files lie in a directory of the host's own; nginx, the CloudWatch agent, systemd and the AWS command line have stand-ins:
//! this machine's nginx with its ports and paths changed, a [log sink](crate::LogSink), supervised processes, and [`Outside`].
//! No shell runs, and nothing outside the directory is touched.

mod agent;
mod boot;
mod cloud_config;
mod command;
mod journal;
mod nginx;
mod plan;
mod ports;
mod service;
mod unit;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::JoinSet;

pub use cloud_config::{CloudConfig, WrittenFile};
pub use command::{Act, Command, Runs, Step};
pub use plan::HostPlan;
pub use unit::{Restart, Unit};

use crate::LogSink;
use crate::launcher::Launcher;
use crate::mutex::Mutex;
use boot::Machine;

/// Why a host cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Something in the user data.
    #[error("{place}: {reason}")]
    Unplayable {
        /// Which part.
        place: String,
        /// What is wrong, and what would do.
        reason: String,
    },
    /// The machine did not give what the host needs.
    #[error("the host {host} cannot be started: {reason}")]
    Start {
        /// The host's ID.
        host: String,
        /// What the system said.
        reason: String,
    },
}

fn wrong(place: &str, reason: impl fmt::Display) -> HostError {
    HostError::Unplayable { place: place.to_owned(), reason: reason.to_string() }
}

/// A host to start.
#[derive(Clone, Debug)]
pub struct HostSpec {
    /// `i-0123456789abcdef0`
    pub id: String,
    pub plan: HostPlan,
    /// Memory of the machine in bytes, which is the most that one process gets.
    pub memory: u64,
    /// Does not exist yet; it is removed with the host.
    pub directory: PathBuf,
}

/// What hosts need around them.
#[derive(Clone)]
pub struct HostContext {
    pub launcher: Launcher,
    pub logs: Arc<dyn LogSink>,
    /// What programs find by themselves on a virtual machine: region, endpoint, credentials.
    pub environment: BTreeMap<String, String>,
    /// The words that run nginx, before its arguments.
    pub nginx: Vec<OsString>,
    pub outside: Arc<dyn Outside>,
}

/// Whom the commands of user data talk to.
#[async_trait]
pub trait Outside: Send + Sync + 'static {
    /// `aws s3 cp`, with the rights of the host `host`.
    async fn fetch(&self, host: &str, bucket: &str, key: &str) -> Result<Bytes, String>;

    /// `cfn-signal`. `detail` says what went wrong before, if anything did.
    async fn signal(&self, signal: HostSignal) -> Result<(), String>;
}

/// What a host says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSignal {
    /// The host's ID.
    pub host: String,
    pub stack: String,
    pub resource: String,
    pub success: bool,
    pub detail: Option<String>,
}

/// A host that boots or runs. Dropping it kills its processes.
pub struct Host {
    machine: Arc<Machine>,
    boot: Mutex<JoinSet<()>>,
}

impl Host {
    /// Switches the host on; its boot goes on in the background.
    ///
    /// # Errors
    /// There are no free ports, or its directory cannot be made.
    pub fn start(spec: HostSpec, context: HostContext) -> Result<Self, HostError> {
        let id = spec.id.clone();
        let machine = Machine::new(spec, context)
            .map_err(|error| HostError::Start { host: id, reason: error.to_string() })?;
        let machine = Arc::new(machine);
        let mut boot = JoinSet::new();
        boot.spawn(boot::run(Arc::clone(&machine)));
        Ok(Self { machine, boot: Mutex::new(boot) })
    }

    /// The ports on which it can be reached from outside, and where they really are.
    #[must_use]
    pub fn public_ports(&self) -> BTreeMap<u16, SocketAddr> {
        self.machine.public_ports()
    }

    /// Names and IDs of its processes.
    #[must_use]
    pub fn processes(&self) -> Vec<(String, u32)> {
        self.machine.processes()
    }

    /// What the boot has said so far.
    #[must_use]
    pub fn console(&self) -> String {
        self.machine.console()
    }

    /// Ends the boot and all processes, and removes the host's directory.
    pub async fn stop(&self) {
        let mut boot = std::mem::take(&mut *self.boot.lock());
        boot.shutdown().await;
        self.machine.stop().await;
    }
}
