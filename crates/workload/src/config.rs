//! What a program reads from its environment, and the words when it is not there.

use thiserror::Error;

/// The environment does not say what the work needs.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A required environment variable is not set, or is empty.
    #[error("{name} is not set: set it to {meaning}, for example {name}={example}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What the value means.
        meaning: &'static str,
        /// A legal value.
        example: &'static str,
    },
    /// An environment variable has a value that cannot be used.
    #[error("{name} is \"{value}\", which is not {meaning}: set it to a value such as {example}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What the value means.
        meaning: &'static str,
        /// A legal value.
        example: &'static str,
    },
}
