use indexmap::IndexMap;
use serde_json::Value;

/// The parameters of a method request as `$input.params()` gives them, in the order of arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    /// Path parameters, decoded.
    pub path: IndexMap<String, String>,
    /// Query string parameters, decoded. Of a repeated parameter API Gateway keeps the last value.
    pub querystring: IndexMap<String, String>,
    /// Headers. A lookup prefers the exact name and then ignores case, because HTTP/2 and most servers carry names in
    /// lower case while templates are written with `Content-Type`.
    pub header: IndexMap<String, String>,
}

/// What a template sees: everything is borrowed, so building one costs nothing.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The payload: of the method request for a request template, of the integration's answer for a response template.
    pub body: &'a str,
    /// `$input.params()`.
    pub params: &'a Params,
    /// `$context`, an object; `requestOverride` and `responseOverride` in it are ignored.
    pub context: &'a Value,
    /// `$stageVariables`.
    pub stage_variables: &'a IndexMap<String, String>,
}

impl<'a> Request<'a> {
    /// A request of only a body, with no parameters, context or stage variables.
    #[must_use]
    pub fn from_body(body: &'a str) -> Self {
        use std::sync::LazyLock;
        static PARAMS: LazyLock<Params> = LazyLock::new(Params::default);
        static VARIABLES: LazyLock<IndexMap<String, String>> = LazyLock::new(IndexMap::new);
        Self { body, params: &PARAMS, context: &Value::Null, stage_variables: &VARIABLES }
    }
}
