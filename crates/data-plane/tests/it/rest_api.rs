//! REST APIs over real sockets; functions and services are closures.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use data_plane::LogSink;
use data_plane::body::Body;
use data_plane::function::{Invocation, InvokeError};
use data_plane::rest_api::{
    ApiDefinition, Backends, Deployment, FunctionCall, FunctionInvoker, GatewayResponse, HttpFailure,
    IamAuthorizer, IamCaller, IamRefusal, Integration, IntegrationKind, IntegrationResponse, Method,
    MethodResponse, PlainHttp, Resource, RestApiServer, ServiceCall, ServiceCaller, StageSpec, Verdict,
    VpcLinkCaller,
};
use http::{Request, Response};
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::support::{Client, Memory, client, send, text};

type Service = dyn Fn(&ServiceCall) -> Response<Bytes> + Send + Sync;
type Handler = dyn Fn(&Value) -> Result<Value, Value> + Send + Sync;

/// What all integrations of a test reach.
pub struct Fakes {
    pub service: Box<Service>,
    pub function: Box<Handler>,
    pub service_calls: Mutex<Vec<ServiceCall>>,
    pub function_calls: Mutex<Vec<(String, Value)>>,
}

impl Default for Fakes {
    fn default() -> Self {
        Self {
            service: Box::new(|_| Response::new(Bytes::from_static(b"{}"))),
            function: Box::new(|event| Ok(json!({"statusCode": 200, "body": event.to_string()}))),
            service_calls: Mutex::default(),
            function_calls: Mutex::default(),
        }
    }
}

#[async_trait]
impl ServiceCaller for Fakes {
    async fn call(&self, call: ServiceCall) -> Response<Bytes> {
        if call.body == Bytes::from_static(b"slow") {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let response = (self.service)(&call);
        self.service_calls.lock().unwrap().push(call);
        response
    }
}

#[async_trait]
impl FunctionInvoker for Fakes {
    async fn invoke(&self, call: FunctionCall) -> Option<Result<Invocation, InvokeError>> {
        if call.arn.ends_with(":forbidden") {
            return None;
        }
        if call.arn.ends_with(":busy") {
            let reason = "ConcurrentInvocationLimitExceeded";
            return Some(Err(InvokeError::Throttled { function: "busy".to_owned(), reason }));
        }
        let event: Value = serde_json::from_slice(&call.payload).unwrap_or_default();
        let result = (self.function)(&event);
        self.function_calls.lock().unwrap().push((call.source_arn, event));
        let function_error = result.as_ref().err().map(|_| "Unhandled".to_owned());
        let payload = result.unwrap_or_else(|error| error).to_string().into();
        Some(Ok(Invocation {
            request_id: "r".to_owned(),
            payload,
            function_error,
            log_tail: None,
            duration: Duration::ZERO,
            billed: Duration::ZERO,
            init_duration: None,
            version: "1".to_owned(),
        }))
    }
}

#[async_trait]
impl VpcLinkCaller for Fakes {
    async fn send(
        &self,
        link: &str,
        target: Option<&str>,
        request: Request<Body>,
    ) -> Result<Response<Body>, HttpFailure> {
        let told = format!("{link} {} {}", target.unwrap_or("-"), request.uri());
        Ok(Response::new(Body::from(told)))
    }
}

#[async_trait]
impl IamAuthorizer for Fakes {
    async fn authenticate(&self, parts: &http::request::Parts, _: &Bytes) -> Result<IamCaller, IamRefusal> {
        match parts.headers.get("authorization").and_then(|value| value.to_str().ok()) {
            None => Err(IamRefusal::Missing),
            Some("forged") => Err(IamRefusal::Invalid("The signature is not right".to_owned())),
            Some("old") => Err(IamRefusal::Expired("The token is expired".to_owned())),
            Some(name) => Ok(IamCaller {
                account_id: "000000000000".to_owned(),
                access_key: "AKIA".to_owned(),
                user_arn: format!("arn:aws:iam::000000000000:user/{name}"),
                user_id: "AIDA".to_owned(),
                role_arn: None,
            }),
        }
    }

    fn verdict(&self, caller: &IamCaller, action: &str, _: &str) -> Verdict {
        match (caller.user_arn.rsplit('/').next(), action) {
            (Some("good"), "execute-api:Invoke") | (Some("admin"), _) => Verdict::Allow,
            (Some("denied"), _) => Verdict::Deny,
            _ => Verdict::Silent,
        }
    }
}

/// A served API with its one stage `v1`.
pub struct Served {
    pub server: Arc<RestApiServer>,
    pub fakes: Arc<Fakes>,
    pub logs: Arc<Memory>,
    pub client: Client,
}

impl Served {
    pub async fn new(definition: ApiDefinition, stage: StageSpec, fakes: Fakes) -> Self {
        let fakes = Arc::new(fakes);
        let logs = Arc::new(Memory::default());
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backends = Backends {
            services: fakes.clone(),
            functions: fakes.clone(),
            http: Arc::new(PlainHttp::new(Duration::from_secs(2))),
            vpc_links: fakes.clone(),
            iam: fakes.clone(),
            logs: logs.clone() as Arc<dyn LogSink>,
        };
        let server = RestApiServer::start("api", socket, backends).unwrap();
        server.set_stage(stage, Deployment::compile(definition).unwrap()).unwrap();
        Self { server, fakes, logs, client: client() }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(format!("http://{}/v1{path}", self.address()))
    }

    pub async fn send(&self, request: http::request::Builder, body: &str) -> Response<Bytes> {
        send(&self.client, request, body).await
    }

    /// Status and body.
    pub async fn ask(&self, request: http::request::Builder, body: &str) -> (u16, String) {
        let response = self.send(request, body).await;
        (response.status().as_u16(), text(&response).to_owned())
    }
}

pub fn stage() -> StageSpec {
    let variables = BTreeMap::from([("topicArn".to_owned(), "arn:topic".to_owned())]);
    StageSpec { name: "v1".to_owned(), variables, ..StageSpec::default() }
}

pub fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub fn templates<const N: usize>(pairs: [(&str, &str); N]) -> IndexMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub fn responses(codes: &[u16]) -> Vec<MethodResponse> {
    codes.iter().map(|code| MethodResponse { status_code: *code, ..MethodResponse::default() }).collect()
}

pub fn answer(status_code: u16, pattern: &str, template: &str) -> IntegrationResponse {
    IntegrationResponse {
        status_code,
        selection_pattern: (!pattern.is_empty()).then(|| pattern.to_owned()),
        templates: if template.is_empty() {
            IndexMap::new()
        } else {
            templates([("application/json", template)])
        },
        ..IntegrationResponse::default()
    }
}

pub fn method(verb: &str, codes: &[u16], integration: Integration) -> Method {
    Method {
        http_method: verb.to_owned(),
        responses: responses(codes),
        integration: Some(integration),
        ..Method::default()
    }
}

pub fn api(resources: Vec<(&str, Vec<Method>)>) -> ApiDefinition {
    let resource = |(path, methods): (&str, Vec<Method>)| Resource {
        id: format!("id{path}"),
        path: path.to_owned(),
        methods,
    };
    ApiDefinition {
        id: "abc123".to_owned(),
        name: "test".to_owned(),
        region: "us-east-1".to_owned(),
        account_id: "000000000000".to_owned(),
        domain_name: "abc123.execute-api.us-east-1.amazonaws.com".to_owned(),
        resources: resources.into_iter().map(resource).collect(),
        ..ApiDefinition::default()
    }
}

pub fn mock(status: u16) -> Integration {
    Integration {
        kind: IntegrationKind::Mock,
        request_templates: templates([("application/json", &format!("{{\"statusCode\": {status}}}"))]),
        responses: vec![answer(status, "", "{\"path\":\"$context.resourcePath\"}")],
        ..Integration::default()
    }
}

pub fn lambda(kind: IntegrationKind, name: &str) -> Integration {
    Integration {
        kind,
        http_method: Some("POST".to_owned()),
        uri: Some(format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:{name}/invocations"
        )),
        ..Integration::default()
    }
}

pub fn gateway_response(status_code: Option<u16>, template: &str) -> GatewayResponse {
    let templates = templates([("application/json", template)]);
    GatewayResponse { status_code, templates, ..GatewayResponse::default() }
}
