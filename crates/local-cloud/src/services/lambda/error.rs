use data_plane::function::{InvokeError, StartError};
use http::StatusCode;

use crate::wire::ApiError;

/// Why Lambda refuses; code and words are AWS's.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html>
#[derive(Clone, Debug, thiserror::Error)]
pub enum LambdaError {
    #[error("Function not found: {arn}")]
    FunctionNotFound { arn: String },
    #[error("Function already exist: {0}")]
    FunctionExists(String),
    #[error("Alias already exists: {0}")]
    AliasExists(String),
    #[error("Cannot find alias arn: {0}")]
    AliasNotFound(String),
    #[error(
        "The statement id ({0}) provided already exists. Please provide a new statement id, or remove the existing statement."
    )]
    StatementExists(String),
    #[error("No policy is associated with the given resource.")]
    NoPolicy,
    #[error("No Provisioned Concurrency Config found for this function")]
    NotProvisioned,
    #[error("{0}")]
    InvalidParameter(String),
    #[error("Could not parse request body into json: {0}")]
    InvalidRequestContent(String),
    #[error(
        "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({actual}). Please try again with the CodeSHA256 in $LATEST."
    )]
    CodeChanged { given: String, actual: String },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Invoke(#[from] InvokeError),
}

impl From<LambdaError> for ApiError {
    fn from(error: LambdaError) -> Self {
        let message = error.to_string();
        match error {
            LambdaError::FunctionNotFound { .. } | LambdaError::AliasNotFound(_) | LambdaError::NoPolicy => {
                Self::with_status(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
            }
            LambdaError::NotProvisioned => Self::with_status(
                StatusCode::NOT_FOUND,
                "ProvisionedConcurrencyConfigNotFoundException",
                message,
            ),
            LambdaError::FunctionExists(_)
            | LambdaError::AliasExists(_)
            | LambdaError::StatementExists(_)
            | LambdaError::Invoke(InvokeError::Stopped { .. }) => {
                Self::with_status(StatusCode::CONFLICT, "ResourceConflictException", message)
            }
            LambdaError::InvalidRequestContent(_) => Self::sender("InvalidRequestContentException", message),
            LambdaError::InvalidParameter(_) | LambdaError::CodeChanged { .. } | LambdaError::Start(_) => {
                Self::sender("InvalidParameterValueException", message)
            }
            LambdaError::Invoke(InvokeError::Throttled { reason, .. }) => {
                Self::with_status(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.")
                    .detail("Reason", reason)
            }
            LambdaError::Invoke(InvokeError::PayloadTooLarge { .. }) => {
                Self::with_status(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message)
            }
        }
    }
}
