use crate::wire::ApiError;

/// Why App Runner refuses.
///
/// <https://docs.aws.amazon.com/apprunner/latest/api/CommonErrors.html>
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppRunnerError {
    #[error("{0}")]
    InvalidRequest(String),
    #[error("{0} does not exist.")]
    NotFound(String),
    #[error("{0}")]
    InvalidState(String),
    #[error("Service with the provided name already exists: {0}.")]
    Exists(String),
    /// A fault that was planned for `CreateService`.
    #[error("{message}")]
    Refused { code: String, message: String },
}

impl From<AppRunnerError> for ApiError {
    fn from(error: AppRunnerError) -> Self {
        let code = match &error {
            AppRunnerError::InvalidRequest(_) | AppRunnerError::Exists(_) => "InvalidRequestException",
            AppRunnerError::NotFound(_) => "ResourceNotFoundException",
            AppRunnerError::InvalidState(_) => "InvalidStateException",
            AppRunnerError::Refused { code, .. } => code,
        };
        Self::sender(code, error.to_string())
    }
}
