//! VPC links of the second version: how an API reaches a load balancer that is not public.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html>

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use data_plane::body::Body;
use data_plane::rest_api::{HttpFailure, PlainHttp, VpcLinkCaller};
use http::{Request, Response};

use super::{ApiGateway, ApiGatewayError, WeakServices};
use crate::Services;

/// A VPC link.
#[derive(Clone, Debug)]
pub struct VpcLink {
    pub id: String,
    pub name: String,
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

impl VpcLink {
    /// What holds its subnets and groups.
    #[must_use]
    pub fn holder(id: &str) -> String {
        format!("vpc-link {id}")
    }
}

impl ApiGateway {
    /// Adds a link, or replaces it.
    pub fn put_link(&self, link: VpcLink) {
        self.links().insert(link.id.clone(), link);
    }

    /// A link by ID.
    pub fn link(&self, id: &str) -> Result<VpcLink, ApiGatewayError> {
        self.links().get(id).cloned().ok_or_else(|| ApiGatewayError::missing("VPC Link", id))
    }

    /// All links.
    #[must_use]
    pub fn all_links(&self) -> Vec<VpcLink> {
        self.links().values().cloned().collect()
    }

    /// Deletes a link; one that is gone already is a success.
    pub fn remove_link(&self, id: &str) {
        self.links().remove(id);
    }
}

/// Sends requests through the links of a region.
pub(super) struct Links {
    services: WeakServices,
    plain: PlainHttp,
}

impl Links {
    pub(super) fn new(services: WeakServices, connect_timeout: Duration) -> Self {
        Self { services, plain: PlainHttp::new(connect_timeout) }
    }
}

/// Where a request goes, or that nothing lets it pass.
enum Way {
    Open(std::net::SocketAddr),
    Closed(String),
}

fn way(
    services: &Services,
    link: &str,
    target: Option<&str>,
    request: &Request<Body>,
) -> Result<Way, String> {
    let link = services.apigateway.link(link).map_err(|error| error.to_string())?;
    let target =
        target.ok_or("a VPC link of the second version needs the load balancer as IntegrationTarget")?;
    let balancer = services.elbv2.load_balancer(target).map_err(|error| error.to_string())?;
    let port = request.uri().port_u16().unwrap_or(80);
    let vpcs = link.subnets.iter().filter_map(|subnet| Some(services.ec2.subnet(subnet).ok()?.0));
    if !vpcs.clone().any(|vpc| vpc == balancer.vpc) {
        return Ok(Way::Closed(format!("{target} is in another VPC than the link")));
    }
    if let Err(reason) = services.ec2.admits(&link.security_groups, &balancer.security_groups, port) {
        return Ok(Way::Closed(reason));
    }
    let listener = services.elbv2.listeners(target).into_iter().find(|listener| listener.port == port);
    let listener = listener.ok_or_else(|| format!("{target} does not listen on port {port}"))?;
    Ok(Way::Open(listener.handle.address()))
}

#[async_trait]
impl VpcLinkCaller for Links {
    async fn send(
        &self,
        link: &str,
        target: Option<&str>,
        request: Request<Body>,
    ) -> Result<Response<Body>, HttpFailure> {
        let uri = request.uri().to_string();
        let unreachable = |reason: String| HttpFailure::Unreachable { uri: uri.clone(), reason };
        let way = {
            let services = self.services.upgrade();
            let services = services.ok_or_else(|| unreachable("the cloud is stopping".to_owned()))?;
            way(&services, link, target, &request).map_err(unreachable)?
        };
        match way {
            Way::Open(address) => self.plain.send_to(address, request).await,
            Way::Closed(reason) => {
                // Packets that no rule admits are dropped, so the caller waits until its own time is over.
                tracing::warn!(%uri, link, %reason, "a VPC link reaches nothing");
                std::future::pending().await
            }
        }
    }
}
