//! Where requests go and what they look like.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::Full;
use rand::Rng;
use rand::rngs::StdRng;

use crate::LoadError;
use crate::connection::Outgoing;
use crate::http1::Encoded;

/// One address and the requests that are sent to it, over and over.
#[derive(Clone, Debug)]
pub struct Target {
    /// The label of the outcome, such as a variant's id.
    pub name: String,
    /// At least one.
    pub requests: Vec<TargetRequest>,
    /// Which of them comes next.
    pub choice: Choice,
    /// Of every how many requests of a connection one body is looked at; the first always is.
    pub look_every: NonZeroU32,
    /// Signs a request or otherwise changes its headers right before it is sent.
    pub seal: Option<Seal>,
    /// A header that stands in the answer of an environment that had just been started, and in no other.
    pub cold: Option<HeaderName>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct TargetRequest {
    /// An absolute `http` or `https` address; all of a target have the same host.
    pub uri: Uri,
    pub method: Method,
    /// `Host` is added where it is missing; `Content-Length` follows from the body.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What the body of a good answer looks like; without it the status alone decides.
    pub accepts: Option<Accepts>,
}

/// In which order a target's requests are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Choice {
    /// As they are listed, over and over.
    #[default]
    InTurn,
    /// Each as likely as any other.
    Uniform,
    /// The n-th with a probability proportional to n to the power of minus this exponent.
    Zipf(f64),
}

/// Changes a request right before it is sent.
#[derive(Clone)]
pub struct Seal(pub Arc<Sealer>);

/// See [`Seal`]: it is given the request's method, path and body.
pub type Sealer = dyn Fn(&mut Request<Full<Bytes>>, &Bytes) + Send + Sync;

impl fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("Seal")
    }
}

/// A look at the body of an answer with a 2xx status.
#[derive(Clone)]
pub struct Accepts(pub Arc<Predicate>);

/// Whether a body is right.
pub type Predicate = dyn Fn(&[u8]) -> bool + Send + Sync;

impl fmt::Debug for Accepts {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("Accepts")
    }
}

/// A target's requests as they go over the wire, built once. Cloning one copies no text.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Where to connect.
    pub(crate) uri: Uri,
    requests: Vec<Wire>,
    choice: Choice,
    /// The running sums of the probabilities, where they are not equal.
    weights: Vec<f64>,
    pub(crate) look_every: u64,
    pub(crate) cold: Option<HeaderName>,
    seal: Option<Seal>,
}

/// A request as it goes over the wire, with its body apart for who seals it.
#[derive(Debug)]
struct Wire {
    request: Request<Full<Bytes>>,
    body: Bytes,
    /// The same for a connection of HTTP/1.1; `None` for one of HTTP/2.
    encoded: Option<Encoded>,
    /// Of head and body.
    bytes: u64,
    accepts: Option<Accepts>,
}

impl Target {
    /// A target of one request, whose every answer is looked at.
    #[must_use]
    pub fn new(name: &str, request: TargetRequest) -> Self {
        Self {
            name: name.to_owned(),
            requests: vec![request],
            choice: Choice::InTurn,
            look_every: NonZeroU32::MIN,
            seal: None,
            cold: None,
        }
    }

    pub(crate) fn prepare(&self, http2: bool) -> Result<Prepared, LoadError> {
        let first = self.requests.first().ok_or(LoadError::Plan { reason: "a target has no request" })?;
        let uri = first.uri.clone();
        let requests: Result<Vec<_>, LoadError> =
            self.requests.iter().map(|request| self.wire(request, &uri, http2)).collect();
        let requests = requests?;
        let weights = match self.choice {
            Choice::Zipf(exponent) => zipf(requests.len(), exponent),
            Choice::InTurn | Choice::Uniform => Vec::new(),
        };
        let look_every = self.look_every.get().into();
        let (cold, seal) = (self.cold.clone(), self.seal.clone());
        Ok(Prepared { uri, requests, choice: self.choice, weights, look_every, cold, seal })
    }

    fn wire(&self, request: &TargetRequest, first: &Uri, http2: bool) -> Result<Wire, LoadError> {
        let uri = &request.uri;
        let wrong = |reason| LoadError::Uri { target: self.name.clone(), uri: uri.to_string(), reason };
        if ![Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&uri.scheme()) {
            return Err(wrong("it must start with http:// or https://"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if (uri.scheme(), Some(authority)) != (first.scheme(), first.authority()) {
            return Err(wrong("all requests of a target go to the same host"));
        }
        let host =
            HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("its host is no header value"))?;
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let mut wire = Request::new(Full::new(request.body.clone()));
        *wire.method_mut() = request.method.clone();
        *wire.headers_mut() = request.headers.clone();
        if http2 {
            // HTTP/2 names scheme and host beside the path instead of in a header.
            *wire.uri_mut() = uri.clone();
        } else {
            *wire.uri_mut() = Uri::from(path);
            wire.headers_mut().entry(HOST).or_insert(host);
        }
        let encoded = (!http2).then(|| encode(&wire, &request.body));
        let line =
            wire.method().as_str().len() + wire.uri().path_and_query().map_or(1, |path| path.as_str().len());
        let whole = (line + request.body.len()) as u64 + head_bytes(wire.headers());
        let bytes = encoded.as_ref().map_or(whole, |encoded| encoded.bytes.len() as u64);
        let (body, accepts) = (request.body.clone(), request.accepts.clone());
        Ok(Wire { request: wire, body, encoded, bytes, accepts })
    }
}

impl Prepared {
    /// The index of the request that comes after `sent` others.
    pub(crate) fn next(&self, sent: u64, random: &mut StdRng) -> usize {
        let many = self.requests.len();
        if many == 1 {
            return 0;
        }
        match self.choice {
            Choice::InTurn => usize::try_from(sent % many as u64).unwrap_or(0),
            Choice::Uniform => random.random_range(0..many),
            Choice::Zipf(_) => {
                let draw = random.random::<f64>();
                self.weights.partition_point(|sum| *sum <= draw).min(many - 1)
            }
        }
    }

    /// The request to be sent now.
    pub(crate) fn request(&self, index: usize) -> Outgoing {
        let Wire { request, body, encoded, .. } = &self.requests[index];
        let Some(Seal(seal)) = &self.seal else {
            return match encoded {
                Some(encoded) => Outgoing::Http1(encoded.clone()),
                None => Outgoing::Http2(Box::new(request.clone())),
            };
        };
        let mut request = request.clone();
        seal(&mut request, body);
        if encoded.is_some() {
            Outgoing::Http1(encode(&request, body))
        } else {
            Outgoing::Http2(Box::new(request))
        }
    }

    /// How many bytes of head and body go over the wire; what a seal adds is left out.
    pub(crate) fn bytes(&self, index: usize) -> u64 {
        self.requests[index].bytes
    }

    /// Whether the answer's body to the request with this index is wanted, when it is the connection's `sent`-th.
    pub(crate) fn looks_at(&self, index: usize, sent: u64) -> bool {
        self.requests[index].accepts.is_some() && sent.is_multiple_of(self.look_every)
    }

    /// Whether a body is right.
    pub(crate) fn accepts(&self, index: usize, body: &[u8]) -> bool {
        self.requests[index].accepts.as_ref().is_none_or(|Accepts(accepts)| accepts(body))
    }
}

/// A request as HTTP/1.1 writes it.
fn encode(request: &Request<Full<Bytes>>, body: &Bytes) -> Encoded {
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let mut bytes = BytesMut::with_capacity(256 + body.len());
    for part in [request.method().as_str(), " ", path, " HTTP/1.1\r\n"] {
        bytes.extend_from_slice(part.as_bytes());
    }
    for (name, value) in request.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    let told = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| request.headers().contains_key(name));
    if !told && !body.is_empty() {
        bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Encoded { bytes: bytes.freeze(), head_only: *request.method() == Method::HEAD }
}

/// How many bytes headers take in HTTP/1.1, with the rest of the first line and the empty one.
pub(crate) fn head_bytes(headers: &HeaderMap) -> u64 {
    let lines = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    (lines.sum::<usize>() + "HTTP/1.1  \r\n\r\n".len()) as u64
}

/// The running sums of probabilities that fall with rank by a power law; the last is 1.
fn zipf(many: usize, exponent: f64) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "nobody lists 2^52 requests")]
    let weights: Vec<f64> = (1..=many).map(|rank| (rank as f64).powf(-exponent)).collect();
    let whole: f64 = weights.iter().sum();
    let mut sum = 0.0;
    weights
        .iter()
        .map(|weight| {
            sum += weight / whole;
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn target(many: usize, choice: Choice) -> Prepared {
        let requests = (0..many)
            .map(|index| TargetRequest {
                uri: format!("http://127.0.0.1:1/{index}").parse().unwrap(),
                method: Method::GET,
                headers: HeaderMap::new(),
                body: Bytes::new(),
                accepts: None,
            })
            .collect();
        let first = TargetRequest {
            uri: Uri::from_static("http://127.0.0.1:1/"),
            method: Method::GET,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            accepts: None,
        };
        Target { requests, choice, ..Target::new("t", first) }.prepare(false).unwrap()
    }

    fn draws(target: &Prepared, many: u64) -> Vec<usize> {
        let mut random = StdRng::seed_from_u64(5);
        let mut counts = vec![0; target.requests.len()];
        for sent in 0..many {
            counts[target.next(sent, &mut random)] += 1;
        }
        counts
    }

    #[test]
    fn requests_come_in_turn() {
        assert_eq!(draws(&target(3, Choice::InTurn), 7), [3, 2, 2]);
    }

    #[test]
    fn uniform_requests_are_alike_often() {
        let counts = draws(&target(4, Choice::Uniform), 40_000);
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_second_is_half_as_likely_as_the_first_under_zipf() {
        let counts = draws(&target(3, Choice::Zipf(1.0)), 110_000);
        for (count, expected) in counts.iter().zip([60_000_usize, 30_000, 20_000]) {
            assert!(count.abs_diff(expected) < 1_000, "{counts:?}");
        }
    }

    #[test]
    fn requests_to_another_host_are_refused() {
        let request = |uri| TargetRequest {
            uri: Uri::from_static(uri),
            method: Method::GET,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            accepts: None,
        };
        let mut target = Target::new("t", request("http://127.0.0.1:1/"));
        target.requests.push(request("http://127.0.0.1:2/"));
        let error = target.prepare(false).unwrap_err();
        assert!(error.to_string().contains("the same host"), "{error}");
    }
}
