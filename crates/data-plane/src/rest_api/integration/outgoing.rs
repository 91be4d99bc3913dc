//! The request to the backend: mapped parameters, the template for its content type, and what the template overrides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use vtl::{Params, RenderError};

use super::super::compiled::CompiledMethod;
use super::super::exchange::{MethodRequest, decoded_path};
use super::super::facts::Facts;
use super::super::failure::{Failure, Kind};
use super::super::headers::{is_binary, override_headers, title_case};
use super::super::parameter::Destination;
use super::super::{ContentHandling, Passthrough};

/// What may not stand as it is in a part of a path.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'%');
/// What may not stand as it is in a query string's name or value.
const QUERY: &AsciiSet = &PATH.add(b'&').add(b'+').add(b'=');

/// Parts of a request to a backend.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pub(super) headers: HeaderMap,
    /// Decoded.
    pub(super) query: Vec<(String, String)>,
    /// Values of `{name}` in the URI, as they are to stand there.
    pub(super) path: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Outgoing {
    /// Maps the parameters alone, as proxy integrations do.
    pub(super) fn of_parameters(method: &CompiledMethod, request: &MethodRequest<'_>, facts: &Facts) -> Self {
        let view = request.view(facts);
        let mut outgoing = Self::default();
        for (destination, source) in &method.integration.parameters {
            let values = source.values(&view);
            match destination {
                Destination::Header(name) => {
                    outgoing.headers.remove(name);
                    for value in values {
                        // A value that no header may have is left out, as a missing one is.
                        if let Ok(value) = HeaderValue::from_str(&value) {
                            outgoing.headers.append(name.clone(), value);
                        }
                    }
                }
                Destination::Query(name) => {
                    let pairs = values.into_iter().map(|value| (name.clone(), value.into_owned()));
                    outgoing.query.extend(pairs);
                }
                Destination::Path(name) => {
                    let values = values.into_iter().map(|value| (name.clone(), value.into_owned()));
                    outgoing.path.extend(values);
                }
            }
        }
        outgoing
    }

    /// Maps the parameters and the body.
    pub(super) fn mapped(
        method: &CompiledMethod,
        request: &MethodRequest<'_>,
        facts: &Facts,
    ) -> Result<Self, Failure> {
        let mut outgoing = Self::of_parameters(method, request, facts);
        let integration = &method.integration;
        let media_type = request.media_type();
        let body = convert(integration.spec.content_handling, request, facts, &media_type)?;
        let Some(template) = integration.templates.for_type(&media_type) else {
            let refused = match integration.spec.passthrough {
                Passthrough::WhenNoMatch => false,
                Passthrough::WhenNoTemplates => !integration.templates.is_empty(),
                Passthrough::Never => true,
            };
            if refused {
                return Err(Failure::new(Kind::UnsupportedMediaType, "Unsupported Media Type"));
            }
            outgoing.body = body;
            let given = request.parts.headers.get(CONTENT_TYPE).cloned();
            let content_type = given.unwrap_or(HeaderValue::from_static("application/json"));
            outgoing.headers.entry(CONTENT_TYPE).or_insert(content_type);
            return Ok(outgoing);
        };
        let text = String::from_utf8_lossy(&body);
        let params = params(request);
        let context = facts.to_value();
        let rendered = template
            .render(&vtl::Request {
                body: &text,
                params: &params,
                context: &context,
                stage_variables: &facts.stage.variables,
            })
            .map_err(|error| match error {
                RenderError::BodyIsNotJson { .. } => Failure::new(Kind::BadRequestBody, error.to_string()),
                other => Failure::configuration(other.to_string()),
            })?;
        outgoing.body = rendered.body.into();
        if let Ok(content_type) = HeaderValue::from_str(&media_type) {
            outgoing.headers.entry(CONTENT_TYPE).or_insert(content_type);
        }
        override_headers(&mut outgoing.headers, &rendered.overrides.request_header);
        for (name, values) in rendered.overrides.request_querystring {
            outgoing.query.retain(|(key, _)| *key != name);
            outgoing.query.extend(values.into_iter().map(|value| (name.clone(), value)));
        }
        for (name, value) in rendered.overrides.request_path {
            outgoing.path.retain(|(key, _)| *key != name);
            outgoing.path.push((name, value));
        }
        Ok(outgoing)
    }

    /// `uri` with its `{name}`s filled.
    pub(super) fn fill(&self, uri: &str) -> String {
        let mut filled = String::with_capacity(uri.len() + 32);
        let mut rest = uri;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            filled.push_str(before);
            let name = name.trim_end_matches('+');
            if let Some((_, value)) = self.path.iter().find(|(key, _)| key == name) {
                filled.push_str(&escape_path(value));
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// The mapped query string, encoded.
    pub(super) fn query_string(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, QUERY).to_string();
        let pairs = self.query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// What the client has encoded stays as it is; all else that needs it is encoded.
fn escape_path(value: &str) -> String {
    let encoded = |rest: &str| {
        let digits = rest.as_bytes().get(1..3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let mut escaped = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        if c == '%' && encoded(&value[at..]) {
            escaped.push(c);
        } else {
            escaped.extend(utf8_percent_encode(c.encode_utf8(&mut [0; 4]), PATH));
        }
    }
    escaped
}

/// `$input.params()`.
pub(super) fn params(request: &MethodRequest<'_>) -> Params {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (title_case(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Params {
        path: decoded_path(request).collect(),
        querystring: request.query.iter().cloned().collect(),
        header: request.parts.headers.iter().map(header).collect(),
    }
}

/// Text and bytes change into each other as the integration says.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html>
fn convert(
    handling: Option<ContentHandling>,
    request: &MethodRequest<'_>,
    facts: &Facts,
    media_type: &str,
) -> Result<Bytes, Failure> {
    let binary = is_binary(&facts.stage.deployment.definition.binary_media_types, media_type);
    match handling {
        Some(ContentHandling::ConvertToText) if binary => Ok(STANDARD.encode(&request.body).into()),
        Some(ContentHandling::ConvertToBinary) if !binary => STANDARD
            .decode(&request.body)
            .map(Bytes::from)
            .map_err(|error| Failure::configuration(format!("the body is not base64: {error}"))),
        _ => Ok(request.body.clone()),
    }
}
