//! Why a request was not passed on, or its answer not passed back.

use thiserror::Error;

use crate::Refusal;

/// A request without the origin's answer. The message is what the client is told.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ProxyError {
    /// The method, the path or a header is none of HTTP's.
    #[error("Bad request")]
    Malformed,
    /// The origin could not be reached, or closed the connection. The log says why.
    #[error("The origin did not answer")]
    Unreachable,
    /// The origin took too long.
    #[error("The origin did not answer in time")]
    TimedOut,
    /// The answer is larger than Lambda can give back.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    #[error("The origin's answer is over 6 MB")]
    TooLarge,
}

impl ProxyError {
    /// The answer: status and message.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        match self {
            ProxyError::Malformed => Refusal { status: 400, message: "Bad request" },
            ProxyError::Unreachable => Refusal { status: 502, message: "The origin did not answer" },
            ProxyError::TimedOut => Refusal { status: 504, message: "The origin did not answer in time" },
            ProxyError::TooLarge => Refusal { status: 502, message: "The origin's answer is over 6 MB" },
        }
    }
}
