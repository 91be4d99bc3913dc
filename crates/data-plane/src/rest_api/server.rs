use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::net::TcpListener;

use super::backends::Backends;
use super::stage::Stage;
use super::{DefinitionError, Deployment, StageSpec, exchange};
use crate::body::Body;
use crate::mutex::Mutex;
use crate::server::{Handler, HttpServer};

/// How long a connection may be idle.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// Serves the stages of one API at `http://127.0.0.1:PORT/{stage}/…`. Dropping it closes the port.
pub struct RestApiServer {
    gateway: Arc<Gateway>,
    server: HttpServer,
}

struct Gateway {
    backends: Backends,
    stages: Mutex<Arc<HashMap<String, Arc<Stage>>>>,
}

impl RestApiServer {
    /// Listens on `socket`; no stage is served yet. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// The address of the socket cannot be read.
    pub fn start(api_id: &str, socket: TcpListener, backends: Backends) -> std::io::Result<Arc<Self>> {
        let gateway = Arc::new(Gateway { backends, stages: Mutex::default() });
        let server = HttpServer::start(socket, Arc::clone(&gateway), IDLE_TIMEOUT)?;
        tracing::debug!(api_id, address = %server.address(), "a REST API listens");
        Ok(Arc::new(Self { gateway, server }))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Serves `deployment` as `stage` from the next request on; requests in progress end with what they began with.
    /// Throttles begin anew.
    ///
    /// # Errors
    /// A setting of the stage cannot be applied.
    pub fn set_stage(&self, stage: StageSpec, deployment: Arc<Deployment>) -> Result<(), DefinitionError> {
        for setting in &stage.method_settings {
            if let Some(throttle) = setting.throttle
                && !(throttle.rate.is_finite() && throttle.rate >= 0.0)
            {
                let place = format!("stage {} {} {}", stage.name, setting.http_method, setting.resource_path);
                let reason = format!("the throttling rate {} is not 0 or more", throttle.rate);
                return Err(DefinitionError { place, reason });
            }
        }
        let name = stage.name.clone();
        let stage = Arc::new(Stage::new(stage, deployment));
        self.change(|stages| stages.insert(name, stage));
        Ok(())
    }

    /// Serves the stage no longer.
    pub fn remove_stage(&self, name: &str) {
        self.change(|stages| stages.remove(name));
    }

    fn change<R>(&self, change: impl FnOnce(&mut HashMap<String, Arc<Stage>>) -> R) {
        let mut current = self.gateway.stages.lock();
        let mut stages = HashMap::clone(&current);
        change(&mut stages);
        *current = Arc::new(stages);
    }

    /// Serves one request in process; its path begins with the stage.
    pub async fn handle(&self, request: Request<Body>, client: SocketAddr) -> Response<Body> {
        self.gateway.serve(request, client).await
    }

    /// Serves one request in process to a stage; `path` is that of the request as the stage sees it.
    pub(super) async fn handle_at(
        &self,
        stage: &str,
        path: &str,
        request: Request<Body>,
        client: SocketAddr,
    ) -> Response<Body> {
        self.gateway.serve_stage(stage, path, request, client).await
    }

    /// Takes no more connections and waits for the requests in progress, for 10 s at most.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

impl Handler for Gateway {
    async fn handle(self: Arc<Self>, request: Request<Incoming>, client: SocketAddr) -> Response<Body> {
        self.serve(request.map(Body::from), client).await
    }
}

impl Gateway {
    async fn serve(&self, request: Request<Body>, client: SocketAddr) -> Response<Body> {
        let whole = request.uri().path().to_owned();
        let inside = whole.trim_start_matches('/');
        let (name, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
        self.serve_stage(name, rest, request, client).await
    }

    async fn serve_stage(
        &self,
        name: &str,
        path: &str,
        request: Request<Body>,
        client: SocketAddr,
    ) -> Response<Body> {
        let stage = self.stages.lock().get(name).map(Arc::clone);
        let Some(stage) = stage else { return forbidden() };
        let path = if path.is_empty() { "/" } else { path };
        exchange::serve(stage, &self.backends, request.into_parts(), path, client).await
    }
}

/// What API Gateway answers where no stage is served; it cannot be customised.
pub(super) fn forbidden() -> Response<Body> {
    let mut response = Response::new(Body::from("{\"message\":\"Forbidden\"}".to_owned()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let error_type = HeaderName::from_static("x-amzn-errortype");
    response.headers_mut().insert(error_type, HeaderValue::from_static("ForbiddenException"));
    response
}
