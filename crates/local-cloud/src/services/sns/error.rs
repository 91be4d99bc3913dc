//! SNS's errors in its codes and words.

use http::StatusCode;

use crate::wire::ApiError;

/// Why an operation of SNS was refused.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SnsError {
    #[error("Topic does not exist")]
    NoSuchTopic,
    #[error("Subscription does not exist")]
    NoSuchSubscription,
    #[error("Resource does not exist")]
    NoSuchResource,
    /// The words after `Invalid parameter: `, such as `Empty message` or `TopicArn`.
    #[error("Invalid parameter: {what}")]
    InvalidParameter { what: String },
    #[error("{message}")]
    ParameterValueInvalid { message: String },
    #[error("The batch request doesn't contain any entries.")]
    EmptyBatch,
    #[error("The batch request contains more entries than permissible.")]
    TooManyEntries,
    #[error("Two or more batch entries in the request have the same Id.")]
    IdsNotDistinct,
    #[error("The Id of a batch entry in a batch request doesn't abide by the specification.")]
    InvalidEntryId,
    #[error("The length of all the messages put together is more than the limit.")]
    BatchTooLong,
}

impl SnsError {
    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self::InvalidParameter { what: what.into() }
    }
}

impl From<SnsError> for ApiError {
    fn from(error: SnsError) -> Self {
        let message = error.to_string();
        let (status, code) = match error {
            SnsError::NoSuchTopic | SnsError::NoSuchSubscription => (StatusCode::NOT_FOUND, "NotFound"),
            SnsError::NoSuchResource => (StatusCode::NOT_FOUND, "ResourceNotFound"),
            SnsError::InvalidParameter { .. } => (StatusCode::BAD_REQUEST, "InvalidParameter"),
            SnsError::ParameterValueInvalid { .. } => (StatusCode::BAD_REQUEST, "ParameterValueInvalid"),
            SnsError::EmptyBatch => (StatusCode::BAD_REQUEST, "EmptyBatchRequest"),
            SnsError::TooManyEntries => (StatusCode::BAD_REQUEST, "TooManyEntriesInBatchRequest"),
            SnsError::IdsNotDistinct => (StatusCode::BAD_REQUEST, "BatchEntryIdsNotDistinct"),
            SnsError::InvalidEntryId => (StatusCode::BAD_REQUEST, "InvalidBatchEntryId"),
            SnsError::BatchTooLong => (StatusCode::BAD_REQUEST, "BatchRequestTooLong"),
        };
        Self::with_status(status, code, message)
    }
}
