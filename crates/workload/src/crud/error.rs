//! Why a request was not served.

use thiserror::Error;

use crate::Refusal;

/// A request that was not served. The message is what the client is told.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CrudError {
    /// There is no token, or none that is valid here and now.
    #[error("Unauthorized")]
    Unauthorized,
    /// The token has not the scope.
    #[error("Forbidden")]
    Forbidden,
    /// There is no such path, or the subject has no such item.
    #[error("Not found")]
    NotFound,
    /// The path exists, the method does not.
    #[error("Method not allowed")]
    MethodNotAllowed,
    /// `limit` is no number, or out of bounds.
    #[error("limit must be an integer from 1 to 100")]
    Limit,
    /// `next` did not come from a page.
    #[error("next must be the value of an earlier answer")]
    Next,
    /// `If-Match` is no list of entity tags.
    #[error("If-Match must be an entity tag such as \"1\", a list of up to 10 of them, or *")]
    IfMatch,
    /// `If-Match` is missing where it is needed.
    #[error("If-Match is required")]
    PreconditionRequired,
    /// The body is larger than [`super::MAX_BODY_BYTES`].
    #[error("The request body is over 64 KiB")]
    TooLarge,
    /// The content type is another one than JSON.
    #[error("The content type must be application/json")]
    UnsupportedType,
    /// The body is not JSON.
    #[error("The request body is not valid JSON")]
    NotJson,
    /// The body is JSON, but not an object, has unknown members, or has one twice.
    #[error("The request body must be an object with name and, if wanted, description and quantity")]
    NotADraft,
    /// `name` is missing, no text, empty or too long.
    #[error("name must be a text of 1 to 200 characters")]
    Name,
    /// `description` is no text or too long.
    #[error("description must be a text of at most 2000 characters")]
    Description,
    /// `quantity` is no integer or out of bounds.
    #[error("quantity must be an integer from 0 to 9007199254740991")]
    Quantity,
    /// The item has another version than `If-Match` names.
    #[error("The item has another version")]
    Conflict,
    /// The table throttled the call, and still did after the retries.
    #[error("Too many requests")]
    Throttled,
    /// The table refused, failed, or could not be reached. The log says why.
    #[error("The table did not answer")]
    NoAnswer,
    /// The table did not answer in time.
    #[error("The table did not answer in time")]
    TimedOut,
}

impl CrudError {
    /// All of them, for those who prove that every one is answered.
    pub const ALL: &'static [CrudError] = &[
        CrudError::Unauthorized,
        CrudError::Forbidden,
        CrudError::NotFound,
        CrudError::MethodNotAllowed,
        CrudError::Limit,
        CrudError::Next,
        CrudError::IfMatch,
        CrudError::PreconditionRequired,
        CrudError::TooLarge,
        CrudError::UnsupportedType,
        CrudError::NotJson,
        CrudError::NotADraft,
        CrudError::Name,
        CrudError::Description,
        CrudError::Quantity,
        CrudError::Conflict,
        CrudError::Throttled,
        CrudError::NoAnswer,
        CrudError::TimedOut,
    ];

    /// The answer: status and message.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        let (status, message) = match self {
            CrudError::Unauthorized => (401, "Unauthorized"),
            CrudError::Forbidden => (403, "Forbidden"),
            CrudError::NotFound => return Refusal::NOT_FOUND,
            CrudError::MethodNotAllowed => return Refusal::METHOD_NOT_ALLOWED,
            CrudError::Limit => (400, "limit must be an integer from 1 to 100"),
            CrudError::Next => (400, "next must be the value of an earlier answer"),
            CrudError::IfMatch => {
                (400, "If-Match must be an entity tag such as \"1\", a list of up to 10 of them, or *")
            }
            CrudError::PreconditionRequired => (428, "If-Match is required"),
            CrudError::TooLarge => (413, "The request body is over 64 KiB"),
            CrudError::UnsupportedType => (415, "The content type must be application/json"),
            CrudError::NotJson => (400, "The request body is not valid JSON"),
            CrudError::NotADraft => {
                (400, "The request body must be an object with name and, if wanted, description and quantity")
            }
            CrudError::Name => (400, "name must be a text of 1 to 200 characters"),
            CrudError::Description => (400, "description must be a text of at most 2000 characters"),
            CrudError::Quantity => (400, "quantity must be an integer from 0 to 9007199254740991"),
            CrudError::Conflict => (412, "The item has another version"),
            CrudError::Throttled => (429, "Too many requests"),
            CrudError::NoAnswer => (502, "The table did not answer"),
            CrudError::TimedOut => (504, "The table did not answer in time"),
        };
        Refusal { status, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_log_says_is_what_the_client_is_told() {
        for error in CrudError::ALL {
            assert_eq!(error.to_string(), error.refusal().message);
        }
    }
}
