//! HTTP/1.1 over TCP and TLS: whole requests, whole answers, every wait bounded.

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

use crate::{Response, retry};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an unused connection is kept: less than servers and NAT gateways commonly do.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest wait for an answer, to which the time for sending the body is added.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The slowest upload that is waited for, in bytes per second.
const SLOWEST_UPLOAD: u64 = 32 * 1024;
/// The largest answer that is read. Lists come in pages far below it.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// An exchange that did not end with an answer.
#[derive(Debug, Error)]
pub enum TransportError {
    /// The connection could not be made, or broke.
    #[error("{reason}")]
    Connection {
        /// What the network said.
        reason: String,
    },
    /// There was no whole answer in time.
    #[error("no answer within {} s", .after.as_secs())]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// The answer could not be read to its end, or is too large.
    #[error("the answer could not be read: {reason}")]
    Answer {
        /// What was wrong.
        reason: String,
    },
}

type Pool = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A pool of connections to any number of servers. Clones share it.
#[derive(Clone, Debug)]
pub struct Transport {
    /// The pool, or why TLS cannot be set up, which is told when something is to be sent.
    pool: Result<Pool, String>,
}

impl Default for Transport {
    fn default() -> Self {
        Transport::new()
    }
}

impl Transport {
    /// A transport that trusts the roots of the machine, or Mozilla's where the machine has none.
    #[must_use]
    pub fn new() -> Transport {
        Transport::over(tls().map_err(|error| error.to_string()))
    }

    /// A transport that trusts the certificates in a PEM file and no others.
    #[must_use]
    pub fn trusting(roots: &Path) -> Transport {
        Transport::over(tls_trusting(roots))
    }

    fn over(tls: Result<HttpsConnectorBuilder<WantsSchemes>, String>) -> Transport {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let pool = tls.map_err(|error| format!("TLS cannot be set up: {error}")).map(|tls| {
            hyper_util::client::legacy::Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_timer(TokioTimer::new())
                .build(tls.https_or_http().enable_http1().wrap_connector(tcp))
        });
        Transport { pool }
    }

    /// Sends a request with an absolute address and reads the answer, whatever its status. Nothing is tried twice.
    ///
    /// # Errors
    /// [`TransportError`] when there is no whole answer.
    pub async fn send(&self, request: http::Request<Bytes>) -> Result<Response, TransportError> {
        let sending = Duration::from_secs(request.body().len() as u64 / SLOWEST_UPLOAD);
        let after = ANSWER_TIMEOUT + sending;
        tokio::time::timeout(after, self.exchange(request))
            .await
            .unwrap_or(Err(TransportError::TimedOut { after }))
    }

    /// Sends a request as [`Transport::send`] does, and again after a jittered wait, five times in all, when the connection
    /// breaks or the server answers 429, 500, 502, 503 or 504.
    ///
    /// # Errors
    /// [`TransportError`] of the last attempt; an answer of any status is no error.
    pub async fn send_with_retries(&self, request: http::Request<Bytes>) -> Result<Response, TransportError> {
        let mut attempt = 1;
        loop {
            let outcome = self.send(request.clone()).await;
            let again = outcome.as_ref().map_or(true, |answer| retry::may_pass(answer.status));
            if !again || attempt >= retry::ATTEMPTS {
                return outcome;
            }
            tokio::time::sleep(retry::backoff(attempt)).await;
            attempt += 1;
        }
    }

    async fn exchange(&self, request: http::Request<Bytes>) -> Result<Response, TransportError> {
        let pool =
            self.pool.as_ref().map_err(|reason| TransportError::Connection { reason: reason.clone() })?;
        let answer = pool
            .request(request.map(Full::new))
            .await
            .map_err(|error| TransportError::Connection { reason: innermost(&error) })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| TransportError::Answer { reason: error.to_string() })?
            .to_bytes();
        Ok(Response { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// The roots of the machine, or Mozilla's where the machine has none, with ring whatever else the program links.
fn tls() -> Result<HttpsConnectorBuilder<WantsSchemes>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(Arc::clone(&provider))
        .or_else(|_| HttpsConnectorBuilder::new().with_provider_and_webpki_roots(provider))
}

fn tls_trusting(roots: &Path) -> Result<HttpsConnectorBuilder<WantsSchemes>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", roots.display());
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(roots).map_err(|error| wrong(&error))? {
        store.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new().with_tls_config(config))
}

/// What is at the bottom of a chain of errors: "Connection refused" says more than "client error (Connect)".
fn innermost(error: &hyper_util::client::legacy::Error) -> String {
    let mut source = error.source();
    let mut reason = error.to_string();
    while let Some(inner) = source {
        reason = inner.to_string();
        source = inner.source();
    }
    reason
}
