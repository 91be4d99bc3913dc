use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;

use super::server::{IDLE_TIMEOUT, RestApiServer, forbidden};
use crate::body::Body;
use crate::mutex::Mutex;
use crate::server::{Handler, HttpServer};
use crate::tls::{TlsError, TlsSpec};

/// Serves stages of APIs at a domain name, with TLS, on a port of its own: the beginning of the path says which stage.
/// Dropping it closes the port.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html>
pub struct CustomDomain {
    router: Arc<Router>,
    server: HttpServer,
}

/// What is served below a base path.
#[derive(Clone)]
pub struct BasePathMapping {
    /// Without slashes at its ends; empty for all paths.
    pub base_path: String,
    pub api: Arc<RestApiServer>,
    /// Without one, the part of the path behind the base path names the stage.
    pub stage: Option<String>,
}

#[derive(Default)]
struct Router {
    /// Those with the longest base paths first.
    mappings: Mutex<Arc<Vec<BasePathMapping>>>,
}

/// Why a domain name cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum CustomDomainError {
    #[error("the address of the port cannot be read: {0}")]
    Address(#[from] std::io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl CustomDomain {
    /// Listens on `socket`; nothing is mapped yet. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// TLS cannot be offered like that, or the socket has no address.
    pub fn start(socket: TcpListener, tls: &TlsSpec) -> Result<Arc<Self>, CustomDomainError> {
        let router = Arc::new(Router::default());
        let server = HttpServer::start(socket, Arc::clone(&router), IDLE_TIMEOUT)?;
        server.set_tls(Some(tls))?;
        Ok(Arc::new(Self { router, server }))
    }

    /// Speaks TLS like this with those who connect from now on.
    ///
    /// # Errors
    /// TLS cannot be offered like that; then nothing changes.
    pub fn set_tls(&self, tls: &TlsSpec) -> Result<(), TlsError> {
        self.server.set_tls(Some(tls))
    }

    /// Replaces what is served from the next request on.
    pub fn set_mappings(&self, mut mappings: Vec<BasePathMapping>) {
        mappings.sort_by_key(|mapping| std::cmp::Reverse(mapping.base_path.len()));
        *self.router.mappings.lock() = Arc::new(mappings);
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Takes no more connections and waits for the requests in progress, for 10 s at most.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

impl Handler for Router {
    async fn handle(self: Arc<Self>, request: Request<Incoming>, client: SocketAddr) -> Response<Body> {
        let request = request.map(Body::from);
        let path = request.uri().path().to_owned();
        let mappings = Arc::clone(&self.mappings.lock());
        let found = mappings.iter().find_map(|mapping| Some((mapping, below(&path, &mapping.base_path)?)));
        let Some((mapping, rest)) = found else { return forbidden() };
        if let Some(stage) = &mapping.stage {
            mapping.api.handle_at(stage, rest, request, client).await
        } else {
            let rest = rest.trim_start_matches('/');
            let (stage, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            mapping.api.handle_at(stage, path, request, client).await
        }
    }
}

/// What of `path` lies below `base`, which ends at a slash.
fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    if base.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix('/')?.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths_end_at_slashes() {
        for (path, base, rest) in [
            ("/items", "", Some("/items")),
            ("/v1/items", "v1", Some("/items")),
            ("/v1", "v1", Some("")),
            ("/v10/items", "v1", None),
            ("/a/b/c", "a/b", Some("/c")),
            ("/items", "v1", None),
        ] {
            assert_eq!(below(path, base), rest, "{path} {base}");
        }
    }
}
