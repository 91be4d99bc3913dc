//! Paths and what serves them.

mod crud;
mod publish;
mod query;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use workload::trace::{Outcome, Tracer};
use workload::{ConfigError, Refusal, Workload};

use crate::service::ServiceError;
use crate::{answer, body};

/// The path that says whether the program is well. It asks nobody else: a topic that fails is no reason to replace tasks.
pub(crate) const HEALTH_PATH: &str = "/healthz";

/// The routes of a workload. Once `draining` is cancelled, every answer asks the client to close its connection.
pub(crate) async fn of(
    workload: Workload,
    draining: CancellationToken,
    tracer: Option<Tracer>,
) -> Result<Router, ServiceError> {
    let work = match workload {
        Workload::Publish => publish::routes().await?,
        Workload::Query => query::routes().await?,
        Workload::Crud => crud::routes().await?,
        Workload::Proxy => {
            return Err(ConfigError::Invalid {
                name: "WORKLOAD",
                value: workload.name().to_owned(),
                meaning: "a workload of this program: containers serve these pages with nginx itself",
                example: "publish",
            }
            .into());
        }
    };
    let work = work
        .route(HEALTH_PATH, get(healthy))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(draining, close_while_draining))
        .layer(from_fn(log));
    Ok(match tracer {
        Some(tracer) => work.layer(from_fn_with_state(Arc::new(tracer), trace)),
        None => work,
    })
}

/// Traces the request, unless it is one of the balancer's own.
async fn trace(State(tracer): State<Arc<Tracer>>, request: Request, next: Next) -> Response {
    if request.uri().path() == HEALTH_PATH {
        return next.run(request).await;
    }
    let header = request.headers().get("x-amzn-trace-id").and_then(|value| value.to_str().ok());
    let Some(trace) = tracer.begin(header) else { return next.run(request).await };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    tracer.end(&trace, Outcome { method: method.as_str(), path: &path, status });
    response
}

async fn healthy() -> Response {
    answer::json(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
}

async fn not_found(request: Request) -> Response {
    refuse(Refusal::NOT_FOUND, request.into_body()).await
}

async fn method_not_allowed(request: Request) -> Response {
    refuse(Refusal::METHOD_NOT_ALLOWED, request.into_body()).await
}

/// Reads the body before refusing, as an answer in the middle of a body may be lost.
async fn refuse(refusal: Refusal, body: Body) -> Response {
    match body::read(body, 0).await {
        Err(body::BodyError::TimedOut) => answer::refusal(Refusal::TIMED_OUT),
        _ => answer::refusal(refusal),
    }
}

async fn close_while_draining(
    State(draining): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if draining.is_cancelled() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn log(request: Request, next: Next) -> Response {
    let received = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let duration_ms = received.elapsed().as_secs_f64() * 1000.0;
    if path == HEALTH_PATH {
        tracing::debug!(%method, path, status, duration_ms, "served");
    } else {
        tracing::info!(%method, path, status, duration_ms, "served");
    }
    response
}
