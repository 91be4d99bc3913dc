//! Where the values of mapped parameters come from and go to.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html>

use std::borrow::Cow;

use http::header::{HeaderMap, HeaderName};

use super::facts::{Facts, header};

/// The right side of a mapping.
#[derive(Debug)]
pub(super) enum Source {
    Literal(String),
    Header {
        name: String,
        all: bool,
    },
    Query {
        name: String,
        all: bool,
    },
    Path(String),
    Body,
    /// A JSON path into the body, as the template `$input.path('…')`.
    BodyPath(Box<vtl::Template>),
    Context(String),
    StageVariable(String),
}

/// Which message a mapping reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

/// What mappings read from.
pub(super) struct View<'a> {
    pub(super) headers: &'a HeaderMap,
    /// Decoded.
    pub(super) query: &'a [(String, String)],
    /// As they stand in the URL.
    pub(super) path: &'a [(String, String)],
    pub(super) body: &'a [u8],
    pub(super) facts: &'a Facts,
}

impl Source {
    pub(super) fn parse(text: &str, side: Side) -> Result<Self, String> {
        let unknown = || format!("\"{text}\" is not a mapping expression");
        if let Some(literal) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Ok(Self::Literal(literal.to_owned()));
        }
        if let Some(name) = text.strip_prefix("context.") {
            return Ok(Self::Context(name.to_owned()));
        }
        if let Some(name) = text.strip_prefix("stageVariables.") {
            return Ok(Self::StageVariable(name.to_owned()));
        }
        let prefix = match side {
            Side::Request => "method.request.",
            Side::Response => "integration.response.",
        };
        let rest = text.strip_prefix(prefix).ok_or_else(unknown)?;
        let (kind, name) = rest.split_once('.').unwrap_or((rest, ""));
        let owned = name.to_owned();
        match (kind, side) {
            ("body", _) if name.is_empty() => Ok(Self::Body),
            ("body", _) => {
                let path = if name.starts_with('$') { owned } else { format!("$.{name}") };
                let template = format!("$input.path('{}')", path.replace('\'', ""));
                let template = vtl::Template::parse(&template).map_err(|error| error.to_string())?;
                Ok(Self::BodyPath(Box::new(template)))
            }
            _ if name.is_empty() => Err(unknown()),
            ("header", _) => Ok(Self::Header { name: owned, all: false }),
            ("multivalueheader", _) => Ok(Self::Header { name: owned, all: true }),
            ("querystring", Side::Request) => Ok(Self::Query { name: owned, all: false }),
            ("multivaluequerystring", Side::Request) => Ok(Self::Query { name: owned, all: true }),
            ("path", Side::Request) => Ok(Self::Path(owned)),
            _ => Err(unknown()),
        }
    }

    /// The value, or values for a multi-value source; none when the source is absent.
    pub(super) fn values<'a>(&'a self, view: &View<'a>) -> Vec<Cow<'a, str>> {
        match self {
            Self::Header { name, all: true } => {
                let values = view.headers.get_all(name.as_str()).iter();
                values.filter_map(|value| value.to_str().ok()).map(Cow::Borrowed).collect()
            }
            Self::Query { name, all: true } => {
                let values = view.query.iter().filter(|(key, _)| key == name);
                values.map(|(_, value)| Cow::Borrowed(value.as_str())).collect()
            }
            single => single.value(view).into_iter().collect(),
        }
    }

    fn value<'a>(&'a self, view: &View<'a>) -> Option<Cow<'a, str>> {
        match self {
            Self::Literal(text) => Some(Cow::Borrowed(text)),
            Self::Header { name, .. } => header(view.headers, name).map(Cow::Borrowed),
            Self::Query { name, .. } => view
                .query
                .iter()
                .rfind(|(key, _)| key == name)
                .map(|(_, value)| Cow::Borrowed(value.as_str())),
            Self::Path(name) => {
                view.path.iter().find(|(key, _)| key == name).map(|(_, value)| Cow::Borrowed(value.as_str()))
            }
            Self::Body => Some(String::from_utf8_lossy(view.body)),
            Self::BodyPath(template) => {
                let body = String::from_utf8_lossy(view.body);
                let rendered = template.render(&vtl::Request::from_body(&body)).ok()?;
                (!rendered.body.is_empty()).then_some(Cow::Owned(rendered.body))
            }
            Self::Context(name) => view.facts.get(name).map(Cow::Owned),
            Self::StageVariable(name) => {
                view.facts.stage.spec.variables.get(name).map(|value| Cow::Owned(value.clone()))
            }
        }
    }
}

/// The left side of a request mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    Header(HeaderName),
    Query(String),
    Path(String),
}

impl Destination {
    /// Reads `integration.request.{header|querystring|path}.name`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let unknown = || format!("\"{text}\" is not integration.request.(header|querystring|path).name");
        let rest = text.strip_prefix("integration.request.").ok_or_else(unknown)?;
        match rest.split_once('.') {
            Some(("header", name)) => header_name(name).map(Self::Header),
            Some(("querystring", name)) => Ok(Self::Query(name.to_owned())),
            Some(("path", name)) => Ok(Self::Path(name.to_owned())),
            _ => Err(unknown()),
        }
    }
}

/// Reads `prefix` and the name of a header after it.
pub(super) fn response_header(text: &str, prefix: &str) -> Result<HeaderName, String> {
    let name = text.strip_prefix(prefix).ok_or_else(|| format!("\"{text}\" does not begin with {prefix}"))?;
    header_name(name)
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::try_from(name).map_err(|_| format!("\"{name}\" is not the name of a header"))
}
