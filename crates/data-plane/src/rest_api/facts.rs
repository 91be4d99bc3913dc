//! What is known about a request: `$context`.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html>

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use http::header::{HOST, HeaderMap, USER_AGENT};
use http::request::Parts;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::time::Instant;
use uuid::Uuid;

use super::failure::Failure;
use super::stage::Stage;
use crate::function::new_trace_id;

pub(super) struct Facts {
    pub(super) stage: Arc<Stage>,
    pub(super) request_id: String,
    pub(super) extended_id: String,
    pub(super) trace_id: String,
    pub(super) at: OffsetDateTime,
    pub(super) started: Instant,
    pub(super) http_method: String,
    /// With the stage.
    pub(super) path: String,
    pub(super) protocol: &'static str,
    pub(super) source_ip: String,
    pub(super) user_agent: Option<String>,
    pub(super) domain_name: String,
    /// Of the resource: ID and path.
    pub(super) resource: Option<(String, String)>,
    /// What an authorizer said: `principalId` and its context.
    pub(super) authorizer: Option<Map<String, Value>>,
    /// What IAM said about the caller.
    pub(super) identity: Map<String, Value>,
    /// Whether the caller may have a fresh answer instead of a kept one.
    pub(super) may_invalidate: bool,
    pub(super) failure: Option<Failure>,
    pub(super) integration_status: Option<u16>,
    pub(super) integration_latency: Option<Duration>,
    /// The backend's own request ID.
    pub(super) endpoint_request_id: Option<String>,
    pub(super) status: u16,
    pub(super) response_length: usize,
}

impl Facts {
    pub(super) fn new(stage: Arc<Stage>, parts: &Parts, client: SocketAddr) -> Self {
        let text = |name| header(&parts.headers, name).map(str::to_owned);
        let extended = Uuid::new_v4();
        let given_trace = header(&parts.headers, "x-amzn-trace-id").filter(|trace| trace.contains("Root="));
        let trace_id = given_trace.map_or_else(|| new_trace_id(stage.spec.tracing), str::to_owned);
        Self {
            request_id: Uuid::new_v4().to_string(),
            extended_id: URL_SAFE.encode(&extended.as_bytes()[..11]),
            trace_id,
            at: OffsetDateTime::now_utc(),
            started: Instant::now(),
            http_method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            protocol: if parts.version == http::Version::HTTP_2 { "HTTP/2.0" } else { "HTTP/1.1" },
            source_ip: client.ip().to_canonical().to_string(),
            user_agent: text(USER_AGENT.as_str()),
            domain_name: text(HOST.as_str())
                .or_else(|| parts.uri.host().map(str::to_owned))
                .unwrap_or_else(|| stage.deployment.definition.domain_name.clone()),
            stage,
            resource: None,
            authorizer: None,
            identity: Map::new(),
            may_invalidate: false,
            failure: None,
            integration_status: None,
            integration_latency: None,
            endpoint_request_id: None,
            status: 0,
            response_length: 0,
        }
    }

    /// `dd/Mon/yyyy:hh:mm:ss +0000`.
    pub(super) fn request_time(&self) -> String {
        let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
        self.at.format(format).unwrap_or_default()
    }

    pub(super) fn request_time_epoch(&self) -> i64 {
        i64::try_from(self.at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
    }

    pub(super) fn domain_prefix(&self) -> &str {
        self.domain_name.split('.').next().unwrap_or_default()
    }

    /// The value of `$context.NAME`, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let definition = &self.stage.deployment.definition;
        let millis = |duration: Duration| duration.as_millis().to_string();
        Some(match name {
            "accountId" => definition.account_id.clone(),
            "apiId" => definition.id.clone(),
            "awsEndpointRequestId" => self.endpoint_request_id.clone()?,
            "deploymentId" => self.stage.deployment.id.clone(),
            "domainName" => self.domain_name.clone(),
            "domainPrefix" => self.domain_prefix().to_owned(),
            "extendedRequestId" => self.extended_id.clone(),
            "httpMethod" => self.http_method.clone(),
            "path" => self.path.clone(),
            "protocol" => self.protocol.to_owned(),
            "requestId" => self.request_id.clone(),
            "requestTime" => self.request_time(),
            "requestTimeEpoch" => self.request_time_epoch().to_string(),
            "resourceId" => self.resource.as_ref()?.0.clone(),
            "resourcePath" => self.resource.as_ref()?.1.clone(),
            "stage" => self.stage.spec.name.clone(),
            "xrayTraceId" if self.stage.spec.tracing => self.trace_id.clone(),
            "status" => self.status.to_string(),
            "responseLength" => self.response_length.to_string(),
            "responseLatency" => millis(self.started.elapsed()),
            "integrationLatency" | "integration.latency" => millis(self.integration_latency?),
            "integrationStatus" | "integration.status" | "integration.integrationStatus" => {
                self.integration_status?.to_string()
            }
            "integrationErrorMessage" | "integration.error" => self.failure.as_ref()?.cause.clone()?,
            "identity.sourceIp" => self.source_ip.clone(),
            "identity.userAgent" => self.user_agent.clone()?,
            _ => return self.get_grouped(name),
        })
    }

    fn get_grouped(&self, name: &str) -> Option<String> {
        let (group, key) = name.split_once('.')?;
        let value = match group {
            "identity" => self.identity.get(key)?,
            "authorizer" => self.authorizer.as_ref()?.get(key)?,
            "error" => {
                let failure = self.failure.as_ref()?;
                return match key {
                    "message" => Some(failure.message.clone()),
                    "messageString" => Some(json!(failure.message).to_string()),
                    "responseType" => Some(failure.kind.name().to_owned()),
                    "validationErrorString" => failure.validation.clone(),
                    _ => None,
                };
            }
            _ => return None,
        };
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// `$context` for templates.
    pub(super) fn to_value(&self) -> Value {
        let definition = &self.stage.deployment.definition;
        let (resource_id, resource_path) = self.resource.clone().unwrap_or_default();
        let mut identity = self.identity.clone();
        identity.insert("sourceIp".to_owned(), self.source_ip.clone().into());
        identity.insert("userAgent".to_owned(), self.user_agent.clone().into());
        let mut context = json!({
            "accountId": definition.account_id,
            "apiId": definition.id,
            "deploymentId": self.stage.deployment.id,
            "domainName": self.domain_name,
            "domainPrefix": self.domain_prefix(),
            "extendedRequestId": self.extended_id,
            "httpMethod": self.http_method,
            "identity": identity,
            "path": self.path,
            "protocol": self.protocol,
            "requestId": self.request_id,
            "requestTime": self.request_time(),
            "requestTimeEpoch": self.request_time_epoch(),
            "resourceId": resource_id,
            "resourcePath": resource_path,
            "stage": self.stage.spec.name,
        });
        if self.stage.spec.tracing {
            context["xrayTraceId"] = self.trace_id.clone().into();
        }
        if let Some(authorizer) = &self.authorizer {
            context["authorizer"] = Value::Object(authorizer.clone());
        }
        if let Some(status) = self.integration_status {
            context["integration"] = json!({"status": status});
        }
        context
    }

    /// `arn:aws:execute-api:region:account:api/stage/METHOD/path`.
    pub(super) fn arn(&self, method: &str, path: &str) -> String {
        let definition = &self.stage.deployment.definition;
        format!(
            "arn:aws:execute-api:{}:{}:{}/{}/{method}{path}",
            definition.region, definition.account_id, definition.id, self.stage.spec.name
        )
    }

    /// `arn:aws:execute-api:region:account:api/authorizers/ID`, which an authorizer's function admits.
    pub(super) fn authorizer_arn(&self, id: &str) -> String {
        let definition = &self.stage.deployment.definition;
        format!(
            "arn:aws:execute-api:{}:{}:{}/authorizers/{id}",
            definition.region, definition.account_id, definition.id
        )
    }
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
