//! Passing a request on to the origin over connections that are kept.

use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{ProxyError, header};
use crate::ConfigError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Less than the 29 s that API Gateway waits for an integration.
const TIMEOUT: Duration = Duration::from_secs(25);
/// Less than the 60 s after which a load balancer closes an unused connection, so that this side closes first.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#connection-idle-timeout>
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// Unused connections that are kept. A function serves one request at a time; others may serve more.
const KEPT_CONNECTIONS: usize = 16;
/// The most that Lambda gives back, before Base64.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LARGEST: usize = 6 * 1024 * 1024;
/// What may not stand as it is in a path. A percent sign may, since what the client has encoded stays encoded.
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');
/// What may not stand as it is in the name or the value of a query parameter.
const QUERY: &AsciiSet = &PATH.add(b'%').add(b'&').add(b'+').add(b'=');

/// A client's request.
#[derive(Clone, Debug)]
pub struct ForwardRequest {
    /// Upper case.
    pub method: String,
    /// With a leading slash.
    pub path: String,
    /// Names and values in order, decoded.
    pub query: Vec<(String, String)>,
    /// As the client sent them.
    pub headers: HeaderMap,
    /// As the client sent it.
    pub body: Bytes,
    /// The client's address, for `X-Forwarded-For`.
    pub client: Option<String>,
}

/// The server that requests are passed on to, with connections to it. Clones share them.
#[derive(Clone, Debug)]
pub struct Origin {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

impl Origin {
    /// The origin that `ORIGIN_URL` names.
    ///
    /// # Errors
    /// It is not set, or not an `http://` URL: inside a VPC there is no certificate to check.
    pub fn from_env() -> Result<Self, ConfigError> {
        let missing = ConfigError::Missing {
            name: "ORIGIN_URL",
            meaning: "the server to pass requests on to",
            example: "http://origin.internal",
        };
        Self::new(&std::env::var("ORIGIN_URL").ok().filter(|url| !url.is_empty()).ok_or(missing)?)
    }

    /// The origin at an `http://` URL, whose path, if any, goes before that of each request.
    ///
    /// # Errors
    /// It is none.
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        let base = url.trim_end_matches('/').to_owned();
        let known =
            base.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.query().is_none());
        if !known {
            return Err(ConfigError::Invalid {
                name: "ORIGIN_URL",
                value: url.to_owned(),
                meaning: "an http:// URL",
                example: "http://origin.internal",
            });
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(KEPT_CONNECTIONS)
            .build(connector);
        Ok(Self { client, base })
    }

    /// Passes a request on and gives the origin's answer, whatever its status.
    ///
    /// A request that may be repeated is, once, when the connection that was kept for it turns out to be closed.
    ///
    /// # Errors
    /// The request is malformed, or there is no answer that can be passed back.
    pub async fn forward(&self, request: ForwardRequest) -> Result<Response<Bytes>, ProxyError> {
        let outgoing = self.outgoing(request)?;
        tokio::time::timeout(TIMEOUT, self.send(outgoing)).await.unwrap_or_else(|_| {
            tracing::warn!(seconds = TIMEOUT.as_secs(), "the origin did not answer in time");
            Err(ProxyError::TimedOut)
        })
    }

    fn outgoing(&self, request: ForwardRequest) -> Result<Request<Full<Bytes>>, ProxyError> {
        let mut uri = self.base.clone();
        if !request.path.starts_with('/') {
            uri.push('/');
        }
        uri.extend(utf8_percent_encode(&request.path, PATH));
        for (index, (name, value)) in request.query.iter().enumerate() {
            uri.push(if index == 0 { '?' } else { '&' });
            uri.extend(utf8_percent_encode(name, QUERY));
            uri.push('=');
            uri.extend(utf8_percent_encode(value, QUERY));
        }
        let mut headers = request.headers;
        header::prepare(&mut headers, request.client.as_deref());
        let mut outgoing = Request::new(Full::new(request.body));
        *outgoing.uri_mut() = uri.parse().map_err(|_| ProxyError::Malformed)?;
        *outgoing.method_mut() = request.method.parse().map_err(|_| ProxyError::Malformed)?;
        *outgoing.headers_mut() = headers;
        Ok(outgoing)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, ProxyError> {
        let again = Some(request.clone()).filter(|request| is_idempotent(request.method()));
        let answer = match (self.client.request(request).await, again) {
            (Err(error), Some(again)) if !error.is_connect() => {
                tracing::debug!(%error, "the request is sent again");
                self.client.request(again).await
            }
            (answer, _) => answer,
        };
        let answer = answer.map_err(|error| unanswered(&error))?;
        let (mut parts, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return ProxyError::TooLarge;
            }
            unanswered(error.as_ref())
        })?;
        header::remove_hop_by_hop(&mut parts.headers);
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9110#name-idempotent-methods>
fn is_idempotent(method: &Method) -> bool {
    method.is_idempotent()
}

fn unanswered(error: &(dyn std::error::Error + 'static)) -> ProxyError {
    let cause = std::iter::successors(Some(error), |error| error.source()).last().map(ToString::to_string);
    tracing::warn!(cause, "the origin did not answer");
    ProxyError::Unreachable
}
