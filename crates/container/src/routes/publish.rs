//! `POST /publish`.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use workload::publish::{MAX_BODY_BYTES, PATH, PublishError, Publisher};
use workload::{ConfigError, Refusal};

use crate::answer;
use crate::body::{self, BodyError};

/// The routes, with a publisher for the topic of the environment.
pub(super) async fn routes() -> Result<Router, ConfigError> {
    let publisher = Publisher::from_env().await?;
    Ok(Router::new().route(PATH, post(publish)).with_state(publisher))
}

async fn publish(State(publisher): State<Publisher>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = match body::read(body, MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return answer::refusal(PublishError::TooLarge.refusal()),
        Err(BodyError::TimedOut) => return answer::refusal(Refusal::TIMED_OUT),
        Err(BodyError::Broken) => return answer::refusal(Refusal::INCOMPLETE),
    };
    // A content type that is not even text is none of the supported ones.
    let content_type = head.headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    match publisher.publish(content_type, &body).await {
        Ok(message) => answer::json(StatusCode::OK, message.body()),
        Err(error) => answer::refusal(error.refusal()),
    }
}
