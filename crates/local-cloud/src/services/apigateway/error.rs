use http::StatusCode;

use crate::wire::ApiError;

/// Why API Gateway refuses; the words are AWS's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiGatewayError {
    #[error("Invalid {kind} identifier specified{}{id}", if id.is_empty() { "" } else { " " })]
    NotFound { kind: &'static str, id: String },
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    BadRequest(String),
}

impl ApiGatewayError {
    pub(super) fn missing(kind: &'static str, id: &str) -> Self {
        Self::NotFound { kind, id: id.to_owned() }
    }
}

impl From<ApiGatewayError> for ApiError {
    fn from(error: ApiGatewayError) -> Self {
        let (status, code) = match &error {
            ApiGatewayError::NotFound { .. } => (StatusCode::NOT_FOUND, "NotFoundException"),
            ApiGatewayError::Conflict(_) => (StatusCode::CONFLICT, "ConflictException"),
            ApiGatewayError::BadRequest(_) => (StatusCode::BAD_REQUEST, "BadRequestException"),
        };
        Self::with_status(status, code, error.to_string())
    }
}
