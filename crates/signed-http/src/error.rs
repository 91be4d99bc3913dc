//! What can go wrong with a call, and what AWS said about it.

use http::HeaderMap;
use serde_json::Value;
use thiserror::Error;

use crate::{TransportError, xml};

/// A call that did not succeed.
#[derive(Debug, Error)]
pub enum SignedHttpError {
    /// No region is configured.
    #[error("no AWS region is configured: set AWS_REGION, a region in the profile, or pass --region")]
    NoRegion,
    /// No credentials are configured, or they could not be had.
    #[error("no AWS credentials: {reason}")]
    Credentials {
        /// What the credential chain said, without the credentials.
        reason: String,
    },
    /// The request cannot be expressed in HTTP or cannot be signed.
    #[error("the request {method} {uri} is not valid: {reason}")]
    InvalidRequest {
        /// The HTTP method.
        method: String,
        /// The full address.
        uri: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server could not be reached or did not answer in time, after all attempts.
    #[error("{service} at {endpoint} did not answer")]
    Unreachable {
        /// The service, by its signing name.
        service: String,
        /// Scheme, host and port.
        endpoint: String,
        /// What happened at the last attempt.
        source: TransportError,
    },
    /// The service refused the request or failed, after all attempts.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The service's answer is not what its protocol says.
    #[error("the answer of {service} to {operation} cannot be read: {reason}")]
    Unreadable {
        /// The service, by its signing name.
        service: String,
        /// The operation.
        operation: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

impl SignedHttpError {
    /// The error of the service, when the service answered.
    #[must_use]
    pub fn service_error(&self) -> Option<&ServiceError> {
        match self {
            SignedHttpError::Service(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the service answered that the thing does not exist (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.service_error().is_some_and(|error| error.status == 404)
    }
}

/// An error that an AWS service answered.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{service}: {code} (HTTP {status}): {message}")]
pub struct ServiceError {
    /// The service, by its signing name.
    pub service: String,
    /// The HTTP status.
    pub status: u16,
    /// The error code, such as `NoSuchBucket`, without namespace. `HTTP<status>` when the answer names none, as that to
    /// a HEAD request.
    pub code: String,
    /// The text for people; empty when the answer has none.
    pub message: String,
    /// The ID by which AWS can find the request.
    pub request_id: Option<String>,
}

impl ServiceError {
    /// Reads the error from an answer in any of AWS's protocols: a JSON `__type`, the header `x-amzn-errortype`, or XML
    /// with `<Code>` and `<Message>`.
    #[must_use]
    pub fn parse(service: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> ServiceError {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let text = std::str::from_utf8(body).ok().filter(|text| text.trim_start().starts_with('<'));
        let in_json = |names: &[&str]| {
            names.iter().find_map(|name| json.as_ref()?.get(name)?.as_str().map(str::to_owned))
        };
        let in_xml = |name: &str| text.and_then(|text| xml::first_text(text, name));

        let code = header("x-amzn-errortype")
            .or_else(|| header("x-amzn-query-error"))
            .or_else(|| in_json(&["__type", "code", "Code"]))
            .or_else(|| in_xml("Code"))
            .map_or_else(|| format!("HTTP{status}"), |code| bare_code(&code));
        ServiceError {
            service: service.to_owned(),
            status,
            code,
            message: in_json(&["message", "Message", "errorMessage"])
                .or_else(|| in_xml("Message"))
                .unwrap_or_default(),
            request_id: header("x-amzn-requestid")
                .or_else(|| header("x-amz-request-id"))
                .or_else(|| in_xml("RequestId"))
                .or_else(|| in_xml("RequestID")),
        }
    }

    /// Whether the service asks for fewer calls.
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        const CODES: &[&str] = &[
            "BandwidthLimitExceeded",
            "LimitExceededException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "Throttled",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ];
        self.status == 429 || CODES.contains(&self.code.as_str())
    }
}

/// `com.amazonaws.logs#ResourceNotFoundException`, `Code:http://…` and `Code;Sender` all name one code.
fn bare_code(code: &str) -> String {
    let code = code.rsplit('#').next().unwrap_or_default();
    code.split([':', ';']).next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> ServiceError {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect();
        ServiceError::parse("svc", status, &headers, body.as_bytes())
    }

    #[test]
    fn json_errors_lose_their_namespace() {
        let error = parse(
            400,
            &[("x-amzn-requestid", "r-1")],
            r#"{"__type":"com.amazonaws.logs#ResourceNotFoundException","message":"The group does not exist."}"#,
        );
        assert_eq!(error.to_string(), "svc: ResourceNotFoundException (HTTP 400): The group does not exist.");
        assert_eq!(error.request_id.as_deref(), Some("r-1"));
    }

    #[test]
    fn the_error_header_wins_over_the_body() {
        let error =
            parse(403, &[("x-amzn-errortype", "AccessDenied:http://internal/")], r#"{"Message":"No"}"#);
        assert_eq!((error.code.as_str(), error.message.as_str()), ("AccessDenied", "No"));
    }

    #[test]
    fn xml_errors_of_s3_and_of_the_query_protocol_are_read() {
        let s3 = parse(
            404,
            &[],
            "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>a &amp; b</Message><RequestId>4</RequestId></Error>",
        );
        assert_eq!((s3.code.as_str(), s3.message.as_str()), ("NoSuchKey", "a & b"));
        assert_eq!(s3.request_id.as_deref(), Some("4"));
        let query = parse(
            403,
            &[],
            "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>Bad</Message></Error></ErrorResponse>",
        );
        assert_eq!(query.code, "InvalidClientTokenId");
    }

    #[test]
    fn an_answer_without_a_body_is_named_by_its_status() {
        let error = parse(404, &[], "");
        assert_eq!(error.code, "HTTP404");
        assert!(SignedHttpError::from(error).is_not_found());
    }

    #[test]
    fn throttling_is_known_by_code_or_status() {
        assert!(parse(400, &[], r#"{"__type":"ThrottlingException"}"#).is_throttling());
        assert!(parse(429, &[], "").is_throttling());
        assert!(parse(503, &[], "<Error><Code>SlowDown</Code></Error>").is_throttling());
        assert!(!parse(400, &[], r#"{"__type":"ValidationException"}"#).is_throttling());
    }
}
