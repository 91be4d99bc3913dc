//! What the balancer answers itself.

use http::header::{CONTENT_TYPE, HeaderValue, LOCATION, SERVER};
use http::{Response, StatusCode, Uri};

use super::{FixedResponse, Redirect};
use crate::body::Body;

const SERVER_NAME: HeaderValue = HeaderValue::from_static("awselb/2.0");

/// The page of an error of the balancer.
pub(super) fn error(status: StatusCode) -> Response<Body> {
    // The words of an Application Load Balancer differ from the standard's in these two.
    let phrase = match status {
        StatusCode::SERVICE_UNAVAILABLE => "Service Temporarily Unavailable",
        StatusCode::GATEWAY_TIMEOUT => "Gateway Time-out",
        status => status.canonical_reason().unwrap_or_default(),
    };
    let title = format!("{} {phrase}", status.as_u16());
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    respond(status, Some(HeaderValue::from_static("text/html")), page)
}

pub(super) fn fixed(fixed: &FixedResponse) -> Response<Body> {
    let content_type = fixed.content_type.as_deref().unwrap_or("text/plain; charset=utf-8");
    respond(fixed.status, HeaderValue::from_str(content_type).ok(), fixed.body.clone())
}

/// Answers with the URL that `redirect` makes of the request's.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html>
pub(super) fn redirect(
    redirect: &Redirect,
    uri: &Uri,
    host: &str,
    protocol: &str,
    port: u16,
) -> Response<Body> {
    let (name, _) = host.rsplit_once(':').unwrap_or((host, ""));
    let port = port.to_string();
    let fill = |template: &str| {
        template
            .replace("#{protocol}", protocol)
            .replace("#{host}", name)
            .replace("#{port}", &port)
            .replace("#{path}", uri.path().trim_start_matches('/'))
            .replace("#{query}", uri.query().unwrap_or_default())
    };
    let protocol = fill(&redirect.protocol).to_ascii_lowercase();
    let query = fill(&redirect.query);
    let location = format!(
        "{protocol}://{}:{}{}{}{query}",
        fill(&redirect.host),
        fill(&redirect.port),
        fill(&redirect.path),
        if query.is_empty() { "" } else { "?" },
    );
    let mut response = respond(redirect.status, None, String::new());
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn respond(status: StatusCode, content_type: Option<HeaderValue>, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(SERVER, SERVER_NAME);
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}
