use thiserror::Error;

/// Why a template cannot be parsed, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: found {found}, expected {expected}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}

/// Why a template cannot be rendered for a request. API Gateway answers the client with an error in each of these cases.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RenderError {
    /// `$input.json` or `$input.path` was asked of a body that is not JSON. API Gateway answers 400.
    #[error("Could not parse request body into json: {reason}")]
    BodyIsNotJson {
        /// What the JSON parser said.
        reason: String,
    },
    /// The same override was set a second time. API Gateway answers with a 5XX.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html>
    #[error(
        "$context.{name} is set a second time; an override can be set once, so set a variable and the override at the end"
    )]
    OverrideSetTwice {
        /// The override, such as `responseOverride.status`.
        name: String,
    },
    /// An override was given a value that it cannot hold.
    #[error("$context.{name} cannot be {value}; allowed: {allowed}")]
    InvalidOverride {
        /// The override, such as `responseOverride.status`.
        name: String,
        /// The value as it prints.
        value: String,
        /// What the override can hold.
        allowed: &'static str,
    },
    /// A method threw, as a Java method would: an index out of range, a malformed number or pattern, bad base64 …
    #[error("line {line}, column {column}: {call}: {reason}")]
    Call {
        /// The line of the reference, from 1.
        line: usize,
        /// The column of the reference in characters, from 1.
        column: usize,
        /// The method as it stands in the template, such as `substring`.
        call: String,
        /// What is wrong with the arguments.
        reason: String,
    },
    /// A bound of this engine or of API Gateway was reached.
    #[error("the {what} is over the limit of {limit}")]
    LimitExceeded {
        /// What was counted.
        what: &'static str,
        /// The most that is allowed.
        limit: usize,
    },
}
