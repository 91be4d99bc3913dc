//! TLS in front of balancers and REST APIs: certificates, and which of them a client is shown.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use tokio_rustls::TlsAcceptor;

/// A certificate with its key, for some names.
#[derive(Clone)]
pub struct Certificate {
    /// In lower case; the first label may be `*`.
    names: Vec<String>,
    key: Arc<CertifiedKey>,
}

/// What a port offers to those who come with TLS.
#[derive(Clone, Debug)]
pub struct TlsSpec {
    /// At least one. The first is for clients that ask for a name which none has.
    pub certificates: Vec<Certificate>,
    /// For clients that ask for no name, as those do who connect to an address; else the first certificate.
    pub nameless: Option<Certificate>,
    pub least: TlsVersion,
}

/// The oldest version that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    Tls12,
    Tls13,
}

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("no certificate was given; TLS needs at least one")]
    NoCertificate,
    #[error("the certificate of {name} cannot be used: {source}")]
    Certificate { name: String, source: rustls::Error },
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

impl Certificate {
    /// A certificate for `names`: DER, the leaf first, and its key as PKCS #8 in DER.
    ///
    /// # Errors
    /// Key and certificate do not go together, or one of them cannot be read.
    pub fn new(names: &[String], chain: Vec<Vec<u8>>, key: Vec<u8>) -> Result<Self, TlsError> {
        let chain: Vec<_> = chain.into_iter().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|source| {
            TlsError::Certificate { name: names.first().cloned().unwrap_or_default(), source }
        })?;
        let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Ok(Self { names, key: Arc::new(key) })
    }

    /// Whether it is for `name`. A `*` stands for one label.
    fn is_for(&self, name: &str) -> bool {
        self.names.iter().any(|own| match own.strip_prefix("*.") {
            None => own == name,
            Some(parent) => {
                name.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent)
            }
        })
    }
}

impl fmt::Debug for Certificate {
    /// The key is not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.debug_struct("Certificate").field("names", &self.names).finish_non_exhaustive()
    }
}

impl TlsSpec {
    /// What accepts connections: HTTP/2 and HTTP/1.1, without certificates of clients.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        if self.certificates.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let versions: &[&SupportedProtocolVersion] = match self.least {
            TlsVersion::Tls12 => &[&version::TLS12, &version::TLS13],
            TlsVersion::Tls13 => &[&version::TLS13],
        };
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let mut config = builder
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Choice(self.clone())));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Chooses by the name that a client asks for.
#[derive(Debug)]
struct Choice(TlsSpec);

impl Choice {
    fn certificate(&self, name: Option<&str>) -> Option<&Certificate> {
        let TlsSpec { certificates, nameless, .. } = &self.0;
        let first = certificates.first();
        match name.map(str::to_ascii_lowercase) {
            None => nameless.as_ref().or(first),
            Some(name) => {
                certificates.iter().chain(nameless).find(|certificate| certificate.is_for(&name)).or(first)
            }
        }
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certificate(hello.server_name()).map(|certificate| Arc::clone(&certificate.key))
    }
}
