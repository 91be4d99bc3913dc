//! Where requests go and what they look like.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::Full;

use crate::LoadError;

/// One address and the request that is sent to it, over and over.
#[derive(Clone, Debug)]
pub struct Target {
    /// The label of the outcome, such as a variant's id.
    pub name: String,
    /// An absolute `http` or `https` address.
    pub uri: Uri,
    pub method: Method,
    /// `Host` is added where it is missing; `Content-Length` follows from the body.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What a good answer's body looks like; without it the status alone decides.
    pub check: Option<BodyCheck>,
}

/// A look at some of the bodies of answers with a 2xx status.
#[derive(Clone)]
pub struct BodyCheck {
    /// Every how many requests of a connection one body is looked at; the first always is.
    pub every: NonZeroU32,
    pub accepts: Arc<Predicate>,
}

/// Whether a body is right.
pub type Predicate = dyn Fn(&[u8]) -> bool + Send + Sync;

impl fmt::Debug for BodyCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.debug_struct("BodyCheck").field("every", &self.every).finish_non_exhaustive()
    }
}

/// A target's request as it goes over the wire, built once. Cloning it copies no text.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    /// Where to connect.
    pub(crate) uri: Uri,
    pub(crate) request: Request<Full<Bytes>>,
    pub(crate) check: Option<BodyCheck>,
}

impl Target {
    pub(crate) fn prepare(&self) -> Result<Prepared, LoadError> {
        let wrong = |reason| LoadError::Uri { target: self.name.clone(), uri: self.uri.to_string(), reason };
        if ![Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&self.uri.scheme()) {
            return Err(wrong("it must start with http:// or https://"));
        }
        let authority = self.uri.authority().ok_or_else(|| wrong("it names no host"))?;
        let host =
            HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("its host is no header value"))?;
        let path = self.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::from(path);
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().entry(HOST).or_insert(host);
        Ok(Prepared { uri: self.uri.clone(), request, check: self.check.clone() })
    }
}
