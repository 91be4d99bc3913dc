//! Tells the service and the region of a request and passes it on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::StatusCode;

use crate::services::{Peers, Service, Services};
use crate::wire::{ApiError, Protocol, Scope, WireRequest, WireResponse, service_of};
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

#[async_trait]
impl Peers for Router {
    async fn call(&self, request: WireRequest) -> WireResponse {
        Self::call(self, request).await
    }

    fn faults(&self) -> &Faults {
        Self::faults(self)
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
