//! What a cloud of its own writes down about itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::process;
use super::state_dir::StateDir;

/// The content of `cloud.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub pid: u32,
    /// Tells the process from a later one with the same ID.
    pub born: Option<u64>,
    /// `http://127.0.0.1:PORT`
    pub endpoint: String,
    pub regions: Vec<String>,
    /// What a call from one to another takes longer, there and back.
    #[serde(default)]
    pub distance_ms: u16,
    pub log: PathBuf,
    pub work_dir: PathBuf,
    /// The PEM file of the authority whose certificates the cloud shows.
    #[serde(default)]
    pub ca: PathBuf,
    /// The version of this program.
    pub version: String,
}

impl Record {
    /// The record in the state directory; `None` where there is none that can be read.
    pub fn read(state: &StateDir) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(state.record()).ok()?).ok()
    }

    /// Writes the record so that a reader sees all of it or nothing.
    pub fn write(&self, state: &StateDir) -> std::io::Result<()> {
        let draft = state.record().with_extension(format!("json.{}", self.pid));
        std::fs::write(&draft, serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(&draft, state.record())
    }

    /// Removes the record if it is still this process's.
    pub fn withdraw(&self, state: &StateDir) {
        if Self::read(state).is_some_and(|record| record.pid == self.pid) {
            let _ = std::fs::remove_file(state.record());
        }
    }

    /// Whether the process that wrote it still lives.
    pub fn is_alive(&self) -> bool {
        process::is_alive(self.pid, self.born)
    }
}
