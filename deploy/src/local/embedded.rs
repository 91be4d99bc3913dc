//! A cloud in this process.

use std::path::PathBuf;

use local_cloud::{Cloud, CloudError, CloudOptions, Leftovers};

use super::state_dir::StateDir;
use super::{DEFAULT_REGION, launcher, process};
use crate::failure::{Failure, chain};

/// A cloud with its work directory, which goes with it.
pub struct Embedded {
    cloud: Cloud,
    work_dir: PathBuf,
    state: StateDir,
}

impl Embedded {
    /// Starts a cloud on a port of 127.0.0.1 (0 takes a free one) for these regions; the first is the default.
    pub async fn start(state: &StateDir, port: u16, regions: Vec<String>) -> Result<Self, Failure> {
        state.prepare()?;
        let work_dir = state.works().join(process::own_name());
        let listener = CloudOptions::bind(port).await.map_err(|error| refused(state, &error))?;
        let launcher = launcher()
            .map_err(|error| Failure::unexpected(format!("this program cannot find itself: {error}")))?;
        let mut options = CloudOptions::new(listener, work_dir.clone(), launcher);
        options.regions = regions;
        let cloud = Cloud::start(options).await.map_err(|error| refused(state, &error))?;
        Ok(Self { cloud, work_dir, state: state.clone() })
    }

    pub fn endpoint(&self) -> &str {
        self.cloud.endpoint()
    }

    /// The PEM file of the authority whose certificates the cloud shows.
    pub fn authority_file(&self) -> &std::path::Path {
        self.cloud.authority_file()
    }

    pub fn work_dir(&self) -> &std::path::Path {
        &self.work_dir
    }

    /// Ends the cloud and removes its work. The result names what was still there.
    pub async fn stop(self) -> Leftovers {
        let leftovers = self.cloud.stop().await;
        let _ = std::fs::remove_dir_all(&self.work_dir);
        // Both are removed only where nothing else is in them.
        let _ = std::fs::remove_dir(self.state.works());
        let _ = std::fs::remove_dir(self.state.path());
        leftovers
    }
}

/// The regions of a cloud that is asked for one.
pub fn regions(asked: Option<&str>) -> Vec<String> {
    let mut regions = vec![asked.unwrap_or(DEFAULT_REGION).to_owned()];
    if !regions.iter().any(|region| region == DEFAULT_REGION) {
        regions.push(DEFAULT_REGION.to_owned());
    }
    regions
}

fn refused(state: &StateDir, error: &CloudError) -> Failure {
    match error {
        CloudError::WorkDir { source, .. } => state.unusable(source),
        other => Failure::new(chain(other)),
    }
}
