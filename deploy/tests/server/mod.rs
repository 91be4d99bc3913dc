//! A small HTTP server on a loopback port that does what a test wants of it, right or wrong.

#![allow(clippy::unwrap_used, reason = "it belongs to the tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Vouches for the servers that speak TLS.
pub fn root_certificate() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/tls/root.pem")
}

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// 200 with this body.
    Answer(&'static str),
    /// This status with an empty body.
    Status(u16),
    /// 200 and an empty body; the request is kept.
    Echo,
    /// So many answers, then every connection is closed and none is accepted.
    DiesAfter(usize),
    /// A head that comes byte by byte.
    SlowLoris,
    /// A body without end.
    EndlessBody,
    /// No answer at all.
    Silent,
}

/// Serves until it is dropped.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    service: Service,
}

/// What all connections share.
#[derive(Clone)]
struct Service {
    behaviour: Behaviour,
    seen: Arc<AtomicUsize>,
    last: Arc<Mutex<String>>,
    over: Arc<AtomicBool>,
}

impl Server {
    pub fn answering(body: &'static str) -> Self {
        Self::start(Behaviour::Answer(body))
    }

    pub fn start(behaviour: Behaviour) -> Self {
        Self::serving(behaviour, None)
    }

    /// Answers over TLS as `127.0.0.1`, with a certificate that [`root_certificate`] vouches for.
    pub fn secure(body: &'static str) -> Self {
        let certificates = CertificateDer::pem_slice_iter(include_bytes!("tls/certificate.pem"));
        let certificates = certificates.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .unwrap();
        Self::serving(Behaviour::Answer(body), Some(Arc::new(config)))
    }

    fn serving(behaviour: Behaviour, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let service = Service { behaviour, seen: Arc::default(), last: Arc::default(), over: Arc::default() };
        let server = Self { address, scheme, service: service.clone() };
        std::thread::spawn(move || {
            while !service.over.load(Ordering::SeqCst) {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                };
                stream.set_nonblocking(false).unwrap();
                let (service, tls) = (service.clone(), tls.clone());
                std::thread::spawn(move || match tls {
                    None => service.serve(stream),
                    Some(config) => {
                        service.serve(StreamOwned::new(ServerConnection::new(config).unwrap(), stream));
                    }
                });
            }
        });
        server
    }

    pub fn url(&self, name: &str) -> String {
        format!("{name}={}://{}/", self.scheme, self.address)
    }

    pub fn seen(&self) -> usize {
        self.service.seen.load(Ordering::SeqCst)
    }

    /// The last request as it came.
    pub fn last(&self) -> String {
        self.service.last.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.service.over.store(true, Ordering::SeqCst);
    }
}

impl Service {
    /// Serves one connection. A client that goes away in the middle is what some tests are about.
    fn serve(&self, mut stream: impl Read + Write) {
        while let Some(request) = read(&mut stream) {
            let number = self.seen.fetch_add(1, Ordering::SeqCst);
            *self.last.lock().unwrap() = request;
            let goes_on = match self.behaviour {
                Behaviour::Answer(body) => answer(&mut stream, 200, body),
                Behaviour::Status(status) => answer(&mut stream, status, ""),
                Behaviour::Echo => answer(&mut stream, 200, ""),
                Behaviour::DiesAfter(answers) if number < answers => answer(&mut stream, 200, "[]"),
                Behaviour::DiesAfter(_) => {
                    self.over.store(true, Ordering::SeqCst);
                    false
                }
                Behaviour::SlowLoris => self.drip(&mut stream, b"HTTP/1.1 200 OK\r\nx-slow: ", b"a", 20),
                Behaviour::EndlessBody => {
                    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
                    self.drip(&mut stream, head, &chunk, 1)
                }
                Behaviour::Silent => self.drip(&mut stream, b"", b"", 20),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Writes a begin, and then the same over and over for as long as there is somebody to read it.
    fn drip(&self, stream: &mut impl Write, begin: &[u8], again: &[u8], millis: u64) -> bool {
        let mut written = stream.write_all(begin);
        while written.is_ok() && !self.over.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(millis));
            written = stream.write_all(again).and_then(|()| stream.flush());
        }
        false
    }
}

fn answer(stream: &mut impl Write, status: u16, body: &str) -> bool {
    let head = format!("HTTP/1.1 {status} Told\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.flush()).is_ok()
}

/// A request with its body; `None` once the client has gone.
fn read(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}
