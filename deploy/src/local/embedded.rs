//! A cloud in this process.

use std::path::PathBuf;

use local_cloud::{Cloud, CloudError, CloudOptions, Leftovers};

use super::state_dir::StateDir;
use super::{DEFAULT_REGION, SECOND_REGION, launcher, process};
use crate::failure::{Failure, chain};
use crate::settings::{Distance, Region, Settings};

/// Where the regions of a cloud are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geography {
    /// The first is the default.
    pub regions: Vec<String>,
    pub distance: Distance,
}

impl Geography {
    /// The region that is asked for, and those that every cloud has.
    pub fn of(settings: &Settings) -> Self {
        let asked = settings.region.as_ref().map(Region::as_str);
        let mut regions: Vec<String> = Vec::new();
        for region in asked.into_iter().chain([DEFAULT_REGION, SECOND_REGION]) {
            if !regions.iter().any(|known| known == region) {
                regions.push(region.to_owned());
            }
        }
        Self { regions, distance: settings.distance }
    }
}

/// A cloud with its work directory, which goes with it.
pub struct Embedded {
    cloud: Cloud,
    work_dir: PathBuf,
    state: StateDir,
}

impl Embedded {
    /// Starts a cloud on a port of 127.0.0.1; 0 takes a free one.
    pub async fn start(state: &StateDir, port: u16, geography: &Geography) -> Result<Self, Failure> {
        state.prepare()?;
        let work_dir = state.works().join(process::own_name());
        let listener = CloudOptions::bind(port).await.map_err(|error| refused(state, &error))?;
        let launcher = launcher()
            .map_err(|error| Failure::unexpected(format!("this program cannot find itself: {error}")))?;
        let mut options = CloudOptions::new(listener, work_dir.clone(), launcher);
        options.regions.clone_from(&geography.regions);
        options.distance = geography.distance.duration();
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

fn refused(state: &StateDir, error: &CloudError) -> Failure {
    match error {
        CloudError::WorkDir { source, .. } => state.unusable(source),
        other => Failure::new(chain(other)),
    }
}
