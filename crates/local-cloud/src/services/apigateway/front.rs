use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use data_plane::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::json;

use crate::Services;
use crate::services::Service;
use crate::wire::{WireRequest, WireResponse};

/// Requests to the cloud's own port whose `Host` names a REST API.
pub struct Front(pub Arc<Services>);

#[async_trait]
impl Service for Front {
    fn name(&self) -> &'static str {
        "execute-api"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let host = request.header("host").or_else(|| request.uri.host()).unwrap_or_default();
        let Some(server) = self.0.apigateway.server_at(host) else {
            return WireResponse::json(StatusCode::FORBIDDEN, &json!({"message": "Forbidden"}));
        };
        let mut inner = Request::new(Body::from(request.body));
        *inner.method_mut() = request.method;
        *inner.uri_mut() = request.uri;
        *inner.headers_mut() = request.headers;
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (head, body) = server.handle(inner, client).await.into_parts();
        match body.collect().await {
            Ok(body) => WireResponse { status: head.status, headers: head.headers, body: body.to_bytes() },
            Err(_) => WireResponse::empty(StatusCode::BAD_GATEWAY),
        }
    }
}
