//! Why a request was not published.

use thiserror::Error;

use crate::Refusal;

/// A request that was not published. The message is what the client is told.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PublishError {
    /// There is no body.
    #[error("The request body is empty")]
    Empty,
    /// The body is not UTF-8.
    #[error("The request body is not UTF-8 text")]
    NotText,
    /// The body is larger than [`super::MAX_BODY_BYTES`].
    #[error("The request body is over 256 KiB")]
    TooLarge,
    /// The content type is not one of [`super::CONTENT_TYPES`].
    #[error("The content type is not supported")]
    UnsupportedType,
    /// SNS throttled the call, and still did after the retries.
    #[error("Too many requests")]
    Throttled,
    /// SNS refused the message, failed, or could not be reached. The log says why.
    #[error("The topic did not accept the message")]
    NotAccepted,
}

impl PublishError {
    /// The answer: status and message.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        match self {
            PublishError::Empty => Refusal { status: 400, message: "The request body is empty" },
            PublishError::NotText => Refusal { status: 400, message: "The request body is not UTF-8 text" },
            PublishError::TooLarge => Refusal { status: 413, message: "The request body is over 256 KiB" },
            PublishError::UnsupportedType => {
                Refusal { status: 415, message: "The content type is not supported" }
            }
            PublishError::Throttled => Refusal { status: 429, message: "Too many requests" },
            PublishError::NotAccepted => {
                Refusal { status: 502, message: "The topic did not accept the message" }
            }
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        self.refusal().status
    }

    /// The body, `{"message":"…"}`, to be sent as `application/json`.
    #[must_use]
    pub fn body(self) -> String {
        self.refusal().body()
    }
}
