//! API Gateway REST APIs: methods, validation, mapping templates, integrations, stages.
//!
//! A definition is compiled into an immutable [`Deployment`]; a [`RestApiServer`] serves deployments as stages. A
//! request goes through it in this order: resource and method, throttle, size, resource policy and authorizer, validator,
//! cache, integration.

mod authorizer;
mod backends;
mod cache;
mod compiled;
mod definition;
mod domain;
mod exchange;
mod facts;
mod failure;
mod gateway_response;
mod headers;
mod integration;
mod parameter;
mod plain_http;
mod policy;
mod proxy_event;
mod schema;
mod server;
mod stage;
mod text;
mod throttle;
mod tree;
mod validation;

pub use authorizer::check as check_authorizer;
pub use backends::{
    Backends, FunctionCall, FunctionInvoker, HttpCaller, HttpFailure, IamAuthorizer, IamCaller, IamRefusal,
    ServiceCall, ServiceCaller, ServiceOperation, VpcLinkCaller,
};
pub use compiled::Deployment;
pub use definition::{
    AccessLog, ApiDefinition, Authorization, Authorizer, AuthorizerKind, CacheSetting, ContentHandling,
    DefinitionError, GatewayResponse, Integration, IntegrationKind, IntegrationResponse, Method,
    MethodResponse, MethodSetting, Passthrough, RequestValidator, Resource, StageSpec, Throttle,
};
pub use domain::{BasePathMapping, CustomDomain, CustomDomainError};
pub use plain_http::PlainHttp;
pub use policy::Verdict;
pub use server::RestApiServer;
