//! The Runtime API of one environment.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::environment::{Environment, Work};
use super::{LARGEST_PAYLOAD, invocation};

const BASE: &str = "/2018-06-01/runtime/";
const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// Serves one connection of the environment's process.
pub(super) async fn serve(stream: TcpStream, environment: Arc<Environment>) {
    // Only latency suffers when this cannot be set.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let environment = Arc::clone(&environment);
        async move { Ok::<_, Infallible>(answer(&environment, request).await) }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::trace!(%error, "a Runtime API connection ended early");
    }
}

async fn answer(environment: &Arc<Environment>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let Some(path) = parts.uri.path().strip_prefix(BASE) else {
        return refusal(StatusCode::NOT_FOUND, "InvalidPath", "no such path in the Runtime API");
    };
    if path == "invocation/next" {
        if parts.method != Method::GET {
            return refusal(StatusCode::METHOD_NOT_ALLOWED, "InvalidMethod", "use GET");
        }
        return match environment.next().await {
            Some(work) => work_response(work),
            None => refusal(StatusCode::GONE, "Stopped", "the environment is being stopped"),
        };
    }
    if parts.method != Method::POST {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "InvalidMethod", "use POST");
    }
    let body = Limited::new(body, LARGEST_PAYLOAD).collect().await.map(http_body_util::Collected::to_bytes);
    if path == "init/error" {
        let error_type = parts.headers.get(ERROR_TYPE).and_then(|value| value.to_str().ok());
        environment.init_failed(error_type, &body.unwrap_or_default());
        return accepted();
    }
    let Some((request_id, kind)) = path.strip_prefix("invocation/").and_then(|rest| rest.split_once('/'))
    else {
        return refusal(StatusCode::NOT_FOUND, "InvalidPath", "no such path in the Runtime API");
    };
    let result = match (kind, body) {
        ("response", Ok(payload)) => Ok(payload),
        ("error", Ok(payload)) => Err(payload),
        ("response" | "error", Err(error)) if error.is::<LengthLimitError>() => {
            environment.respond(request_id, Err(invocation::too_large()));
            return refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                "Exceeded maximum allowed payload size (6291556 bytes).",
            );
        }
        ("response" | "error", Err(_)) => {
            return refusal(StatusCode::BAD_REQUEST, "InvalidBody", "the body could not be read");
        }
        _ => return refusal(StatusCode::NOT_FOUND, "InvalidPath", "no such path in the Runtime API"),
    };
    if environment.respond(request_id, result) {
        accepted()
    } else {
        refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
    }
}

fn work_response(work: Work) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(work.payload));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(DEADLINE, HeaderValue::from(work.deadline_ms));
    for (name, value) in [(REQUEST_ID, work.request_id), (FUNCTION_ARN, work.arn), (TRACE_ID, work.trace_id)]
    {
        // Values that came from a caller may hold characters that no header takes; they are left out.
        if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
            headers.insert(name, value);
        }
    }
    if let Some(context) = work.client_context
        && let Ok(context) = HeaderValue::from_maybe_shared(Bytes::from(context))
    {
        headers.insert(CLIENT_CONTEXT, context);
    }
    response
}

fn accepted() -> Response<Full<Bytes>> {
    json(StatusCode::ACCEPTED, Bytes::from_static(b"{\"status\":\"OK\"}\n"))
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    json(status, invocation::error_payload(kind, message))
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
