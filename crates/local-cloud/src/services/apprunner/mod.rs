//! App Runner: services whose instances follow the requests, over the data plane's runner.
//!
//! <https://docs.aws.amazon.com/apprunner/latest/api/Welcome.html>

mod configuration;
mod describe;
mod entity;
mod error;
mod lifecycle;
mod settings;
mod size;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use configuration::AutoScalingConfiguration;
pub use entity::{Operation, OperationStatus, Service, ServiceStatus};
pub use error::AppRunnerError;
pub use lifecycle::{Change, struck};
pub use settings::ServiceSettings;
pub use size::instance_size;
pub use wire::AppRunnerApi;

use super::RegionContext;

/// Services and auto scaling configurations of one region.
pub struct AppRunner {
    /// What ARNs begin with: `arn:aws:apprunner:<region>:<account>`.
    prefix: String,
    state: Mutex<State>,
}

/// Everything by ARN.
#[derive(Default)]
struct State {
    configurations: BTreeMap<String, AutoScalingConfiguration>,
    services: BTreeMap<String, Service>,
}

impl AppRunner {
    pub(crate) fn new(context: &RegionContext) -> Self {
        let prefix = context.arn("apprunner", "");
        Self { prefix: prefix.trim_end_matches(':').to_owned(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A service by ARN.
    pub fn service(&self, arn: &str) -> Result<Service, AppRunnerError> {
        let found = self.state().services.get(arn).cloned();
        found.ok_or_else(|| AppRunnerError::NotFound(format!("Service {arn}")))
    }

    /// All services.
    #[must_use]
    pub fn services(&self) -> Vec<Service> {
        self.state().services.values().cloned().collect()
    }

    /// Changes what is kept of a service; one that is gone stays so.
    fn edit(&self, arn: &str, edit: impl FnOnce(&mut Service)) {
        if let Some(service) = self.state().services.get_mut(arn) {
            edit(service);
        }
    }

    /// Replaces the tags of a service or a configuration.
    pub fn edit_tags(
        &self,
        arn: &str,
        edit: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<BTreeMap<String, String>, AppRunnerError> {
        let mut state = self.state();
        let state = &mut *state;
        let service = state.services.get_mut(arn).map(|service| &mut service.tags);
        let tags = service.or_else(|| state.configurations.get_mut(arn).map(|one| &mut one.tags));
        let tags = tags.ok_or_else(|| AppRunnerError::NotFound(format!("The resource {arn}")))?;
        edit(tags);
        Ok(tags.clone())
    }

    /// Closes every port and ends all instances.
    pub async fn stop(&self) {
        let services = std::mem::take(&mut self.state().services);
        futures::future::join_all(services.values().map(|service| service.runner.stop())).await;
    }
}
