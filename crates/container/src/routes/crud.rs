//! `/items`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use workload::crud::token::{SecretError, Verifier};
use workload::crud::{Answer, Api, Caller, CrudError, MAX_BODY_BYTES, PATH, Request};
use workload::{ConfigError, Refusal};

use crate::answer;
use crate::body::{self, BodyError};

/// The headers in which a gateway names the caller.
const SUBJECT: &str = "x-caller-subject";
const SCOPES: &str = "x-caller-scopes";

/// Who says who asks.
enum Authentication {
    /// This program, by the token.
    Library(Box<Verifier>),
    /// A gateway that has checked the token, sets both headers itself, and is the only one that can reach this program.
    Gateway,
}

struct Work {
    api: Api,
    authentication: Authentication,
}

/// The routes, with the table and the authentication of the environment.
pub(super) async fn routes() -> Result<Router, SecretError> {
    let authentication = match std::env::var("AUTH").ok().filter(|value| !value.is_empty()).as_deref() {
        None | Some("library") => Authentication::Library(Box::new(Verifier::from_env().await?)),
        Some("gateway") => Authentication::Gateway,
        Some(other) => {
            let meaning = "who checks tokens, library or gateway";
            let value = other.to_owned();
            return Err(ConfigError::Invalid { name: "AUTH", value, meaning, example: "library" }.into());
        }
    };
    let work = Arc::new(Work { api: Api::from_env().await?, authentication });
    let item = format!("{PATH}/{{id}}");
    Ok(Router::new().route(PATH, any(serve)).route(&item, any(serve)).with_state(work))
}

async fn serve(State(work): State<Arc<Work>>, request: HttpRequest) -> Response {
    let (head, body) = request.into_parts();
    // The body is read first: an answer in the middle of a body may be lost. One that is too large goes on as far as it is
    // too large, since the token is looked at before the body.
    let body = match body::read(body, MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => vec![b' '; MAX_BODY_BYTES + 1].into(),
        Err(BodyError::TimedOut) => return answer::refusal(Refusal::TIMED_OUT),
        Err(BodyError::Broken) => return answer::refusal(Refusal::INCOMPLETE),
    };
    let caller = work.caller(&head.headers);
    let text = |name| head.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let query = head.uri.query().unwrap_or_default().as_bytes();
    // The last value counts, as it does in the events that API Gateway makes for functions.
    let parameter = |name: &str| form_urlencoded::parse(query).filter(|(key, _)| key == name).last();
    let (limit, next) = (parameter("limit"), parameter("next"));
    let request = Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        limit: limit.as_ref().map(|(_, value)| value.as_ref()),
        next: next.as_ref().map(|(_, value)| value.as_ref()),
        if_match: text(header::IF_MATCH),
        content_type: text(header::CONTENT_TYPE),
        body: &body,
    };
    respond(work.api.answer(caller.as_ref().map_err(|error| *error), request).await)
}

impl Work {
    fn caller(&self, headers: &HeaderMap) -> Result<Caller, CrudError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match &self.authentication {
            Authentication::Gateway => Caller::vouched(text(SUBJECT), text(SCOPES)),
            Authentication::Library(verifier) => {
                verifier.caller(text(header::AUTHORIZATION.as_str())).map_err(|error| {
                    tracing::info!(%error, "the token is not valid");
                    CrudError::Unauthorized
                })
            }
        }
    }
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = answer::json(status, answer.body);
    if status == StatusCode::NO_CONTENT {
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
