//! Which of AWS's protocols a request is spoken in.

use http::header;

use super::WireRequest;

/// The protocol decides the shape of answers and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Form in, XML out: <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>
    Query,
    /// The query protocol with `Accept: application/json`, as API Gateway's service integrations use it.
    QueryJson,
    /// `application/x-amz-json-1.0`
    AwsJson10,
    /// `application/x-amz-json-1.1`
    AwsJson11,
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>
    RestJson,
    /// <https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html>
    RestXml,
}

impl Protocol {
    /// The protocol as the headers tell it, for services that speak several and for errors before a service is known.
    #[must_use]
    pub fn of(request: &WireRequest) -> Self {
        let content_type = request.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        if content_type.starts_with("application/x-amz-json-1.0") {
            Self::AwsJson10
        } else if request.header("x-amz-target").is_some() {
            Self::AwsJson11
        } else if request.service == "s3" {
            Self::RestXml
        } else if content_type.starts_with("application/x-www-form-urlencoded")
            || request.query_param("Action").is_some()
        {
            Self::query(request)
        } else {
            Self::RestJson
        }
    }

    /// The query protocol, in JSON where the caller accepts that.
    #[must_use]
    pub fn query(request: &WireRequest) -> Self {
        match request.header(header::ACCEPT.as_str()) {
            Some(accept) if accept.contains("application/json") => Self::QueryJson,
            _ => Self::Query,
        }
    }
}
