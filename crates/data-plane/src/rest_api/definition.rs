use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

/// A REST API with everything that a deployment freezes.
#[derive(Debug, Clone, Default)]
pub struct ApiDefinition {
    pub id: String,
    pub name: String,
    pub region: String,
    pub account_id: String,
    /// `{id}.execute-api.{region}.amazonaws.com`.
    pub domain_name: String,
    pub binary_media_types: Vec<String>,
    /// The resource policy, a document of IAM.
    pub policy: Option<Value>,
    pub resources: Vec<Resource>,
    /// JSON schemas (draft 4) by model name.
    pub models: BTreeMap<String, Value>,
    pub authorizers: BTreeMap<String, Authorizer>,
    /// By response type, such as `DEFAULT_4XX`.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
}

/// A path with its methods.
#[derive(Debug, Clone, Default)]
pub struct Resource {
    pub id: String,
    /// Whole, from `/`; parts may be `{name}` or, at the end, `{name+}`.
    pub path: String,
    pub methods: Vec<Method>,
}

/// One method of a resource.
#[derive(Debug, Clone, Default)]
pub struct Method {
    /// Upper case, or `ANY`.
    pub http_method: String,
    pub authorization: Authorization,
    pub api_key_required: bool,
    pub operation_name: Option<String>,
    /// `method.request.{path|querystring|header}.name` -> required.
    pub request_parameters: BTreeMap<String, bool>,
    /// Content type -> model name.
    pub request_models: BTreeMap<String, String>,
    pub request_validator: Option<RequestValidator>,
    pub responses: Vec<MethodResponse>,
    pub integration: Option<Integration>,
}

/// `AuthorizationType` of a method.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Authorization {
    #[default]
    None,
    Iam,
    /// Key into [`ApiDefinition::authorizers`].
    Custom(String),
}

/// A Lambda authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    pub name: String,
    pub kind: AuthorizerKind,
    /// `arn:…:apigateway:…:lambda:path/2015-03-31/functions/{arn}/invocations`.
    pub uri: String,
    pub credentials: Option<String>,
    /// `method.request.header.Authorization`, several for `REQUEST`.
    pub identity_sources: Vec<String>,
    /// A regex that a token must match.
    pub identity_validation: Option<String>,
    /// 0 turns the cache off.
    pub result_ttl: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizerKind {
    Token,
    Request,
}

/// What is checked before the integration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestValidator {
    pub body: bool,
    pub parameters: bool,
}

/// A status that a method may answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MethodResponse {
    pub status_code: u16,
    /// `method.response.header.name` -> required.
    pub parameters: BTreeMap<String, bool>,
    /// Content type -> model name.
    pub models: BTreeMap<String, String>,
}

/// How a method is served.
#[derive(Debug, Clone, Default)]
pub struct Integration {
    pub kind: IntegrationKind,
    /// Of the request to the backend; a proxy integration without one keeps the caller's.
    pub http_method: Option<String>,
    pub uri: Option<String>,
    /// ID of a VPC link; may be `${stageVariables.name}`.
    pub vpc_link: Option<String>,
    /// ARN of the load balancer behind a V2 link.
    pub integration_target: Option<String>,
    pub credentials: Option<String>,
    pub passthrough: Passthrough,
    pub content_handling: Option<ContentHandling>,
    /// `integration.request.{path|querystring|header}.name` -> source.
    pub request_parameters: BTreeMap<String, String>,
    /// Content type -> template, in the template's order.
    pub request_templates: IndexMap<String, String>,
    pub responses: Vec<IntegrationResponse>,
    /// `method.request.…` or `integration.request.…`: what tells answers in the cache apart.
    pub cache_key_parameters: Vec<String>,
    /// Methods with the same namespace share answers; the resource's ID unless set.
    pub cache_namespace: Option<String>,
    /// 29 s unless set.
    pub timeout: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IntegrationKind {
    Aws,
    AwsProxy,
    Http,
    HttpProxy,
    #[default]
    Mock,
}

/// What happens to a body whose content type no template names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Passthrough {
    #[default]
    WhenNoMatch,
    WhenNoTemplates,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentHandling {
    ConvertToBinary,
    ConvertToText,
}

/// How an answer of the backend becomes one of the method's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntegrationResponse {
    pub status_code: u16,
    /// A regex over the whole status (or the function's error message); the response without one is the default.
    pub selection_pattern: Option<String>,
    pub content_handling: Option<ContentHandling>,
    /// `method.response.header.name` -> source.
    pub parameters: BTreeMap<String, String>,
    pub templates: IndexMap<String, String>,
}

/// A customised answer of API Gateway itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewayResponse {
    pub status_code: Option<u16>,
    /// `gatewayresponse.header.name` -> source.
    pub parameters: BTreeMap<String, String>,
    pub templates: IndexMap<String, String>,
}

/// A stage's settings.
#[derive(Debug, Clone, Default)]
pub struct StageSpec {
    pub name: String,
    pub variables: BTreeMap<String, String>,
    pub access_log: Option<AccessLog>,
    pub method_settings: Vec<MethodSetting>,
    /// X-Ray.
    pub tracing: bool,
    /// The size of the cache in bytes, where the stage has one.
    pub cache_capacity: Option<usize>,
}

/// Where and how requests are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog {
    /// Name of a log group.
    pub log_group: String,
    /// With `$context.*` variables.
    pub format: String,
}

/// `MethodSettings` of a stage; the most specific one counts.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodSetting {
    /// `/*` or a resource's path.
    pub resource_path: String,
    /// `*` or a method.
    pub http_method: String,
    pub throttle: Option<Throttle>,
    pub cache: CacheSetting,
}

/// What a method setting says about the cache; what it leaves out, a less specific one or the default says.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html>
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheSetting {
    /// False unless set.
    pub enabled: Option<bool>,
    /// 300 s unless set; 0 keeps nothing.
    pub ttl: Option<Duration>,
    /// Whether answers are encrypted while they are kept; false unless set.
    pub encrypted: Option<bool>,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// Requests a second.
    pub rate: f64,
    pub burst: u32,
}

/// Why a definition cannot be deployed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct DefinitionError {
    /// Such as `POST /publish integration response 200 template application/json`.
    pub place: String,
    pub reason: String,
}
