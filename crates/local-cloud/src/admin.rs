//! The cloud's own calls under `/_local/`, which are not AWS's: health, services, inventory and faults.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::wire::{WireRequest, WireResponse};
use crate::{FaultKind, Router};

/// The body of `PUT /_local/faults`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultPlan {
    service: String,
    operation: String,
    error: FaultKind,
    times: Option<u64>,
}

pub fn handle(router: &Router, request: &WireRequest) -> WireResponse {
    match (&request.method, request.uri.path()) {
        (&Method::GET, "/_local/health") => {
            let regions: Vec<&str> = router.regions.iter().map(|(name, _)| name.as_str()).collect();
            let uptime = router.started.elapsed().as_secs_f64();
            let health = json!({
                "status": "ok",
                "pid": std::process::id(),
                "uptimeSeconds": uptime,
                "version": env!("CARGO_PKG_VERSION"),
                "regions": regions,
                "distanceMs": router.distance().as_millis(),
            });
            WireResponse::json(StatusCode::OK, &health)
        }
        (&Method::GET, "/_local/services") => {
            let handlers = router.regions.iter().flat_map(|(_, state)| state.handlers.keys());
            let names: BTreeSet<&str> = handlers.copied().collect();
            WireResponse::json(StatusCode::OK, &json!({"services": names}))
        }
        (&Method::GET, "/_local/inventory") => match serde_json::to_value(router.inventory()) {
            Ok(inventory) => WireResponse::json(StatusCode::OK, &inventory),
            Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        },
        (&Method::PUT, "/_local/faults") => match serde_json::from_slice::<FaultPlan>(&request.body) {
            Ok(plan) if !plan.error.suits(&plan.service, &plan.operation) => refusal(
                StatusCode::BAD_REQUEST,
                &format!(
                    "{} of {} does no part of its work; \"partial\" is for BatchWriteItem of dynamodb",
                    plan.operation, plan.service
                ),
            ),
            Ok(plan) => {
                router.faults.plan(&plan.service, &plan.operation, plan.error, plan.times);
                WireResponse::empty(StatusCode::NO_CONTENT)
            }
            Err(error) => {
                let message = format!(
                    "{error}; expected {{\"service\":\"sns\",\"operation\":\"Publish\",\"error\":\"throttle\", \"internal\", \"denied\" or \"partial\",\"times\":1}}"
                );
                refusal(StatusCode::BAD_REQUEST, &message)
            }
        },
        (&Method::DELETE, "/_local/faults") => {
            router.faults.clear();
            WireResponse::empty(StatusCode::NO_CONTENT)
        }
        (method, path) => refusal(
            StatusCode::NOT_FOUND,
            &format!(
                "{method} {path} is unknown; there are GET /_local/health, GET /_local/services, GET /_local/inventory, PUT and DELETE /_local/faults"
            ),
        ),
    }
}

fn refusal(status: StatusCode, message: &str) -> WireResponse {
    WireResponse::json(status, &json!({"message": message}))
}
