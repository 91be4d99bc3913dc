//! Tells the service and the region of a request and passes it on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;

use crate::services::{Service, Services};
use crate::wire::{ApiError, Protocol, Scope, WireRequest, WireResponse};
use crate::{Faults, Inventory, admin, signature};

/// One region: its services' state and their wire handlers.
pub(crate) struct RegionState {
    pub(crate) services: Arc<Services>,
    pub(crate) handlers: BTreeMap<&'static str, Arc<dyn Service>>,
}

/// The one entry for calls to AWS APIs, from the HTTP server and from inside the cloud alike.
pub struct Router {
    /// In the order in which they were asked for; the first is the default.
    pub(crate) regions: Vec<(String, RegionState)>,
    pub(crate) faults: Faults,
    /// Access key and secret key that signatures are checked against; `None` leaves them unchecked.
    pub(crate) credentials: Option<(String, String)>,
    pub(crate) started: Instant,
    /// By how much longer a call takes from one region to another and back.
    pub(crate) distance: Duration,
}

/// Services whose scope always names us-east-1, wherever the caller works.
const GLOBAL: [&str; 2] = ["iam", "route53"];

impl Router {
    /// Answers one request. Where the request has no service or region yet, they are told from its signature's scope,
    /// its target, its form, its path or its host.
    pub async fn call(&self, mut request: WireRequest) -> WireResponse {
        // Calls from inside the cloud come with their service, and need no signature.
        let inside = !request.service.is_empty();
        if request.uri.path().starts_with("/_local/") && !inside {
            return admin::handle(self, &request);
        }
        let scope = Scope::of(&request.headers, &request.uri);
        if !inside {
            let Some(service) = service_of(&request, scope.as_ref()) else {
                let error = ApiError::sender(
                    "UnknownService",
                    "The request names no AWS service: sign it (Signature Version 4) or send X-Amz-Target or Action and Version.",
                );
                return error.into_response(Protocol::of(&request), &request);
            };
            request.service = service;
            if let Some((access_key, secret)) =
                self.credentials.as_ref().filter(|_| needs_signature(&request))
                && let Err(error) = signature::verify(&request, access_key, secret)
            {
                return error.into_response(Protocol::of(&request), &request);
            }
        }
        if request.region.is_empty() {
            request.region = scope.map(|scope| scope.region).unwrap_or_default();
        }
        let state = match self.region_of(&request) {
            Ok((name, state)) => {
                name.clone_into(&mut request.region);
                state
            }
            Err(error) => return error.into_response(Protocol::of(&request), &request),
        };
        let Some(handler) = state.handlers.get(request.service.as_str()) else {
            let offered: Vec<&str> = state.handlers.keys().copied().collect();
            let message = format!(
                "The service {} is not offered by this cloud, which offers {}.",
                request.service,
                offered.join(", ")
            );
            let error = ApiError::with_status(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message);
            return error.into_response(Protocol::of(&request), &request);
        };
        let travel = self.travel(&request);
        if travel.is_zero() {
            return self.answer(handler.as_ref(), request).await;
        }
        tokio::time::sleep(travel).await;
        let answer = self.answer(handler.as_ref(), request).await;
        tokio::time::sleep(travel).await;
        answer
    }

    /// The answer of the service, or of the fault that is planned for the call.
    async fn answer(&self, handler: &dyn Service, request: WireRequest) -> WireResponse {
        if self.faults.armed() {
            let operation = handler.operation(&request);
            if let Some(error) = self.faults.strike(&request.service, &operation) {
                return error.into_response(protocol_of(&request), &request);
            }
        }
        handler.handle(request).await
    }

    /// How long a call is under way in each direction. Callers outside stand beside the region that they call.
    fn travel(&self, request: &WireRequest) -> Duration {
        let here = request.origin.is_empty() || request.origin == request.region;
        if here || is_global(&request.service) { Duration::ZERO } else { self.distance / 2 }
    }

    /// The services of a region, or `None` where the cloud was not started with it.
    #[must_use]
    pub fn services(&self, region: &str) -> Option<&Arc<Services>> {
        self.regions.iter().find(|(name, _)| name == region).map(|(_, state)| &state.services)
    }

    /// Faults that calls meet on purpose.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// By how much longer a call takes from one region to another and back.
    #[must_use]
    pub fn distance(&self) -> Duration {
        self.distance
    }

    /// What exists now, in all regions.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::default();
        for (index, (_, state)) in self.regions.iter().enumerate() {
            // Global services hold one state for all regions and are counted once.
            let handlers = state.handlers.values().filter(|handler| index == 0 || !is_global(handler.name()));
            handlers.for_each(|handler| handler.inventory(&mut inventory));
        }
        inventory
    }

    fn region_of(&self, request: &WireRequest) -> Result<(&str, &RegionState), ApiError> {
        let wanted = request.region.as_str();
        let found = self.regions.iter().find(|(name, _)| name == wanted);
        let any = wanted.is_empty() || is_global(&request.service);
        if let Some((name, state)) = found.or_else(|| self.regions.first().filter(|_| any)) {
            return Ok((name, state));
        }
        let offered: Vec<&str> = self.regions.iter().map(|(name, _)| name.as_str()).collect();
        let message =
            format!("The region {wanted} is not offered by this cloud, which offers {}.", offered.join(", "));
        Err(ApiError::sender("InvalidRegion", message))
    }
}

fn is_global(service: &str) -> bool {
    GLOBAL.contains(&service) || service == "s3"
}

/// The registry has its own authorisation, REST APIs and load balancers decide for themselves.
fn needs_signature(request: &WireRequest) -> bool {
    !matches!(request.service.as_str(), "ecr-registry" | "execute-api" | "load-balancer")
}

fn protocol_of(request: &WireRequest) -> Protocol {
    match Protocol::of(request) {
        Protocol::Query => Protocol::query(request),
        other => other,
    }
}

fn service_of(request: &WireRequest, scope: Option<&Scope>) -> Option<String> {
    let host = request.header("host").or_else(|| request.uri.host()).unwrap_or_default();
    if host.contains(".execute-api.") {
        return Some("execute-api".into());
    }
    if host.contains(".elb.amazonaws.com") || host.contains(".elb.localhost") {
        return Some("load-balancer".into());
    }
    if let Some(scope) = scope {
        return Some(scope.service.clone());
    }
    let path = request.uri.path();
    if path == "/v2" || path.starts_with("/v2/") {
        return Some("ecr-registry".into());
    }
    if let Some(target) = request.header("x-amz-target") {
        return service_of_target(target).map(str::to_owned);
    }
    let content_type = request.header("content-type").unwrap_or_default();
    let is_form = content_type.starts_with("application/x-www-form-urlencoded");
    if is_form || request.uri.query().is_some_and(|query| query.contains("Action=")) {
        let params = request.params();
        if let Some(action) = params.get("Action") {
            return service_of_action(action, params.get("Version")).map(str::to_owned);
        }
    }
    if path.starts_with("/2015-03-31/") {
        return Some("lambda".into());
    }
    // What is left unsigned is an anonymous or virtual-hosted S3 request.
    Some("s3".into())
}

fn service_of_target(target: &str) -> Option<&'static str> {
    let (prefix, _) = target.rsplit_once('.')?;
    match prefix {
        "AmazonSQS" => Some("sqs"),
        "Logs_20140328" => Some("logs"),
        "AmazonEC2ContainerRegistry_V20150921" => Some("ecr"),
        "AmazonEC2ContainerServiceV20141113" => Some("ecs"),
        "ResourceGroupsTaggingAPI_20170126" => Some("tagging"),
        "AnyScaleFrontendService" => Some("application-autoscaling"),
        "AppRunner" => Some("apprunner"),
        "AWSStepFunctions" => Some("states"),
        "secretsmanager" => Some("secretsmanager"),
        "AmazonSSM" => Some("ssm"),
        "CertificateManager" => Some("acm"),
        "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Some("dynamodb"),
        _ => None,
    }
}

/// The version of an API is unique to its service; the links that SNS mails to subscribers come without one.
fn service_of_action(action: &str, version: Option<&str>) -> Option<&'static str> {
    match (version, action) {
        (Some("2010-03-31"), _) | (None, "ConfirmSubscription" | "Unsubscribe") => Some("sns"),
        (Some("2012-11-05"), _) => Some("sqs"),
        (Some("2011-06-15"), _) => Some("sts"),
        (Some("2010-05-08"), _) => Some("iam"),
        (Some("2010-05-15"), _) => Some("cloudformation"),
        (Some("2015-12-01"), _) => Some("elasticloadbalancing"),
        (Some("2016-11-15"), _) => Some("ec2"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    fn told(headers: &[(&'static str, &str)], uri: &str, body: &'static str) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let request = WireRequest::new(Method::POST, uri.parse().unwrap(), map, Bytes::from(body));
        service_of(&request, Scope::of(&request.headers, &request.uri).as_ref())
    }

    #[test]
    fn tells_the_service() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        assert_eq!(told(&[form], "/", "Action=Publish&Version=2010-03-31").as_deref(), Some("sns"));
        assert_eq!(told(&[], "/?Action=ConfirmSubscription&Token=t", "").as_deref(), Some("sns"));
        assert_eq!(told(&[form], "/", "Action=DescribeInstances&Version=2016-11-15").as_deref(), Some("ec2"));
        assert_eq!(told(&[form], "/", "Action=DescribeInstances&Version=1"), None);
        assert_eq!(told(&[("x-amz-target", "AmazonSQS.SendMessage")], "/", "{}").as_deref(), Some("sqs"));
        assert_eq!(told(&[], "/v2/", "").as_deref(), Some("ecr-registry"));
        assert_eq!(told(&[], "/bucket/key", "").as_deref(), Some("s3"));
        let host = ("host", "abc.execute-api.us-east-1.amazonaws.com");
        assert_eq!(told(&[host], "/v1/publish", "").as_deref(), Some("execute-api"));
        let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=a/1/r/apigateway/aws4_request, x");
        assert_eq!(told(&[signed], "/v2/apis", "").as_deref(), Some("apigateway"));
    }
}
