//! CloudWatch Logs' errors in its codes and words.

use crate::wire::ApiError;

/// Why an operation of CloudWatch Logs was refused.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LogsError {
    #[error("The specified log group does not exist.")]
    NoSuchGroup,
    #[error("The specified log group already exists")]
    GroupExists,
    #[error("The specified log stream does not exist.")]
    NoSuchStream,
    #[error("The specified log stream already exists")]
    StreamExists,
    #[error(
        "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
    )]
    InvalidGroupName { name: String },
    #[error("{message}")]
    InvalidParameter { message: String },
}

impl LogsError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidParameter { message: message.into() }
    }
}

impl From<LogsError> for ApiError {
    fn from(error: LogsError) -> Self {
        let code = match error {
            LogsError::NoSuchGroup | LogsError::NoSuchStream => "ResourceNotFoundException",
            LogsError::GroupExists | LogsError::StreamExists => "ResourceAlreadyExistsException",
            LogsError::InvalidGroupName { .. } | LogsError::InvalidParameter { .. } => {
                "InvalidParameterException"
            }
        };
        Self::sender(code, error.to_string())
    }
}
