use crate::pattern::Patterns;
use crate::render::Renderer;
use crate::syntax::{self, Tree};
use crate::{MAX_TEMPLATE_BYTES, Overrides, ParseError, RenderError, Request};

/// A parsed mapping template, to be kept and rendered many times, from any thread.
#[derive(Debug)]
pub struct Template {
    tree: Tree,
    patterns: Patterns,
    undefined: Undefined,
}

/// What a reference to nothing prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Undefined {
    /// Nothing, as in API Gateway: there, `"user": "$context.identity.user"` without a user gives `"user": ""`.
    #[default]
    Empty,
    /// Its own source, as in plain Velocity.
    Source,
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
        Ok(Self {
            tree: syntax::parse(source)?,
            patterns: Patterns::default(),
            undefined: Undefined::default(),
        })
    }

    /// The same template with another treatment of undefined references.
    #[must_use]
    pub fn with_undefined(mut self, undefined: Undefined) -> Self {
        self.undefined = undefined;
        self
    }

    /// Renders the template for one request.
    ///
    /// # Errors
    /// [`RenderError`]; API Gateway answers the client with an error in each of these cases.
    pub fn render(&self, request: &Request<'_>) -> Result<Rendered, RenderError> {
        Renderer::new(&self.tree, &self.patterns, request, self.undefined).render()
    }
}
