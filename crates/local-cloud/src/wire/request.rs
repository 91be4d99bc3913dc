//! A request as services see it.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde_json::Value;

use super::{ApiError, Params, percent_decode};

/// A whole request, with the service and region already told by the router.
#[derive(Clone, Debug)]
pub struct WireRequest {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The signing name of the service: `sns`, `s3`, `elasticloadbalancing`, … Empty until the router has told it.
    pub service: String,
    /// The region that the call is for. Empty until the router has told it.
    pub region: String,
    /// The region that the caller works in, where it is a function, a task or a REST API of this cloud; else empty.
    pub origin: String,
    /// Unique per request; answers carry it.
    pub request_id: String,
}

impl WireRequest {
    /// A request without service and region, which [`crate::Router::call`] tells from the request itself.
    #[must_use]
    pub fn new(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            method,
            uri,
            headers,
            body,
            service: String::new(),
            region: String::new(),
            origin: String::new(),
            request_id: uuid::Uuid::new_v4().to_string(),
        }
    }

    /// A request made inside the cloud for a known service, so that the router need not tell it.
    #[must_use]
    pub fn for_service(mut self, service: &str, region: &str) -> Self {
        service.clone_into(&mut self.service);
        region.clone_into(&mut self.region);
        self
    }

    /// A request made by something in a region of the cloud, which may be far from the region that the call is for.
    #[must_use]
    pub fn from_region(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    /// A header's value, where it is there and readable text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A parameter of the query string, decoded; empty where it has no value.
    #[must_use]
    pub fn query_param(&self, name: &str) -> Option<String> {
        let query = self.uri.query()?;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(key) == name).then(|| percent_decode(&value.replace('+', " ")))
        })
    }

    /// The parameters of the query protocol, from the form and from the query string.
    #[must_use]
    pub fn params(&self) -> Params {
        match self.uri.query() {
            None | Some("") => Params::parse(&self.body),
            Some(query) if self.body.is_empty() => Params::parse(query.as_bytes()),
            Some(query) => Params::parse(&[query.as_bytes(), b"&", &self.body].concat()),
        }
    }

    /// The operation of a JSON protocol: what follows the dot in `X-Amz-Target`.
    #[must_use]
    pub fn target_operation(&self) -> Option<&str> {
        self.header("x-amz-target")?.rsplit_once('.').map(|(_, operation)| operation)
    }

    /// The body as a JSON object; an empty body is an empty object.
    pub fn json(&self) -> Result<Value, ApiError> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        match serde_json::from_slice(&self.body) {
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) => {
                Err(ApiError::sender("SerializationException", "The request's body is not a JSON object."))
            }
            Err(error) => Err(ApiError::sender("SerializationException", error.to_string())),
        }
    }

    /// The XML namespace of the service's answers, for the query protocol.
    pub(crate) fn xml_namespace(&self) -> Option<&'static str> {
        match self.service.as_str() {
            "sns" => Some("http://sns.amazonaws.com/doc/2010-03-31/"),
            "sqs" => Some("http://queue.amazonaws.com/doc/2012-11-05/"),
            "sts" => Some("https://sts.amazonaws.com/doc/2011-06-15/"),
            "iam" => Some("https://iam.amazonaws.com/doc/2010-05-08/"),
            "cloudformation" => Some("http://cloudformation.amazonaws.com/doc/2010-05-15/"),
            "route53" => Some("https://route53.amazonaws.com/doc/2013-04-01/"),
            "elasticloadbalancing" => Some("http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"),
            _ => None,
        }
    }
}
