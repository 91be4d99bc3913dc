//! A site that passes every request on to one other port, as nginx's `proxy_pass` does with buffered requests.
//! <https://nginx.org/en/docs/http/ngx_http_proxy_module.html>

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use super::site::{ErrorPage, SiteError, WITHOUT_EFFECT, answer, unknown};
use crate::balancer::{Payload, SendError, Target, remove_hop_by_hop, send};
use crate::body::Body;
use crate::nginx_conf::{Directive, parse};
use crate::server::Handler;

/// nginx's `client_max_body_size`.
const MOST: u64 = 1024 * 1024;
/// nginx's `proxy_read_timeout`.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// How much of a body that is too large is read all the same, so that its sender hears why.
const DISCARDED: u64 = 4 * 1024 * 1024;

/// What passes requests on.
pub(super) struct Passage {
    listen: SocketAddr,
    target: Arc<Target>,
    most: u64,
    read_timeout: Duration,
    /// By the status that nginx would have answered.
    errors: BTreeMap<u16, ErrorPage>,
}

#[derive(Default)]
struct Draft {
    listen: Option<SocketAddr>,
    /// By the names of upstreams.
    upstreams: BTreeMap<String, SocketAddr>,
    /// What `proxy_pass` names.
    pass: Option<String>,
    most: Option<u64>,
    read_timeout: Option<Duration>,
    pages: Vec<(u16, String)>,
    locations: BTreeMap<String, ErrorPage>,
}

impl Passage {
    /// Whether a configuration is one of these, rather than one of files.
    pub(super) fn is_meant(text: &str) -> bool {
        text.contains("proxy_pass")
    }

    pub(super) fn parse(text: &str) -> Result<Self, SiteError> {
        let mut draft = Draft::default();
        draft.read(&parse(text).map_err(SiteError::Syntax)?)?;
        let name = draft.pass.ok_or(SiteError::Missing { directive: "proxy_pass" })?;
        let target = draft.upstreams.get(&name).copied().or_else(|| name.parse().ok());
        let target = target.ok_or(SiteError::Missing { directive: "upstream" })?;
        let mut errors = BTreeMap::new();
        for (status, location) in draft.pages {
            let directive = || SiteError::Unknown { directive: format!("error_page {status} {location}") };
            errors.insert(status, draft.locations.get(&location).ok_or_else(directive)?.clone());
        }
        Ok(Self {
            listen: draft.listen.ok_or(SiteError::Missing { directive: "listen" })?,
            target: Target::new(target, &CancellationToken::new()),
            most: draft.most.unwrap_or(MOST),
            read_timeout: draft.read_timeout.unwrap_or(READ_TIMEOUT),
            errors,
        })
    }

    pub(super) fn listen(&self) -> SocketAddr {
        self.listen
    }

    fn error(&self, status: StatusCode) -> Response<Body> {
        let page = self.errors.get(&status.as_u16());
        let reason = status.canonical_reason().unwrap_or_default();
        let plain = format!("<html><head><title>{0} {reason}</title></head></html>\r\n", status.as_u16());
        let (status, media, body) = page.map_or((status, "text/html", Bytes::from(plain)), |page| {
            (page.status, page.content_type.as_str(), page.body.clone())
        });
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        if let Ok(media) = HeaderValue::from_str(media) {
            response.headers_mut().insert(CONTENT_TYPE, media);
        }
        response
    }

    /// The whole body, or the status that says why there is none.
    async fn read(&self, mut body: Incoming) -> Result<Bytes, StatusCode> {
        let (mut bytes, mut length) = (BytesMut::new(), 0_u64);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
            length += data.len() as u64;
            if length <= self.most {
                bytes.extend_from_slice(&data);
            } else if length > self.most + DISCARDED {
                break;
            }
        }
        if length > self.most { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(bytes.freeze()) }
    }
}

impl Handler for Passage {
    async fn handle(self: Arc<Self>, request: Request<Incoming>, _: SocketAddr) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let payload = match self.read(body).await {
            Ok(bytes) => Payload::Whole(bytes),
            Err(status) => return self.error(status),
        };
        remove_hop_by_hop(&mut parts.headers);
        parts.version = Version::HTTP_11;
        // `$host`: the name without its port.
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned());
        if let Some(host) = host.and_then(|host| HeaderValue::from_str(&host).ok()) {
            parts.headers.insert(HOST, host);
        }
        match send(&parts, payload, || Some(self.target.admit()), self.read_timeout).await {
            Ok(response) => response,
            Err(SendError::ConnectTimeout | SendError::ResponseTimeout) => {
                self.error(StatusCode::GATEWAY_TIMEOUT)
            }
            Err(SendError::NoTarget | SendError::Unreachable(_) | SendError::Closed(_)) => {
                self.error(StatusCode::BAD_GATEWAY)
            }
        }
    }
}

impl Draft {
    fn read(&mut self, directives: &[Directive]) -> Result<(), SiteError> {
        for directive in directives {
            let arguments: Vec<&str> = directive.arguments.iter().map(String::as_str).collect();
            match (directive.name.as_str(), arguments.as_slice()) {
                ("http" | "server" | "events", []) | ("location", ["/"]) => self.read(&directive.block)?,
                ("listen", [address, ..]) => {
                    self.listen = Some(address.parse().map_err(|_| unknown(directive))?);
                }
                ("upstream", [name]) => {
                    let servers = directive.block.iter().filter(|one| one.name == "server");
                    let addresses: Vec<SocketAddr> =
                        servers.filter_map(|server| server.arguments.first()?.parse().ok()).collect();
                    let [address] = addresses.as_slice() else { return Err(unknown(directive)) };
                    self.upstreams.insert((*name).to_owned(), *address);
                }
                ("proxy_pass", [url]) => {
                    let name = url.strip_prefix("http://").filter(|name| !name.contains('/'));
                    self.pass = Some(name.ok_or_else(|| unknown(directive))?.to_owned());
                }
                ("client_max_body_size", [size]) => {
                    self.most = Some(bytes(size).ok_or_else(|| unknown(directive))?);
                }
                ("proxy_read_timeout", [time]) => {
                    let seconds = time.trim_end_matches('s').parse().map_err(|_| unknown(directive))?;
                    self.read_timeout = Some(Duration::from_secs(seconds));
                }
                ("location", [name]) => {
                    self.locations.insert((*name).to_owned(), answer(directive)?);
                }
                ("error_page", [statuses @ .., location]) => {
                    for status in statuses {
                        let status = status.parse().map_err(|_| unknown(directive))?;
                        self.pages.push((status, (*location).to_owned()));
                    }
                }
                ("proxy_http_version", ["1.1"])
                | ("proxy_set_header", ["Connection", ""] | ["Host", "$host"])
                | (
                    "client_body_buffer_size" | "multi_accept" | "tcp_nodelay" | "worker_rlimit_nofile",
                    [_],
                ) => {}
                (name, arguments) => {
                    let known = WITHOUT_EFFECT.iter().find(|(known, _)| *known == name);
                    if !known.is_some_and(|(_, values)| values.is_empty() || *values == arguments) {
                        return Err(unknown(directive));
                    }
                }
            }
        }
        Ok(())
    }
}

/// `512k`, `1m`; nothing larger than a `u64`.
fn bytes(size: &str) -> Option<u64> {
    let (number, unit) = match size.char_indices().next_back()? {
        (at, 'k' | 'K') => (&size[..at], 1024),
        (at, 'm' | 'M') => (&size[..at], 1024 * 1024),
        _ => (size, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = "events {} http { client_max_body_size 1k; upstream a { server 127.0.0.1:9; keepalive 8; }
        server { listen 127.0.0.1:8080 default_server; location / { proxy_pass http://a; proxy_http_version 1.1;
        proxy_set_header Connection ''; proxy_set_header Host $host; proxy_read_timeout 3s; }
        error_page 413 @413; location @413 { types {} default_type a/b; return 413 'no'; } } }";

    #[test]
    fn a_passage_is_read_from_its_configuration() {
        let passage = Passage::parse(CONF).unwrap();
        assert_eq!((passage.listen().port(), passage.target.address().port()), (8080, 9));
        assert_eq!((passage.most, passage.read_timeout), (1024, Duration::from_secs(3)));
        assert_eq!(passage.errors[&413].body, "no");
    }

    #[test]
    fn what_would_change_an_answer_is_refused() {
        for (from, to) in [
            ("http://a;", "http://a/b;"),
            ("$host", "$http_host"),
            ("proxy_http_version 1.1", "proxy_cache on"),
            ("server 127.0.0.1:9;", "server 127.0.0.1:9; server 127.0.0.1:10;"),
            ("@413;", "@missing;"),
            ("1k", "1g"),
        ] {
            let error = Passage::parse(&CONF.replacen(from, to, 1)).err().unwrap();
            assert!(error.to_string().contains("built-in server does not know"), "{to}: {error}");
        }
    }
}
