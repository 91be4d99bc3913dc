//! How connections are opened: TCP without delay, TLS where the address asks for it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use crate::{FailureKind, LoadError};

/// Opens connections to one target.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    host: String,
    port: u16,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// What a connection is made of, whatever lies below.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// Why a connection could not be opened.
pub(crate) type Refused = (FailureKind, String);

impl Connector {
    /// `tls` is used where the address asks for it.
    pub(crate) fn new(uri: &Uri, tls: &Arc<ClientConfig>) -> Option<Self> {
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let name = ServerName::try_from(host.clone()).ok()?;
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Some(Self { host, port, tls: secure.then(|| (Arc::clone(tls), name)) })
    }

    pub(crate) async fn open(&self) -> Result<Box<dyn Stream>, Refused> {
        let addresses = lookup_host((self.host.as_str(), self.port)).await;
        let addresses: Vec<SocketAddr> = match addresses {
            Ok(addresses) => addresses.collect(),
            Err(error) => return Err((FailureKind::Resolve, error.to_string())),
        };
        let stream = TcpStream::connect(addresses.as_slice()).await;
        let stream = stream.map_err(|error| (FailureKind::Connect, error.to_string()))?;
        // Where it fails the kernel's delay only makes small requests slower, which the measurement then shows.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some((config, name)) => {
                let stream = TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream).await;
                Ok(Box::new(stream.map_err(|error| (FailureKind::Tls, error.to_string()))?))
            }
        }
    }
}

/// Trusts the machine's certificates, or Mozilla's where it has none, and those in the PEM files `roots`.
pub(crate) fn tls(
    wanted: bool,
    roots: &[impl AsRef<Path>],
    http2: bool,
) -> Result<Arc<ClientConfig>, LoadError> {
    let mut store = RootCertStore::empty();
    if wanted {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            store.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        }
        for path in roots {
            let path = path.as_ref();
            let wrong = |reason: String| LoadError::Roots { path: path.to_owned(), reason };
            let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect)
                .map_err(|error| wrong(error.to_string()))?;
            if certificates.is_empty() {
                return Err(wrong("it holds no certificate".to_owned()));
            }
            for certificate in certificates {
                store.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config =
        builder.with_safe_default_protocol_versions()?.with_root_certificates(store).with_no_client_auth();
    config.alpn_protocols = vec![if http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    Ok(Arc::new(config))
}
