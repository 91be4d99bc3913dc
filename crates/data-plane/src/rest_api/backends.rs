use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};

use super::policy::Verdict;
use crate::LogSink;
use crate::body::Body;
use crate::function::{Invocation, InvokeError};

/// What integrations reach. Every call is cut off at the integration's timeout by dropping its future.
#[derive(Clone)]
pub struct Backends {
    pub services: Arc<dyn ServiceCaller>,
    pub functions: Arc<dyn FunctionInvoker>,
    pub http: Arc<dyn HttpCaller>,
    pub vpc_links: Arc<dyn VpcLinkCaller>,
    pub iam: Arc<dyn IamAuthorizer>,
    pub logs: Arc<dyn LogSink>,
}

/// Calls an AWS service for an `AWS` integration.
#[async_trait]
pub trait ServiceCaller: Send + Sync + 'static {
    /// Gives the service's answer, errors of the service included.
    async fn call(&self, call: ServiceCall) -> Response<Bytes>;
}

/// One request to an AWS service, before it is signed.
#[derive(Debug, Clone)]
pub struct ServiceCall {
    /// Such as `sns`, from `arn:aws:apigateway:region:SERVICE:action/Name`.
    pub service: String,
    /// A subdomain, as in `arn:aws:apigateway:region:SUBDOMAIN.service:path/…`.
    pub subdomain: Option<String>,
    pub region: String,
    pub operation: ServiceOperation,
    pub method: Method,
    pub headers: HeaderMap,
    /// Decoded.
    pub query: Vec<(String, String)>,
    pub body: Bytes,
    /// ARN of the role to act as.
    pub credentials: Option<String>,
}

/// The end of a service integration's URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceOperation {
    /// `action/Publish`.
    Action(String),
    /// `path/…`, with a leading `/`.
    Path(String),
}

/// Runs a Lambda function.
#[async_trait]
pub trait FunctionInvoker: Send + Sync + 'static {
    /// `None` when no function has that ARN or API Gateway may not invoke it.
    async fn invoke(&self, call: FunctionCall) -> Option<Result<Invocation, InvokeError>>;
}

/// One invocation.
#[derive(Debug, Clone)]
pub struct FunctionCall {
    /// As in the integration's URI, qualifier included.
    pub arn: String,
    pub payload: Bytes,
    pub trace_id: String,
    /// `arn:aws:execute-api:region:account:api/stage/METHOD/path`, for the check of the function's policy.
    pub source_arn: String,
    /// ARN of the role to act as instead of the function's policy.
    pub credentials: Option<String>,
}

/// Why an HTTP backend gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpFailure {
    #[error("{uri} cannot be reached: {reason}")]
    Unreachable { uri: String, reason: String },
    #[error("{uri}: {reason}")]
    Unsupported { uri: String, reason: String },
}

/// Sends the request of an `HTTP` or `HTTP_PROXY` integration; the URI is absolute.
#[async_trait]
pub trait HttpCaller: Send + Sync + 'static {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, HttpFailure>;
}

/// Sends a request through a VPC link.
#[async_trait]
pub trait VpcLinkCaller: Send + Sync + 'static {
    /// `link` is the connection's ID, `target` the integration target (a load balancer's ARN) if one is set.
    async fn send(
        &self,
        link: &str,
        target: Option<&str>,
        request: Request<Body>,
    ) -> Result<Response<Body>, HttpFailure>;
}

/// Knows who signs requests to methods with `AuthorizationType: AWS_IAM`, and what they may do.
#[async_trait]
pub trait IamAuthorizer: Send + Sync + 'static {
    /// Checks the signature of a request.
    async fn authenticate(
        &self,
        request: &http::request::Parts,
        body: &Bytes,
    ) -> Result<IamCaller, IamRefusal>;

    /// What the caller's own policies say about an action on a resource.
    fn verdict(&self, caller: &IamCaller, action: &str, resource: &str) -> Verdict;
}

/// Who signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamCaller {
    pub account_id: String,
    pub access_key: String,
    /// Of a user, or of a session of a role.
    pub user_arn: String,
    pub user_id: String,
    /// The role whose session it is.
    pub role_arn: Option<String>,
}

/// Why a signature is not accepted; the answer is 403 with the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IamRefusal {
    /// There is no signature.
    Missing,
    /// The credentials have expired.
    Expired(String),
    Invalid(String),
}
