//! Certificates, versions, and what changes while a listener serves.

use std::net::SocketAddr;
use std::sync::Arc;

use data_plane::balancer::{Action, FixedResponse, ListenerSpec};
use data_plane::tls::{Certificate, TlsSpec, TlsVersion};
use http::StatusCode;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{listener, listener_spec};

/// A certificate that vouches for itself, and its bytes.
fn certificate(names: &[&str]) -> (Certificate, CertificateDer<'static>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let signed = CertificateParams::new(names.clone()).unwrap().self_signed(&key).unwrap();
    let der = signed.der().clone();
    (Certificate::new(&names, vec![der.to_vec()], key.serialize_der()).unwrap(), der)
}

fn spec(tls: Option<TlsSpec>) -> ListenerSpec {
    let answer = FixedResponse { status: StatusCode::OK, content_type: None, body: "here".to_owned() };
    ListenerSpec { tls, ..listener_spec(Action::FixedResponse(answer)) }
}

/// Asks for `name` at `address`, trusting `root` alone, and gives the end of the answer.
async fn ask(
    address: SocketAddr,
    name: &str,
    root: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await?;
    let mut stream = connector.connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn the_name_decides_which_certificate_is_shown() {
    let (first, first_root) = certificate(&["first.example.com"]);
    let (wild, wild_root) = certificate(&["*.example.net"]);
    let (nameless, nameless_root) = certificate(&["127.0.0.1", "localhost"]);
    let tls = TlsSpec { certificates: vec![first, wild], nameless: Some(nameless), least: TlsVersion::Tls12 };
    let listener = listener(spec(Some(tls))).await;
    for (name, root) in [
        ("first.example.com", &first_root),
        ("FIRST.example.com", &first_root),
        ("a.example.net", &wild_root),
        ("127.0.0.1", &nameless_root),
        ("localhost", &nameless_root),
    ] {
        let answer = ask(listener.address(), name, root, rustls::ALL_VERSIONS).await;
        assert!(answer.as_ref().is_ok_and(|answer| answer.ends_with("here")), "{name}: {answer:?}");
    }
    // Who asks for another name is shown the first certificate, which does not hold for it.
    for name in ["a.b.example.net", "example.org"] {
        assert!(ask(listener.address(), name, &wild_root, rustls::ALL_VERSIONS).await.is_err(), "{name}");
    }
    listener.stop().await;
}

#[tokio::test]
async fn versions_and_tls_itself_change_while_a_listener_serves() {
    let (certificate, root) = certificate(&["a.example.com"]);
    let tls = |least| TlsSpec { certificates: vec![certificate.clone()], nameless: None, least };
    let listener = listener(spec(Some(tls(TlsVersion::Tls12)))).await;
    let old: &[&SupportedProtocolVersion] = &[&version::TLS12];
    let ask = async |versions| ask(listener.address(), "a.example.com", &root, versions).await;
    assert!(ask(old).await.is_ok());
    listener.update(spec(Some(tls(TlsVersion::Tls13)))).unwrap();
    assert!(ask(old).await.is_err());
    assert!(ask(rustls::ALL_VERSIONS).await.is_ok());
    let none = TlsSpec { certificates: Vec::new(), nameless: None, least: TlsVersion::Tls12 };
    assert!(listener.update(spec(Some(none))).is_err());
    assert!(ask(rustls::ALL_VERSIONS).await.is_ok(), "nothing has changed");
    listener.update(spec(None)).unwrap();
    assert!(ask(rustls::ALL_VERSIONS).await.is_err(), "plain HTTP is no TLS");
    listener.stop().await;
}
