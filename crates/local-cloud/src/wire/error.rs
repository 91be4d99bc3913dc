//! Errors in the shape that SDKs parse, whatever the protocol.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Node, Protocol, WireRequest, WireResponse};

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Sender,
    Receiver,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::Sender => "Sender",
            Self::Receiver => "Receiver",
        }
    }
}

/// An error as a service states it: AWS's code, AWS's words, and the HTTP status.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The error code: `InvalidParameter`, `NoSuchBucket`, …
    pub code: String,
    pub message: String,
    pub status: StatusCode,
    pub fault: Fault,
    /// The code that the query protocol had, where a service moved to JSON and kept it (`x-amzn-query-error`).
    pub query_code: Option<&'static str>,
    /// Further members of the error's shape.
    pub detail: Vec<(&'static str, String)>,
}

impl ApiError {
    /// An error of the caller with status 400.
    pub fn sender(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, code, message)
    }

    /// An error with a status of its own; from 500 on it is the receiver's fault.
    pub fn with_status(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        let fault = if status.is_server_error() { Fault::Receiver } else { Fault::Sender };
        Self {
            code: code.into(),
            message: message.into(),
            status,
            fault,
            query_code: None,
            detail: Vec::new(),
        }
    }

    /// An error of the cloud itself: status 500.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", message)
    }

    /// The answer to an operation that the service has not: the words name the service and the operation.
    #[must_use]
    pub fn unknown_operation(request: &WireRequest, operation: &str) -> Self {
        let service = &request.service;
        let message = format!("The operation {operation} of {service} is not offered by this cloud.");
        match Protocol::of(request) {
            Protocol::Query | Protocol::QueryJson => Self::sender("InvalidAction", message),
            Protocol::AwsJson10 | Protocol::AwsJson11 => Self::sender("UnknownOperationException", message),
            Protocol::RestJson | Protocol::RestXml => {
                Self::with_status(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
            }
        }
    }

    /// Adds a member to the error's shape.
    #[must_use]
    pub fn detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.detail.push((name, value.into()));
        self
    }

    /// The error in a protocol.
    #[must_use]
    pub fn into_response(self, protocol: Protocol, request: &WireRequest) -> WireResponse {
        let id = request.request_id.as_str();
        let mut response = match protocol {
            Protocol::Query => {
                let document = self.query_document(id);
                WireResponse::xml(self.status, document.to_xml("ErrorResponse", request.xml_namespace()))
            }
            Protocol::QueryJson => {
                let error = json!({"Code": self.code, "Message": self.message, "Type": self.fault.name()});
                WireResponse::json(self.status, &json!({"Error": error, "RequestId": id}))
            }
            Protocol::AwsJson10 | Protocol::AwsJson11 => {
                let mut body = self.members();
                body.insert("__type".into(), Value::String(self.code.clone()));
                let mut response = WireResponse::json(self.status, &Value::Object(body));
                if protocol == Protocol::AwsJson10 {
                    response = response.with_header("content-type", "application/x-amz-json-1.0");
                } else {
                    response = response.with_header("content-type", "application/x-amz-json-1.1");
                }
                if let Some(code) = self.query_code {
                    let value = format!("{code};{}", self.fault.name());
                    response = response.with_header("x-amzn-query-error", &value);
                }
                response
            }
            Protocol::RestJson => {
                let mut body = self.members();
                let kind = if self.fault == Fault::Sender { "User" } else { "Service" };
                body.insert("Type".into(), Value::String(kind.into()));
                WireResponse::json(self.status, &Value::Object(body))
                    .with_header("x-amzn-errortype", &self.code)
            }
            Protocol::RestXml => {
                let mut error = vec![
                    ("Code", Node::from(self.code.as_str())),
                    ("Message", Node::from(self.message.as_str())),
                ];
                error.extend(self.detail.iter().map(|(name, value)| (*name, Node::from(value.as_str()))));
                error.push(("Resource", Node::from(request.uri.path())));
                error.push(("RequestId", Node::from(id)));
                error.push(("HostId", Node::from(id)));
                WireResponse::xml(self.status, Node::Struct(error).to_xml("Error", None))
            }
        };
        response = response.with_header("x-amzn-requestid", id);
        response
    }

    fn query_document(&self, id: &str) -> Node {
        let mut error = vec![
            ("Type", Node::from(self.fault.name())),
            ("Code", Node::from(self.query_code.unwrap_or(&self.code))),
            ("Message", Node::from(self.message.as_str())),
        ];
        error.extend(self.detail.iter().map(|(name, value)| (*name, Node::from(value.as_str()))));
        Node::Struct(vec![("Error", Node::Struct(error)), ("RequestId", Node::from(id))])
    }

    fn members(&self) -> serde_json::Map<String, Value> {
        let mut members = serde_json::Map::new();
        // Services differ in the member's case and SDKs look for both.
        members.insert("message".into(), Value::String(self.message.clone()));
        members.insert("Message".into(), Value::String(self.message.clone()));
        for (name, value) in &self.detail {
            members.insert((*name).into(), Value::String(value.clone()));
        }
        members
    }
}
