use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri, Version};
use tokio::net::lookup_host;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::backends::{HttpCaller, HttpFailure};
use crate::balancer::{Payload, SendError, Target, send};
use crate::body::Body;
use crate::mutex::Mutex;

/// Addresses to which connections are kept at most.
const MOST_ADDRESSES: usize = 256;
/// Longer than any integration may take; the integration's own timeout ends the call before.
const RESPONSE_TIMEOUT: Duration = Duration::from_mins(15);

/// Plain HTTP/1.1 to any `http://` address, with kept connections. TLS is the caller's business.
pub struct PlainHttp {
    resolve_timeout: Duration,
    targets: Mutex<HashMap<SocketAddr, Arc<Target>>>,
}

impl PlainHttp {
    /// Finding the address of a name takes at most `resolve_timeout`.
    #[must_use]
    pub fn new(resolve_timeout: Duration) -> Self {
        Self { resolve_timeout, targets: Mutex::default() }
    }

    /// Sends to `address` whatever the URI's host says; the `Host` header still names it.
    ///
    /// # Errors
    /// Nothing listens there, or it closes the connection without an answer.
    pub async fn send_to(
        &self,
        address: SocketAddr,
        request: Request<Body>,
    ) -> Result<Response<Body>, HttpFailure> {
        let (mut parts, body) = request.into_parts();
        let uri = parts.uri.to_string();
        let unreachable = |reason: String| HttpFailure::Unreachable { uri: uri.clone(), reason };
        if let Some(authority) = parts.uri.authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            parts.headers.entry(HOST).or_insert(host);
        }
        let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        parts.uri = path.parse().unwrap_or_else(|_| Uri::from_static("/"));
        parts.version = Version::HTTP_11;
        let payload =
            Payload::read(&parts.headers, body).await.map_err(|error| unreachable(error.to_string()))?;
        let target = self.target(address);
        send(&parts, payload, || Some(target.admit()), RESPONSE_TIMEOUT).await.map_err(|error| {
            unreachable(match error {
                SendError::NoTarget => "there is no target".to_owned(),
                SendError::ConnectTimeout => "connecting took too long".to_owned(),
                SendError::ResponseTimeout => "no answer in time".to_owned(),
                SendError::Unreachable(reason) | SendError::Closed(reason) => reason,
            })
        })
    }

    fn target(&self, address: SocketAddr) -> Arc<Target> {
        let mut targets = self.targets.lock();
        if targets.len() >= MOST_ADDRESSES && !targets.contains_key(&address) {
            targets.clear();
        }
        let new = || Target::new(address, &CancellationToken::new());
        Arc::clone(targets.entry(address).or_insert_with(new))
    }

    async fn resolve(&self, uri: &Uri) -> Result<SocketAddr, String> {
        let host = uri.host().ok_or("the URI has no host")?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found = timeout(self.resolve_timeout, lookup_host((host, uri.port_u16().unwrap_or(80)))).await;
        let mut addresses =
            found.map_err(|_| "finding the address took too long")?.map_err(|error| error.to_string())?;
        addresses.next().ok_or_else(|| "the name has no address".to_owned())
    }
}

#[async_trait]
impl HttpCaller for PlainHttp {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, HttpFailure> {
        let uri = request.uri();
        if uri.scheme_str() != Some("http") {
            let reason = "only http:// can be reached here".to_owned();
            return Err(HttpFailure::Unsupported { uri: uri.to_string(), reason });
        }
        match self.resolve(uri).await {
            Ok(address) => self.send_to(address, request).await,
            Err(reason) => Err(HttpFailure::Unreachable { uri: uri.to_string(), reason }),
        }
    }
}
