//! Why a request got no page.

use thiserror::Error;

use crate::Refusal;

/// A request that got no page. The message is what the client is told.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum QueryError {
    /// `limit` is there, and is not an integer from 1 to 1000.
    #[error("limit must be an integer from 1 to 1000")]
    Limit,
    /// DynamoDB throttled the call, and still did after the retries.
    #[error("Too many requests")]
    Throttled,
    /// DynamoDB refused the call, failed, or could not be reached. The log says why.
    #[error("The table did not answer")]
    Failed,
    /// DynamoDB did not answer in time.
    #[error("The table did not answer in time")]
    TimedOut,
}

impl QueryError {
    /// The answer: status and message.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        match self {
            QueryError::Limit => Refusal { status: 400, message: "limit must be an integer from 1 to 1000" },
            QueryError::Throttled => Refusal { status: 429, message: "Too many requests" },
            QueryError::Failed => Refusal { status: 502, message: "The table did not answer" },
            QueryError::TimedOut => Refusal { status: 504, message: "The table did not answer in time" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_told_what_the_error_says() {
        for error in [QueryError::Limit, QueryError::Throttled, QueryError::Failed, QueryError::TimedOut] {
            assert_eq!(error.refusal().message, error.to_string());
        }
    }
}
