//! DynamoDB's errors: a code, a message and the answer as it goes over the wire.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>

use bytes::Bytes;
use dynoxide::DynoxideError;
use http::StatusCode;
use serde_json::json;

use crate::wire::ApiError;

const VALIDATION: &str = "com.amazon.coral.validate#ValidationException";
const SERIALIZATION: &str = "com.amazon.coral.service#SerializationException";
const UNKNOWN_OPERATION: &str = "com.amazon.coral.service#UnknownOperationException";
const TABLE_NOT_FOUND: &str = "com.amazonaws.dynamodb.v20120810#TableNotFoundException";
const INTERNAL: &str = "com.amazonaws.dynamodb.v20120810#InternalServerError";

/// Why an operation of DynamoDB failed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}: {message}", self.code())]
pub struct DynamoDbError {
    /// The code with its namespace, as the answer's `__type` has it.
    pub kind: String,
    pub message: String,
    pub status: StatusCode,
    /// The whole answer in JSON; it may hold more than code and message, such as `CancellationReasons` or `Item`.
    pub body: Bytes,
}

impl DynamoDbError {
    /// The code without namespace: `ConditionalCheckFailedException`, `ResourceNotFoundException`, …
    #[must_use]
    pub fn code(&self) -> &str {
        self.kind.rsplit_once('#').map_or(self.kind.as_str(), |(_, code)| code)
    }

    fn new(kind: &str, message: String, status: StatusCode) -> Self {
        let body = json!({"__type": kind, "message": message}).to_string().into();
        Self { kind: kind.to_owned(), message, status, body }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(VALIDATION, message.into(), StatusCode::BAD_REQUEST)
    }

    pub(super) fn serialization(message: impl Into<String>) -> Self {
        Self::new(SERIALIZATION, message.into(), StatusCode::BAD_REQUEST)
    }

    pub(super) fn unknown(operation: &str) -> Self {
        let message =
            format!("The operation {operation:?} of dynamodb is unknown or not offered by this cloud.");
        Self::new(UNKNOWN_OPERATION, message, StatusCode::BAD_REQUEST)
    }

    pub(super) fn table_not_found(name: &str) -> Self {
        Self::new(TABLE_NOT_FOUND, format!("Table not found: {name}"), StatusCode::BAD_REQUEST)
    }

    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "DynamoDB failed");
        Self::new(INTERNAL, "Internal server error".to_owned(), StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<DynoxideError> for DynamoDbError {
    fn from(error: DynoxideError) -> Self {
        let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = error.to_string();
        if status.is_server_error() {
            tracing::error!(error = message, "DynamoDB failed");
        }
        Self { kind: error.error_type().to_owned(), message, status, body: error.to_json().into() }
    }
}

impl From<ApiError> for DynamoDbError {
    fn from(error: ApiError) -> Self {
        Self::new(&error.code, error.message, error.status)
    }
}

impl From<DynamoDbError> for ApiError {
    fn from(error: DynamoDbError) -> Self {
        Self::with_status(error.status, error.code().to_owned(), error.message)
    }
}
