use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use data_plane::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;

use crate::Services;
use crate::services::Service;
use crate::wire::{WireRequest, WireResponse};

/// Requests to the cloud's own port whose `Host` names a load balancer.
pub struct Front(pub Arc<Services>);

#[async_trait]
impl Service for Front {
    fn name(&self) -> &'static str {
        "load-balancer"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let authority = request.header("host").or_else(|| request.uri.host()).unwrap_or_default().to_owned();
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(80)),
            None => (authority.as_str(), 80),
        };
        // A client that was sent here by `--connect-to` or a proxy may name this port instead of the listener's.
        let elb = &self.0.elbv2;
        let Some(listener) = elb.listener_at(host, port).or_else(|| elb.listener_at(host, 80)) else {
            let body = format!("No load balancer listens as {authority}.\n");
            return WireResponse::with_body(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", body);
        };
        let mut inner = Request::new(Body::from(request.body));
        *inner.method_mut() = request.method;
        *inner.uri_mut() = request.uri;
        *inner.headers_mut() = request.headers;
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (head, body) = listener.handle(inner, client).await.into_parts();
        match body.collect().await {
            Ok(body) => WireResponse { status: head.status, headers: head.headers, body: body.to_bytes() },
            Err(_) => WireResponse::empty(StatusCode::BAD_GATEWAY),
        }
    }
}
