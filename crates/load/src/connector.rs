//! How connections are opened: TCP without delay, TLS where the address asks for it.

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use tokio::net::TcpStream;

use crate::LoadError;

/// Opens connections; cloning it shares the TLS settings.
pub(crate) type Connector = HttpsConnector<HttpConnector>;

/// A connection that stands.
pub(crate) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Offers HTTP/1.1 alone. With `tls` it trusts the machine's certificates, which take some milliseconds to read, or
/// Mozilla's where the machine has none.
pub(crate) fn connector(tls: bool) -> Result<Connector, LoadError> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let native = tls
        .then(|| HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider()).ok())
        .flatten();
    let builder = match native {
        Some(builder) => builder,
        None => HttpsConnectorBuilder::new().with_provider_and_webpki_roots(ring::default_provider())?,
    };
    Ok(builder.https_or_http().enable_http1().wrap_connector(http))
}
