//! `GET /turkeys/{breed}`.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use workload::ConfigError;
use workload::query::{PATH, Table, limit_in, page};

use crate::answer;

/// The routes, with the table of the environment.
pub(super) async fn routes() -> Result<Router, ConfigError> {
    let table = Table::from_env().await?;
    Ok(Router::new().route(PATH, on(MethodFilter::GET, query)).with_state(table))
}

/// Reads the path as it came: what is not UTF-8 once decoded is a breed too, and not a bad request.
async fn query(State(table): State<Table>, uri: Uri) -> Response {
    let limit = limit_in(uri.query().unwrap_or_default());
    match table.page(uri.path(), limit.as_deref()).await {
        Ok(turkeys) => answer::json(StatusCode::OK, page(&turkeys)),
        Err(error) => answer::refusal(error.refusal()),
    }
}
