//! SQS's errors in its codes and words, for JSON and for the older query protocol.

use http::StatusCode;

use crate::wire::ApiError;

/// Why an operation of SQS was refused.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SqsError {
    #[error("The specified queue does not exist.")]
    NoSuchQueue,
    #[error("A queue already exists with the same name and a different value for attribute {attribute}")]
    QueueExists { attribute: String },
    #[error(
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length (the name is {name:?})"
    )]
    InvalidName { name: String },
    #[error("FIFO queues are not offered by this cloud; leave FifoQueue and the suffix .fifo out.")]
    Fifo,
    #[error("Unknown Attribute {name}.")]
    UnknownAttribute { name: String },
    #[error("Invalid value for the parameter {name}.{}", reason_suffix(.reason))]
    InvalidAttributeValue { name: String, reason: String },
    #[error("Only one PurgeQueue operation on {name} is allowed every 60 seconds.")]
    PurgeInProgress { name: String },
    #[error("{message}")]
    InvalidParameterValue { message: String },
    #[error("The request must contain the parameter {name}.")]
    MissingParameter { name: &'static str },
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    #[error("The input receipt handle \"{handle}\" is not a valid receipt handle.")]
    InvalidReceiptHandle { handle: String },
    #[error("There should be at least one {entry} in the request.")]
    EmptyBatch { entry: &'static str },
    #[error("Maximum number of entries per request are 10. You have sent {sent}.")]
    TooManyEntries { sent: usize },
    #[error("Id {id} repeated.")]
    IdsNotDistinct { id: String },
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    )]
    InvalidEntryId,
    #[error("Batch requests cannot be longer than {limit} bytes. You have sent {sent} bytes.")]
    BatchTooLong { limit: usize, sent: usize },
    #[error(
        "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
    )]
    NotInFlight { handle: String },
}

fn reason_suffix(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" Reason: {reason}") }
}

impl From<SqsError> for ApiError {
    fn from(error: SqsError) -> Self {
        let message = error.to_string();
        let (code, query_code) = match error {
            SqsError::NoSuchQueue => ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            SqsError::QueueExists { .. } => ("QueueNameExists", "QueueAlreadyExists"),
            SqsError::Fifo => ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
            SqsError::UnknownAttribute { .. } => ("InvalidAttributeName", "InvalidAttributeName"),
            SqsError::InvalidAttributeValue { .. } => ("InvalidAttributeValue", "InvalidAttributeValue"),
            SqsError::PurgeInProgress { .. } => {
                ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress")
            }
            SqsError::InvalidName { .. } | SqsError::InvalidParameterValue { .. } => {
                ("InvalidParameterValue", "InvalidParameterValue")
            }
            SqsError::MissingParameter { .. } => ("MissingParameter", "MissingParameter"),
            SqsError::InvalidMessageContents => ("InvalidMessageContents", "InvalidMessageContents"),
            SqsError::InvalidReceiptHandle { .. } => ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            SqsError::EmptyBatch { .. } => ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
            SqsError::TooManyEntries { .. } => {
                ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
            }
            SqsError::IdsNotDistinct { .. } => {
                ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
            }
            SqsError::InvalidEntryId => ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
            SqsError::BatchTooLong { .. } => {
                ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong")
            }
            SqsError::NotInFlight { .. } => {
                ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight")
            }
        };
        let mut answer = Self::with_status(StatusCode::BAD_REQUEST, code, message);
        answer.query_code = Some(query_code);
        answer
    }
}
