use indexmap::IndexMap;

/// What a template set through `$context.requestOverride` and `$context.responseOverride`, in the order of setting.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `$context.requestOverride.header.NAME`, names as written in the template.
    pub request_header: IndexMap<String, String>,
    /// `$context.requestOverride.querystring.NAME`.
    pub request_querystring: IndexMap<String, String>,
    /// `$context.requestOverride.path.NAME`.
    pub request_path: IndexMap<String, String>,
    /// `$context.responseOverride.status`.
    pub response_status: Option<u16>,
    /// `$context.responseOverride.header.NAME`, names as written in the template.
    pub response_header: IndexMap<String, String>,
}

impl Overrides {
    /// Whether the template set none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
