//! Step Functions' errors in its codes and words.

use crate::wire::ApiError;

/// Why an operation of Step Functions was refused.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html>
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum StatesError {
    #[error("Invalid Name: '{name}'")]
    InvalidName { name: String },
    #[error("Invalid Arn: '{arn}'")]
    InvalidArn { arn: String },
    /// The words are a list of reasons, each with its location.
    #[error("Invalid State Machine Definition: '{reasons}'")]
    InvalidDefinition { reasons: String },
    #[error("Invalid Logging Configuration: {reason}")]
    InvalidLoggingConfiguration { reason: String },
    #[error("Invalid State Machine Execution Input: '{reason}'")]
    InvalidExecutionInput { reason: String },
    #[error("Invalid Token: '{token}'")]
    InvalidToken { token: String },
    #[error("{reason}")]
    Validation { reason: String },
    #[error("{reason}")]
    MissingRequiredParameter { reason: String },
    #[error(
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role."
    )]
    RoleNotAssumable,
    #[error("The state machine IAM Role is not authorized to access the Log Destination")]
    LogDestinationDenied,
    #[error("State Machine Already Exists: '{arn}'")]
    MachineExists { arn: String },
    #[error("State Machine Does Not Exist: '{arn}'")]
    NoSuchMachine { arn: String },
    #[error("Resource not found: '{arn}'")]
    NoSuchResource { arn: String },
    #[error("This operation is not supported by this type of state machine")]
    TypeNotSupported,
    #[error("Execution Does Not Exist: '{arn}'")]
    NoSuchExecution { arn: String },
    #[error("Execution Already Exists: '{arn}'")]
    ExecutionExists { arn: String },
    #[error("Too many executions run at once; at most {limit} may.")]
    ExecutionLimit { limit: usize },
    #[error("A resource has at most {limit} tags.")]
    TooManyTags { limit: usize },
    #[error("The cloud is stopping")]
    Stopping,
}

impl StatesError {
    pub(crate) fn validation(reason: impl Into<String>) -> Self {
        Self::Validation { reason: reason.into() }
    }

    pub(crate) fn no_machine(arn: &str) -> Self {
        Self::NoSuchMachine { arn: arn.to_owned() }
    }

    pub(crate) fn invalid_arn(arn: &str) -> Self {
        Self::InvalidArn { arn: arn.to_owned() }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidName { .. } => "InvalidName",
            Self::InvalidArn { .. } => "InvalidArn",
            Self::InvalidDefinition { .. } => "InvalidDefinition",
            Self::InvalidLoggingConfiguration { .. } => "InvalidLoggingConfiguration",
            Self::InvalidExecutionInput { .. } => "InvalidExecutionInput",
            Self::InvalidToken { .. } => "InvalidToken",
            Self::Validation { .. } => "ValidationException",
            Self::MissingRequiredParameter { .. } => "MissingRequiredParameter",
            Self::RoleNotAssumable | Self::LogDestinationDenied => "AccessDeniedException",
            Self::MachineExists { .. } => "StateMachineAlreadyExists",
            Self::NoSuchMachine { .. } => "StateMachineDoesNotExist",
            Self::NoSuchResource { .. } => "ResourceNotFound",
            Self::TypeNotSupported => "StateMachineTypeNotSupported",
            Self::NoSuchExecution { .. } => "ExecutionDoesNotExist",
            Self::ExecutionExists { .. } => "ExecutionAlreadyExists",
            Self::ExecutionLimit { .. } => "ExecutionLimitExceeded",
            Self::TooManyTags { .. } => "TooManyTags",
            Self::Stopping => "ServiceUnavailable",
        }
    }
}

impl From<StatesError> for ApiError {
    fn from(error: StatesError) -> Self {
        Self::sender(error.code(), error.to_string())
    }
}
