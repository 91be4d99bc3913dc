//! API Gateway: REST APIs as templates build them up, their deployments, and their stages on the data plane.

mod api;
mod authorizer;
mod backends;
mod caller;
mod domain;
mod error;
mod front;
mod link;
mod properties;
mod stage;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use data_plane::rest_api::RestApiServer;
use tokio::net::TcpListener;

pub use api::{Api, ApiDeployment, ApiResource, Model, Validator};
pub use authorizer::AuthorizerProperties;
pub use domain::{DomainName, DomainSettings, Mapping};
pub use error::ApiGatewayError;
pub use front::Front;
pub use link::VpcLink;
pub use properties::{GatewayResponseProperties, MethodProperties};
pub use stage::Stage;
pub use wire::ApiGatewayApi;

use super::hosts::Hosts;
use super::ids;
use crate::Services;

/// REST APIs of one region.
#[derive(Default)]
pub struct ApiGateway {
    apis: Mutex<BTreeMap<String, Api>>,
    links: Mutex<BTreeMap<String, VpcLink>>,
    domains: Mutex<BTreeMap<String, DomainName>>,
}

impl ApiGateway {
    fn apis(&self) -> MutexGuard<'_, BTreeMap<String, Api>> {
        self.apis.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn links(&self) -> MutexGuard<'_, BTreeMap<String, VpcLink>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn domains(&self) -> MutexGuard<'_, BTreeMap<String, DomainName>> {
        self.domains.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an empty API and opens its port, which answers 403 until a stage is deployed. `describe` fills in what the
    /// template says, given the new API's ID.
    pub async fn create_api(
        &self,
        services: &Arc<Services>,
        describe: impl FnOnce(&mut Api) + Send,
    ) -> Result<Api, ApiGatewayError> {
        let id = ids::letters_and_digits(10);
        let no_port = |error: std::io::Error| {
            ApiGatewayError::BadRequest(format!("no loopback port could be opened for the API: {error}"))
        };
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let backends = backends::of(&Arc::downgrade(services), &services.hosts, services.log_sink());
        let server = RestApiServer::start(&id, socket, backends).map_err(no_port)?;
        let mut api = Api::new(id, &services.context, server);
        describe(&mut api);
        services.hosts.add(&api.domain_name, 443, api.server.address());
        self.apis().insert(api.id.clone(), api.clone());
        Ok(api)
    }

    /// Looks at an API.
    pub fn api(&self, id: &str) -> Result<Api, ApiGatewayError> {
        self.apis().get(id).cloned().ok_or_else(|| ApiGatewayError::missing("API", id))
    }

    /// All APIs.
    #[must_use]
    pub fn all(&self) -> Vec<Api> {
        self.apis().values().cloned().collect()
    }

    /// Changes an API's definition; what is deployed stays as it is.
    pub fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Api) -> Result<T, ApiGatewayError>,
    ) -> Result<T, ApiGatewayError> {
        change(self.apis().get_mut(id).ok_or_else(|| ApiGatewayError::missing("API", id))?)
    }

    /// Deletes an API with all that belongs to it and closes its port; one that is gone already is a success.
    pub async fn delete_api(&self, id: &str, hosts: &Hosts) {
        let Some(api) = self.apis().remove(id) else { return };
        hosts.remove(&api.domain_name, 443);
        api.server.stop().await;
    }

    /// The server of an API by its host name.
    #[must_use]
    pub fn server_at(&self, host: &str) -> Option<Arc<RestApiServer>> {
        let id = host.split('.').next()?;
        self.apis().get(id).map(|api| Arc::clone(&api.server))
    }

    /// Closes all ports.
    pub async fn stop(&self) {
        let domains = std::mem::take(&mut *self.domains());
        futures::future::join_all(domains.values().map(|domain| domain.server.stop())).await;
        let apis = std::mem::take(&mut *self.apis());
        futures::future::join_all(apis.values().map(|api| api.server.stop())).await;
    }
}

/// Services as integrations hold them: weakly, since they own the servers that hold the integrations.
type WeakServices = Weak<Services>;
