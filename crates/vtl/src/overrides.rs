use indexmap::IndexMap;

/// What a template set through `$context.requestOverride` and `$context.responseOverride`, in the order of setting.
///
/// Headers and query strings may be set to a list, which gives one value for each element.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `$context.requestOverride.header.NAME`, names as written in the template; never an empty list.
    pub request_header: IndexMap<String, Vec<String>>,
    /// `$context.requestOverride.querystring.NAME`; never an empty list.
    pub request_querystring: IndexMap<String, Vec<String>>,
    /// `$context.requestOverride.path.NAME`.
    pub request_path: IndexMap<String, String>,
    /// `$context.responseOverride.status`, 100 to 599.
    pub response_status: Option<u16>,
    /// `$context.responseOverride.header.NAME`, names as written in the template; never an empty list.
    pub response_header: IndexMap<String, Vec<String>>,
}

impl Overrides {
    /// Whether the template set none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
