//! API Gateway REST APIs: methods, validation, mapping templates, integrations, stages.

mod backends;
mod definition;

use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use tokio::net::TcpListener;

use crate::body::Body;
pub use backends::{
    Backends, FunctionCall, FunctionInvoker, HttpCaller, HttpFailure, IamAuthorizer, IamDecision, PlainHttp,
    ServiceCall, ServiceCaller, ServiceOperation, VpcLinkCaller,
};
pub use definition::{
    AccessLog, ApiDefinition, Authorization, Authorizer, AuthorizerKind, ContentHandling, DefinitionError,
    GatewayResponse, Integration, IntegrationKind, IntegrationResponse, Method, MethodResponse,
    MethodSetting, Passthrough, RequestValidator, Resource, StageSpec, Throttle,
};

/// A compiled, immutable snapshot of an API: its templates parsed, its patterns and schemas compiled.
pub struct Deployment {
    definition: ApiDefinition,
}

impl Deployment {
    /// Compiles `definition`.
    ///
    /// # Errors
    /// A template, pattern, schema, mapping or URI cannot be used; the error names the method and the place.
    pub fn compile(definition: ApiDefinition) -> Result<Arc<Self>, DefinitionError> {
        Ok(Arc::new(Self { definition }))
    }

    /// What it was compiled from.
    #[must_use]
    pub fn definition(&self) -> &ApiDefinition {
        &self.definition
    }
}

/// Serves the stages of one API at `http://127.0.0.1:PORT/{stage}/…`.
pub struct RestApiServer {}

impl RestApiServer {
    /// Listens on `socket`; no stage is served yet. Must be called within a Tokio runtime.
    pub fn start(api_id: &str, socket: TcpListener, backends: Backends) -> std::io::Result<Arc<Self>> {
        let _ = (api_id, socket, backends);
        Ok(Arc::new(Self {}))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    /// Serves `deployment` as `stage` from the next request on; requests in progress end with what they began with.
    pub fn set_stage(&self, stage: StageSpec, deployment: Arc<Deployment>) -> Result<(), DefinitionError> {
        let _ = (stage, deployment);
        Ok(())
    }

    /// Serves the stage no longer.
    pub fn remove_stage(&self, name: &str) {
        let _ = name;
    }

    /// Serves one request in process; its path begins with the stage.
    pub async fn handle(&self, request: Request<Body>, client: SocketAddr) -> Response<Body> {
        let _ = (request, client);
        Response::new(Body::empty())
    }

    /// Takes no more connections and waits for the requests in progress, for 10 s at most.
    pub async fn stop(&self) {}
}
