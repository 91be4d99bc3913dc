//! Why variants must not be compared.

use std::fmt;

use serde::{Serialize, Serializer};

/// One reason; in text and in JSON `<about>: <sentence>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The workload or the variant that it concerns.
    pub about: String,
    pub sentence: String,
}

impl Reason {
    pub fn new(about: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self { about: about.into(), sentence: sentence.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.sentence)
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
