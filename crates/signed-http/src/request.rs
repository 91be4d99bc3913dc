//! A call and its answer, before and after the wire.

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The signature's unreserved characters; everything else is percent-encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// A call to an AWS service.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service's signing name, such as `s3`, `ecr`, `logs`, `tagging`, `sts`.
    pub service: String,
    /// The HTTP method.
    pub method: Method,
    /// The path, not percent-encoded, with its leading slash.
    pub path: String,
    /// Query parameters, not percent-encoded.
    pub query: Vec<(String, String)>,
    /// Headers beside the ones that the signature brings. Names are lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// A request without query, headers and body.
    #[must_use]
    pub fn new(service: impl Into<String>, method: Method, path: impl Into<String>) -> Request {
        Request {
            service: service.into(),
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.headers.push((name.into().to_ascii_lowercase(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Request {
        self.body = body.into();
        self
    }

    /// Path and query as they go over the wire.
    pub(crate) fn path_and_query(&self) -> String {
        let path = utf8_percent_encode(&self.path, ENCODED_IN_PATH);
        if self.query.is_empty() { path.to_string() } else { format!("{path}?{}", form(&self.query)) }
    }
}

/// Pairs as `application/x-www-form-urlencoded`, with `%20` for a space, as the signature wants it.
pub(crate) fn form(pairs: &[(String, String)]) -> String {
    let encode = |text| utf8_percent_encode(text, ENCODED);
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// The text of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_encoded_once() {
        let request = Request::new("s3", Method::GET, "/bucket/a b/ü+=.zip")
            .query("prefix", "x/y z")
            .query("versions", "");
        assert_eq!(request.path_and_query(), "/bucket/a%20b/%C3%BC%2B%3D.zip?prefix=x%2Fy%20z&versions=");
    }

    #[test]
    fn header_names_are_lower_case() {
        assert_eq!(
            Request::new("s3", Method::PUT, "/").header("Content-Type", "a/b").headers[0].0,
            "content-type"
        );
    }
}
