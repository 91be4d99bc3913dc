//! One request to one variant, whatever the variant wants of those who ask it.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use signed_http::{Response, Transport};
use workload::proof::Case;

use super::{Credentials, Subject};

/// A request, before it is known whom it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub method: Method,
    /// The path below a variant's `Url` with its leading slash, percent-encoded, and the query string where there is one.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Question {
    /// A request without headers and body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// The request of a case; the error says why it is none.
    pub fn of<E>(case: &Case<E>) -> Result<Self, String> {
        let method: Method = case.method.parse().map_err(|_| format!("{} is not a method", case.method))?;
        let mut question = Self::new(method, case.path.clone())
            .header("accept", HeaderValue::from_static("application/json"))
            .body(case.body.clone());
        if let Some(content_type) = case.content_type {
            question = question.header("content-type", HeaderValue::from_static(content_type));
        }
        Ok(question)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Where the request goes at a variant.
    pub fn uri(&self, subject: &Subject) -> Result<Uri, String> {
        let address = format!("{}{}", subject.url, self.path);
        address.parse().map_err(|error: http::uri::InvalidUri| format!("the address {address}: {error}"))
    }
}

/// Sends a question to a variant. Any status is an answer; the error says why none came.
pub async fn ask(transport: &Transport, subject: &Subject, question: &Question) -> Result<Response, String> {
    let mut request = http::Request::new(question.body.clone());
    *request.method_mut() = question.method.clone();
    *request.uri_mut() = question.uri(subject)?;
    *request.headers_mut() = question.headers.clone();
    match &subject.credentials {
        None => {}
        Some(Credentials::Signature(signer)) => signer.sign(&mut request, &question.body)?,
        Some(Credentials::Token(token)) => {
            request.headers_mut().insert(header::AUTHORIZATION, token.clone());
        }
    }
    transport.send(request).await.map_err(|error| error.to_string())
}
