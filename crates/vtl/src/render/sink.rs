use std::fmt::Write;

use crate::{MAX_OUTPUT_BYTES, RenderError};

/// Text being produced, which never grows beyond [`MAX_OUTPUT_BYTES`].
#[derive(Debug, Default)]
pub(crate) struct Sink {
    text: String,
}

impl Sink {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes) }
    }

    pub(crate) fn push_str(&mut self, text: &str) -> Result<(), RenderError> {
        if self.text.len() + text.len() > MAX_OUTPUT_BYTES {
            return Err(RenderError::LimitExceeded {
                what: "size of a text in bytes",
                limit: MAX_OUTPUT_BYTES,
            });
        }
        self.text.push_str(text);
        Ok(())
    }

    pub(crate) fn push_integer(&mut self, number: i64) -> Result<(), RenderError> {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{number}");
        self.push_str("")
    }

    pub(crate) fn into_string(self) -> String {
        self.text
    }
}
