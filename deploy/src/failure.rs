//! What a command ends with when it does not succeed.

use std::fmt;

/// How a command ended; its number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Something that the user can fix.
    Fixable = 1,
    /// Something that should not happen.
    Unexpected = 2,
    /// Stopped by the user.
    Interrupted = 130,
}

/// An error as the user reads it: what is wrong, and what to do.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub message: String,
    pub hint: Option<String>,
}

impl Failure {
    /// Something that the user can fix.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Fixable, message: message.to_string(), hint: None }
    }

    /// Something that should not happen.
    pub fn unexpected(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Unexpected, message: message.to_string(), hint: None }
    }

    /// The user stopped the command.
    pub fn interrupted(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Interrupted, message: message.to_string(), hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// An error with its causes, joined by colons.
    pub fn of(error: &dyn std::error::Error) -> Self {
        Self::new(chain(error))
    }
}

/// An error's message and those of its sources, without saying the same twice.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let message = cause.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        source = cause.source();
    }
    text
}

impl From<catalog::CatalogError> for Failure {
    fn from(error: catalog::CatalogError) -> Self {
        let failure = Self::of(&error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<stacks::Error> for Failure {
    fn from(error: stacks::Error) -> Self {
        match error {
            stacks::Error::Interrupted => Self::interrupted("interrupted"),
            other => Self::of(&other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_follow_and_nothing_is_said_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("the file x cannot be read")]
        struct Outer(#[source] std::io::Error);
        #[derive(Debug, thiserror::Error)]
        #[error("broken: {0}")]
        struct Repeating(#[source] std::io::Error);
        let cause = || std::io::Error::other("no disk");
        assert_eq!(chain(&Outer(cause())), "the file x cannot be read: no disk");
        assert_eq!(chain(&Repeating(cause())), "broken: no disk");
    }
}
