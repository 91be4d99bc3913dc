use std::cell::RefCell;
use std::fmt::Display;

use thiserror::Error;

/// One reason why a definition is refused, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} at {}", if self.location.is_empty() { "/" } else { &self.location })]
pub struct Problem {
    /// A JSON pointer (RFC 6901) into the definition, such as `/States/Fetch/Next`; empty for the whole of it.
    pub location: String,
    /// What is wrong, the value and what is allowed instead.
    pub message: String,
}

/// Collects what is wrong with a definition, so that one answer names all of it.
#[derive(Default)]
pub(crate) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(crate) fn add(&self, location: &str, message: impl Display) {
        self.0.borrow_mut().push(Problem { location: location.to_owned(), message: message.to_string() });
    }

    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// The JSON pointer of a member or an element below another.
pub(crate) fn below(location: &str, segment: impl Display) -> String {
    let segment = segment.to_string().replace('~', "~0").replace('/', "~1");
    format!("{location}/{segment}")
}
