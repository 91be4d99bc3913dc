//! What goes wrong with a set of stacks as a whole. What goes wrong with one stack is its [`crate::Outcome`].

use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// A set of stacks that cannot be worked on, or a call that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No stack of the set and no promise supplies an input.
    #[error(
        "stack {stack}: nothing supplies {input} for the parameter {parameter}; a stack of the set must have it as an \
         output, or the value must be given"
    )]
    NoSource { stack: String, parameter: String, input: String },
    /// Stacks that need each other's outputs.
    #[error("the stacks {} need each other's outputs; break the circle in their templates", stacks.join(", "))]
    Circle { stacks: Vec<String> },
    /// Two stacks of the set have the same name, or the same published output.
    #[error("{what} {name} stands twice in the set: {first} and {second}")]
    Twice { what: &'static str, name: String, first: String, second: String },
    /// The endpoint did not answer.
    #[error("{operation} got no answer: {message}")]
    Unreachable { operation: &'static str, message: String },
    /// The endpoint refused a call.
    #[error("{operation} was refused: {code}: {message}")]
    Refused { operation: &'static str, code: String, message: String },
    /// A stack was in progress for longer than [`crate::Pacing::timeout`].
    #[error("{stack} is still {status} after {seconds} s; the endpoint goes on with it")]
    Timeout { stack: String, status: String, seconds: u64 },
    /// The caller cancelled.
    #[error("interrupted")]
    Interrupted,
    /// A call other than CloudFormation's failed.
    #[error("{operation} failed: {message}")]
    Sweep { operation: &'static str, message: String },
}

impl Error {
    /// Reads an SDK error: the service's code and message where it answered, the chain of causes where it did not.
    pub(crate) fn from_sdk<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug + 'static,
    {
        match error
            .as_service_error()
            .and_then(|service| service.code().map(|code| (code, service.message())))
        {
            Some((code, message)) => Self::Refused {
                operation,
                code: code.to_owned(),
                message: message.unwrap_or("no message").to_owned(),
            },
            None => Self::Unreachable { operation, message: DisplayErrorContext(error).to_string() },
        }
    }

    /// Whether the call was refused for its rate.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>
    pub(crate) fn is_throttle(&self) -> bool {
        matches!(self, Self::Refused { code, message, .. }
            if code.contains("Throttl") || code == "RequestLimitExceeded" || message.contains("Rate exceeded"))
    }

    /// Whether `UpdateStack` found nothing to do, which CloudFormation reports as an error.
    pub(crate) fn is_no_update(&self) -> bool {
        matches!(self, Self::Refused { code, message, .. }
            if code == "ValidationError" && message.contains("No updates are to be performed"))
    }

    /// Whether the stack does not exist.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Refused { code, message, .. }
            if code == "ValidationError" && message.contains("does not exist"))
    }

    /// Whether the stack's state does not admit the call.
    pub(crate) fn is_wrong_state(&self) -> bool {
        matches!(self, Self::Refused { code, message, .. } if code == "ValidationError"
            && (message.contains("_IN_PROGRESS") || message.contains("can not be updated") || message.contains("cannot be deleted while in status")))
    }
}
