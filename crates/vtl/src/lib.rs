//! API Gateway mapping templates: the Velocity Template Language with `$input`, `$util`, `$context` and
//! `$stageVariables`.
//!
//! A [`Template`] is parsed once and rendered for every request. The crate is pure: no files, no network, no clock.
//!
//! The language is Velocity 1.7 as API Gateway runs it, with JSONPath as Jayway's library answers it.
//! - <https://velocity.apache.org/engine/1.7/user-guide.html>
//! - <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>
//!
//! # Where API Gateway goes its own way
//! Observed on AWS by others, since the documentation is silent:
//! - A reference to nothing prints nothing, while plain Velocity prints its source; see [`Undefined`].
//!   <https://github.com/ToQoz/api-gateway-mapping-template/issues/5>
//! - An empty payload counts as `{}`, also for `$input.body`. <https://github.com/localstack/localstack/pull/12413>
//! - Objects of `$input.path` print as Java's (`{a=1}`), lists as JSON (`[{"a":1}]`).
//!   <https://github.com/localstack/localstack/pull/12379>
//! - A payload that does not look like JSON is one string to `$input.path` and `$input.json`; one that starts like JSON
//!   and is none fails with 400. <https://github.com/ToQoz/api-gateway-mapping-template/blob/master/test/_.md>
//! - `#include`, `#parse` and `#evaluate` are not available, and are refused here when parsing.
//!
//! Assumed, for want of evidence: `$input.json` of a path that leads nowhere gives `""`; `$util.escapeJavaScript` is
//! Commons Lang's; names of headers are found in any case; a `#foreach` beyond 1,000 iterations fails.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let template = vtl::Template::parse("{\"name\":$input.json('$.user.name')}")?;
//! let rendered = template.render(&vtl::Request::from_body(r#"{"user":{"name":"Ada"}}"#))?;
//! assert_eq!(rendered.body, r#"{"name":"Ada"}"#);
//! # Ok(())
//! # }
//! ```

mod error;
mod jsonpath;
mod methods;
mod object;
mod overrides;
mod pattern;
mod render;
mod request;
mod syntax;
mod template;
mod value;

pub use error::{ParseError, RenderError};
pub use overrides::Overrides;
pub use request::{Params, Request};
pub use template::{Rendered, Template, Undefined};

/// The longest template, in bytes, that API Gateway takes.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MAX_TEMPLATE_BYTES: usize = 300 * 1024;

/// How often one `#foreach` may run its block in API Gateway.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MAX_FOREACH_ITERATIONS: usize = 1000;

/// The longest text, in bytes, that a template may produce, which is API Gateway's largest payload.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MAX_OUTPUT_BYTES: usize = 10 * 1024 * 1024;
