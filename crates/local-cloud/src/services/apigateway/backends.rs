use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use data_plane::LogSink;
use data_plane::body::Body;
use data_plane::function::{Invocation, InvokeError, InvokeOptions};
use data_plane::rest_api::{
    Backends, FunctionCall, FunctionInvoker, HttpCaller, HttpFailure, PlainHttp, ServiceCall, ServiceCaller,
    ServiceOperation,
};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use serde::Deserialize;

use super::WeakServices;
use super::caller::Callers;
use super::link::Links;
use crate::services::RegionContext;
use crate::services::dynamodb::{self, Permission};
use crate::services::hosts::{Hosts, Place};
use crate::services::lambda::{FunctionReference, LambdaError};
use crate::wire::{ApiError, Params, Protocol, WireRequest, WireResponse};

const PRINCIPAL: &str = "apigateway.amazonaws.com";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What the integrations of this region's APIs reach.
pub(super) fn of(services: &WeakServices, hosts: &Arc<Hosts>, logs: Arc<dyn LogSink>) -> Backends {
    let inside = Arc::new(Inside(Weak::clone(services)));
    Backends {
        services: inside.clone(),
        functions: inside,
        http: Arc::new(OwnHosts { hosts: Arc::clone(hosts), plain: PlainHttp::new(CONNECT_TIMEOUT) }),
        vpc_links: Arc::new(Links::new(Weak::clone(services), CONNECT_TIMEOUT)),
        iam: Arc::new(Callers(Weak::clone(services))),
        logs,
    }
}

/// The cloud itself as a backend.
struct Inside(WeakServices);

#[async_trait]
impl ServiceCaller for Inside {
    async fn call(&self, call: ServiceCall) -> Response<Bytes> {
        let Some(services) = self.0.upgrade() else { return unavailable() };
        let request = wire_request(&call).from_region(&services.context.region);
        let refusal = match call.credentials.as_deref() {
            None => Some("Missing Authentication Token".to_owned()),
            Some(role) if !services.iam.trusts(role, PRINCIPAL) => {
                Some(format!("API Gateway does not have permission to assume the provided role {role}"))
            }
            Some(role) => {
                let needed = permissions(&call, &request, &services.context);
                let refused = |permission: &Permission| {
                    !services.iam.allows(role, &permission.action, permission.resource.as_deref())
                };
                needed.into_iter().find(refused).map(|Permission { action, resource }| {
                    let session = role.replacen(":iam:", ":sts:", 1).replacen(":role/", ":assumed-role/", 1);
                    let resource = resource.map_or_else(String::new, |resource| format!(" on resource: {resource}"));
                    format!(
                        "User: {session}/BackplaneAssumeRoleSession is not authorized to perform: {action}{resource} because no identity-based policy allows the {action} action"
                    )
                })
            }
        };
        if let Some(message) = refusal {
            let code = if call.service == "sns" { "AuthorizationError" } else { "AccessDeniedException" };
            let error = ApiError::with_status(StatusCode::FORBIDDEN, code, message);
            return into_http(error.into_response(Protocol::of(&request), &request));
        }
        match services.context.router() {
            Some(router) => into_http(router.call(request).await),
            None => unavailable(),
        }
    }
}

/// The request that API Gateway sends for a service integration: query services get the action as a parameter, JSON
/// services as a target.
fn wire_request(call: &ServiceCall) -> WireRequest {
    let mut headers = call.headers.clone();
    let mut query = call.query.clone();
    let mut path = "/".to_owned();
    match &call.operation {
        ServiceOperation::Path(given) => path.clone_from(given),
        ServiceOperation::Action(action) => match json_target(&call.service) {
            Some((prefix, version)) => {
                if let Ok(target) = HeaderValue::from_str(&format!("{prefix}.{action}")) {
                    headers.insert("x-amz-target", target);
                }
                headers.insert("content-type", HeaderValue::from_static(version));
            }
            None if Params::parse(&call.body).get("Action").is_none() => {
                query.push(("Action".to_owned(), action.clone()));
            }
            None => {}
        },
    }
    if !query.is_empty() {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let pairs: Vec<String> =
            query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        path = format!("{path}?{}", pairs.join("&"));
    }
    let uri: Uri = path.parse().unwrap_or_else(|_| Uri::from_static("/"));
    WireRequest::new(call.method.clone(), uri, headers, call.body.clone())
        .for_service(&call.service, &call.region)
}

fn json_target(service: &str) -> Option<(&'static str, &'static str)> {
    match service {
        "dynamodb" => Some(("DynamoDB_20120810", "application/x-amz-json-1.0")),
        "states" => Some(("AWSStepFunctions", "application/x-amz-json-1.0")),
        "logs" => Some(("Logs_20140328", "application/x-amz-json-1.1")),
        _ => None,
    }
}

/// The IAM actions that a call needs, and the resources they are needed on where the request tells.
fn permissions(call: &ServiceCall, request: &WireRequest, context: &RegionContext) -> Vec<Permission> {
    if let ("dynamodb", ServiceOperation::Action(action)) = (call.service.as_str(), &call.operation) {
        let prefix =
            format!("arn:{}:dynamodb:{}:{}:", RegionContext::PARTITION, call.region, context.account);
        return dynamodb::permissions(action, &request.body, &prefix);
    }
    let params = request.params();
    let action = match &call.operation {
        ServiceOperation::Action(action) => action.clone(),
        ServiceOperation::Path(_) => params.get("Action").unwrap_or("*").to_owned(),
    };
    let resource = match call.service.as_str() {
        "sns" => params.get("TopicArn").or_else(|| params.get("TargetArn")).map(str::to_owned),
        "states" => machine_arn(&request.body),
        _ => None,
    };
    vec![Permission { action: format!("{}:{action}", call.service), resource }]
}

/// The state machine that a request to Step Functions is about.
fn machine_arn(body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct About {
        state_machine_arn: String,
    }
    serde_json::from_slice(body).ok().map(|about: About| about.state_machine_arn)
}

fn into_http(answer: WireResponse) -> Response<Bytes> {
    let mut response = Response::new(answer.body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

fn unavailable() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"{\"message\":\"The cloud is stopping\"}"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

#[async_trait]
impl FunctionInvoker for Inside {
    async fn invoke(&self, call: FunctionCall) -> Option<Result<Invocation, InvokeError>> {
        let services = self.0.upgrade()?;
        let reference = FunctionReference::parse(&call.arn);
        let admitted = match call.credentials.as_deref() {
            Some(role) => {
                services.iam.trusts(role, PRINCIPAL)
                    && services.iam.allows(role, "lambda:InvokeFunction", Some(&call.arn))
            }
            None => services.lambda.admits(&reference, PRINCIPAL, &call.source_arn),
        };
        if !admitted {
            return None;
        }
        let options = InvokeOptions { trace_id: Some(call.trace_id), ..InvokeOptions::default() };
        match services.lambda.invoke(&reference, call.payload, options).await {
            Ok(invocation) => Some(Ok(invocation)),
            Err(LambdaError::Invoke(error)) => Some(Err(error)),
            Err(_) => None,
        }
    }
}

/// Plain HTTP that knows where the cloud's own names lead.
struct OwnHosts {
    hosts: Arc<Hosts>,
    plain: PlainHttp,
}

#[async_trait]
impl HttpCaller for OwnHosts {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, HttpFailure> {
        let uri = request.uri();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        match uri.host().and_then(|host| self.hosts.place(host, port)) {
            Some(Place { address, tls: false }) => self.plain.send_to(address, request).await,
            Some(Place { tls: true, .. }) => Err(HttpFailure::Unsupported {
                uri: uri.to_string(),
                reason: "it speaks TLS, which integrations do not speak here; take the name that AWS gave"
                    .to_owned(),
            }),
            None => self.plain.send(request).await,
        }
    }
}
