//! What the engine refuses, with the codes of the CloudFormation API.

use crate::check::CheckError;
use crate::template::TemplateError;

/// Why a call was refused.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Anything wrong with the input or with the state of the stack.
    #[error("{0}")]
    Validation(String),
    #[error("Stack [{0}] already exists")]
    AlreadyExists(String),
    #[error("ChangeSet [{0}] does not exist")]
    ChangeSetNotFound(String),
    /// The change set or its stack is in a state that does not admit the call.
    #[error("{0}")]
    InvalidChangeSetStatus(String),
    #[error("Requires capabilities : [{0}]")]
    InsufficientCapabilities(String),
    #[error("{0}")]
    LimitExceeded(String),
    /// The token was used for another call.
    #[error("ClientRequestToken {0} was already used for another operation")]
    TokenAlreadyExists(String),
}

impl EngineError {
    /// The error code of the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Validation(_) => "ValidationError",
            Self::AlreadyExists(_) => "AlreadyExistsException",
            Self::ChangeSetNotFound(_) => "ChangeSetNotFound",
            Self::InvalidChangeSetStatus(_) => "InvalidChangeSetStatus",
            Self::InsufficientCapabilities(_) => "InsufficientCapabilitiesException",
            Self::LimitExceeded(_) => "LimitExceededException",
            Self::TokenAlreadyExists(_) => "TokenAlreadyExistsException",
        }
    }

    /// The HTTP status of the API.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        if matches!(self, Self::ChangeSetNotFound(_)) { 404 } else { 400 }
    }

    /// That a stack does not exist, in the words for a name or for an ID.
    pub(crate) fn no_stack(name: &str) -> Self {
        if name.starts_with("arn:") {
            Self::Validation(format!("Stack with id {name} does not exist"))
        } else {
            Self::Validation(format!("Stack [{name}] does not exist"))
        }
    }
}

impl From<TemplateError> for EngineError {
    fn from(error: TemplateError) -> Self {
        Self::Validation(error.to_string())
    }
}

impl From<CheckError> for EngineError {
    fn from(error: CheckError) -> Self {
        Self::Validation(error.to_string())
    }
}
