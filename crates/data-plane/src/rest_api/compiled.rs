//! An API made ready to serve: templates parsed, patterns and mappings compiled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fancy_regex::Regex;
use http::header::HeaderName;
use indexmap::IndexMap;
use vtl::Template;

use super::authorizer::CompiledAuthorizer;
use super::parameter::{Destination, Side, Source, response_header};
use super::policy::Policy;
use super::schema::Schemas;
use super::text::Text;
use super::tree::Tree;
use super::{
    ApiDefinition, ContentHandling, DefinitionError, GatewayResponse, Integration, IntegrationKind,
    IntegrationResponse, Method,
};

/// What an integration has when none is set.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(29);

/// A compiled, immutable snapshot of an API: its templates parsed, its patterns and schemas compiled.
pub struct Deployment {
    pub(super) definition: ApiDefinition,
    pub(super) id: String,
    pub(super) tree: Tree,
    pub(super) resources: Vec<CompiledResource>,
    pub(super) schemas: Schemas,
    pub(super) gateway_responses: BTreeMap<String, CompiledGatewayResponse>,
    pub(super) authorizers: BTreeMap<String, Arc<CompiledAuthorizer>>,
    pub(super) policy: Option<Policy>,
}

pub(super) struct CompiledResource {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) methods: BTreeMap<String, CompiledMethod>,
}

pub(super) struct CompiledMethod {
    pub(super) spec: Method,
    pub(super) integration: CompiledIntegration,
}

pub(super) struct CompiledIntegration {
    pub(super) spec: Integration,
    pub(super) parameters: Vec<(Destination, Source)>,
    pub(super) templates: Templates,
    pub(super) responses: Vec<CompiledResponse>,
    pub(super) cache_key: Vec<Source>,
    pub(super) timeout: Duration,
}

pub(super) struct CompiledResponse {
    pub(super) status: u16,
    pub(super) pattern: Option<Regex>,
    pub(super) content_handling: Option<ContentHandling>,
    pub(super) parameters: Vec<(HeaderName, Source)>,
    pub(super) templates: Templates,
}

pub(super) struct CompiledGatewayResponse {
    pub(super) status: Option<u16>,
    pub(super) parameters: Vec<(HeaderName, Source)>,
    /// By content type. These are not templates but texts with references.
    pub(super) templates: Vec<(String, Text)>,
}

/// Templates by content type, in the order of their declaration.
pub(super) struct Templates(pub(super) Vec<(String, Template)>);

impl Templates {
    fn new(sources: &IndexMap<String, String>) -> Result<Self, String> {
        let compile = |(content_type, source): (&String, &String)| {
            let template =
                Template::parse(source).map_err(|error| format!("template {content_type}: {error}"))?;
            Ok((media_type(content_type), template))
        };
        sources.iter().map(compile).collect::<Result<_, _>>().map(Self)
    }

    /// The template for a media type in lower case, without parameters.
    pub(super) fn for_type(&self, media_type: &str) -> Option<&Template> {
        self.0.iter().find(|(content_type, _)| content_type == media_type).map(|(_, template)| template)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A content type in lower case, without parameters.
pub(super) fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

impl Deployment {
    /// Compiles `definition`.
    ///
    /// # Errors
    /// A template, pattern, schema, mapping or path cannot be used; the error names the method and the place.
    pub fn compile(definition: ApiDefinition) -> Result<Arc<Self>, DefinitionError> {
        let schemas = Schemas::new(&definition.models)
            .map_err(|(name, reason)| DefinitionError { place: format!("model {name}"), reason })?;
        let mut tree = Tree::default();
        let mut resources = Vec::with_capacity(definition.resources.len());
        for (index, resource) in definition.resources.iter().enumerate() {
            tree.insert(&resource.path, index)
                .map_err(|reason| DefinitionError { place: resource.path.clone(), reason })?;
            let mut methods = BTreeMap::new();
            for method in &resource.methods {
                let place = format!("{} {}", method.http_method, resource.path);
                methods.insert(method.http_method.clone(), CompiledMethod::new(method, &definition, &place)?);
            }
            resources.push(CompiledResource {
                id: resource.id.clone(),
                path: resource.path.clone(),
                methods,
            });
        }
        let mut gateway_responses = BTreeMap::new();
        for (kind, response) in &definition.gateway_responses {
            let compiled = CompiledGatewayResponse::new(response)
                .map_err(|reason| DefinitionError { place: format!("gateway response {kind}"), reason })?;
            gateway_responses.insert(kind.clone(), compiled);
        }
        let mut authorizers = BTreeMap::new();
        for (id, authorizer) in &definition.authorizers {
            let compiled = CompiledAuthorizer::new(id, authorizer).map_err(|reason| DefinitionError {
                place: format!("authorizer {}", authorizer.name),
                reason,
            })?;
            authorizers.insert(id.clone(), Arc::new(compiled));
        }
        let api =
            format!("arn:aws:execute-api:{}:{}:{}", definition.region, definition.account_id, definition.id);
        let policy = definition.policy.as_ref().map(|document| Policy::read(document, &api));
        let policy = policy
            .transpose()
            .map_err(|reason| DefinitionError { place: "resource policy".to_owned(), reason })?;
        let id = uuid::Uuid::new_v4().simple().to_string()[..6].to_owned();
        Ok(Arc::new(Self {
            definition,
            id,
            tree,
            resources,
            schemas,
            gateway_responses,
            authorizers,
            policy,
        }))
    }

    /// What it was compiled from.
    #[must_use]
    pub fn definition(&self) -> &ApiDefinition {
        &self.definition
    }
}

impl CompiledMethod {
    fn new(spec: &Method, definition: &ApiDefinition, place: &str) -> Result<Self, DefinitionError> {
        let wrong = |place: String, reason: String| DefinitionError { place, reason };
        let integration = spec
            .integration
            .as_ref()
            .ok_or_else(|| wrong(place.to_owned(), "the method has no integration".to_owned()))?;
        if let super::Authorization::Custom(id) = &spec.authorization
            && !definition.authorizers.contains_key(id)
        {
            return Err(wrong(place.to_owned(), format!("there is no authorizer {id}")));
        }
        for name in spec.request_parameters.keys() {
            let known = ["header", "querystring", "path"].iter().any(|kind| {
                name.strip_prefix("method.request.").is_some_and(|rest| rest.starts_with(&format!("{kind}.")))
            });
            if !known {
                let reason = format!("\"{name}\" is not method.request.(header|querystring|path).name");
                return Err(wrong(format!("{place} request parameters"), reason));
            }
        }
        let place = format!("{place} integration");
        let at = |what: &str| {
            let place = format!("{place} {what}");
            move |reason: String| DefinitionError { place: place.clone(), reason }
        };
        if integration.kind != IntegrationKind::Mock && integration.uri.is_none() {
            return Err(wrong(place, "the integration has no URI".to_owned()));
        }
        let parameters = integration
            .request_parameters
            .iter()
            .map(|(to, from)| Ok((Destination::parse(to)?, Source::parse(from, Side::Request)?)))
            .collect::<Result<_, String>>()
            .map_err(at("request parameters"))?;
        let cache_key = integration
            .cache_key_parameters
            .iter()
            .map(|name| cache_key(name, integration))
            .collect::<Result<_, String>>()
            .map_err(at("cache key parameters"))?;
        let templates = Templates::new(&integration.request_templates).map_err(at("request"))?;
        let mut responses = Vec::with_capacity(integration.responses.len());
        for response in &integration.responses {
            let what = format!("response {}", response.status_code);
            responses.push(CompiledResponse::new(response).map_err(at(&what))?);
        }
        Ok(Self {
            spec: spec.clone(),
            integration: CompiledIntegration {
                timeout: integration.timeout.unwrap_or(DEFAULT_TIMEOUT),
                spec: integration.clone(),
                parameters,
                templates,
                responses,
                cache_key,
            },
        })
    }
}

/// Where the value of a cache key parameter comes from: an integration's parameter is what is mapped to it.
fn cache_key(name: &str, integration: &Integration) -> Result<Source, String> {
    if !name.starts_with("integration.request.") {
        return Source::parse(name, Side::Request);
    }
    match integration.request_parameters.get(name) {
        Some(source) => Source::parse(source, Side::Request),
        None => Err(format!("\"{name}\" is not mapped by the integration")),
    }
}

impl CompiledResponse {
    fn new(spec: &IntegrationResponse) -> Result<Self, String> {
        // The pattern is one of Java's and has to fit as a whole; an empty one is none.
        let pattern = spec
            .selection_pattern
            .as_deref()
            .filter(|pattern| !pattern.is_empty())
            .map(|pattern| {
                Regex::new(&format!("\\A(?:{pattern})\\z"))
                    .map_err(|error| format!("selection pattern \"{pattern}\": {error}"))
            })
            .transpose()?;
        let parameters = spec
            .parameters
            .iter()
            .map(|(to, from)| {
                Ok((response_header(to, "method.response.header.")?, Source::parse(from, Side::Response)?))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            status: spec.status_code,
            pattern,
            content_handling: spec.content_handling,
            parameters,
            templates: Templates::new(&spec.templates)?,
        })
    }
}

impl CompiledGatewayResponse {
    fn new(spec: &GatewayResponse) -> Result<Self, String> {
        let parameters = spec
            .parameters
            .iter()
            .map(|(to, from)| {
                Ok((response_header(to, "gatewayresponse.header.")?, Source::parse(from, Side::Request)?))
            })
            .collect::<Result<_, String>>()?;
        let templates =
            spec.templates.iter().map(|(kind, source)| (media_type(kind), Text::parse(source))).collect();
        Ok(Self { status: spec.status_code, parameters, templates })
    }
}
