//! ECS: clusters, task definitions and services over the data plane's task services.

mod definition;
mod deploy;
mod entity;
mod error;
mod express;
mod image;
mod public_image;
mod secrets;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use data_plane::task::{RootfsCache, TaskContext};

pub use definition::{ContainerDefinition, TaskDefinition, check_fargate_size};
pub use deploy::{Deployment, task_service_spec};
pub use entity::{Cluster, LoadBalancerTarget, Service};
pub use error::EcsError;
pub use express::{ExpressService, ExpressSettings, ExpressWanted};
pub use image::ImageReference;
pub(in crate::services) use image::pull;
pub(in crate::services) use public_image::nginx;
pub use wire::EcsApi;

/// Clusters of one region with what runs in them.
pub struct Ecs {
    context: TaskContext,
    images: RootfsCache,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By name.
    clusters: BTreeMap<String, Cluster>,
    /// By ARN; those that were deregistered stay, inactive.
    definitions: BTreeMap<String, TaskDefinition>,
    /// By ARN.
    services: BTreeMap<String, Service>,
    express: express::Express,
}

impl Ecs {
    /// A region without clusters; images are unpacked under `directory`.
    #[must_use]
    pub fn new(context: TaskContext, directory: PathBuf) -> Self {
        Self { context, images: RootfsCache::new(directory), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a cluster. One of that name is given back as it is, as `CreateCluster` does.
    pub fn create_cluster(&self, cluster: Cluster) -> Cluster {
        self.state().clusters.entry(cluster.name.clone()).or_insert(cluster).clone()
    }

    /// Replaces a cluster's settings.
    pub fn update_cluster(&self, cluster: Cluster) {
        self.state().clusters.insert(cluster.name.clone(), cluster);
    }

    /// Deletes a cluster; one that is gone already is a success.
    ///
    /// # Errors
    /// It has services.
    pub fn delete_cluster(&self, name: &str) -> Result<(), EcsError> {
        let mut state = self.state();
        if state.services.values().any(|service| service.cluster == name) {
            return Err(EcsError::ClusterContainsServices);
        }
        state.clusters.remove(name);
        Ok(())
    }

    /// A cluster by name or ARN.
    pub fn cluster(&self, name_or_arn: &str) -> Result<Cluster, EcsError> {
        let name = name_or_arn.rsplit('/').next().unwrap_or_default();
        self.state().clusters.get(name).cloned().ok_or(EcsError::ClusterNotFound)
    }

    /// All clusters.
    #[must_use]
    pub fn clusters(&self) -> Vec<Cluster> {
        self.state().clusters.values().cloned().collect()
    }

    /// Registers a task definition as the next revision of its family.
    pub fn register(&self, mut definition: TaskDefinition, arn_prefix: &str) -> TaskDefinition {
        let mut state = self.state();
        let revisions = state.definitions.values().filter(|other| other.family == definition.family);
        definition.revision = revisions.map(|other| other.revision).max().unwrap_or(0) + 1;
        definition.arn = format!("{arn_prefix}{}:{}", definition.family, definition.revision);
        state.definitions.insert(definition.arn.clone(), definition.clone());
        definition
    }

    /// Makes a task definition inactive: services that have it go on, new ones cannot name it.
    pub fn deregister(&self, arn: &str) {
        if let Some(definition) = self.state().definitions.get_mut(arn) {
            definition.active = false;
        }
    }

    /// A task definition by ARN, by `family:revision`, or the newest active one of a family.
    pub fn definition(&self, reference: &str) -> Result<TaskDefinition, EcsError> {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let state = self.state();
        let mut found: Vec<&TaskDefinition> = state
            .definitions
            .values()
            .filter(|definition| match name.split_once(':') {
                Some((family, revision)) => {
                    definition.family == family && definition.revision.to_string() == revision
                }
                None => definition.family == name && definition.active,
            })
            .collect();
        found.sort_by_key(|definition| definition.revision);
        found.last().copied().cloned().ok_or(EcsError::DefinitionNotFound)
    }

    /// All active task definitions.
    #[must_use]
    pub fn definitions(&self) -> Vec<TaskDefinition> {
        self.state().definitions.values().filter(|definition| definition.active).cloned().collect()
    }

    /// Replaces a task definition's tags.
    pub fn tag_definition(&self, arn: &str, tags: BTreeMap<String, String>) {
        if let Some(definition) = self.state().definitions.get_mut(arn) {
            definition.tags = tags;
        }
    }

    /// Whether a service of that name is in the cluster.
    #[must_use]
    pub fn has_service(&self, cluster: &str, name: &str) -> bool {
        self.state().services.values().any(|service| service.cluster == cluster && service.name == name)
    }

    /// Adds a service that was started, or replaces what is known of it.
    pub fn put_service(&self, service: Service) {
        self.state().services.insert(service.arn.clone(), service);
    }

    /// A service by ARN, or by name in a cluster.
    pub fn service(&self, cluster: Option<&str>, name_or_arn: &str) -> Result<Service, EcsError> {
        let cluster = cluster.and_then(|name| name.rsplit('/').next()).unwrap_or("default");
        let state = self.state();
        let by_arn = state.services.get(name_or_arn);
        let by_name = || {
            state.services.values().find(|service| service.cluster == cluster && service.name == name_or_arn)
        };
        by_arn.or_else(by_name).cloned().ok_or(EcsError::ServiceNotFound)
    }

    /// All services.
    #[must_use]
    pub fn services(&self) -> Vec<Service> {
        self.state().services.values().cloned().collect()
    }

    /// Drains and stops a service's tasks and forgets it; one that is gone already is a success.
    pub async fn delete_service(&self, arn: &str) {
        let service = self.state().services.get(arn).cloned();
        if let Some(service) = service {
            service.handle.stop().await;
            self.state().services.remove(arn);
        }
    }

    /// Ends all tasks.
    pub async fn stop(&self) {
        let services = std::mem::take(&mut self.state().services);
        let express = self.express_services();
        futures::future::join_all(express.iter().map(|service| service.alias.stop())).await;
        futures::future::join_all(services.values().map(|service| service.handle.stop())).await;
    }
}
