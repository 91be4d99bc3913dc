use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::net::TcpListener;

use super::forward::{Origin, forward};
use super::target_group::Attachment;
use super::{Action, FixedResponse, ListenerError, ListenerSpec, Redirect, Rule, answer, rule};
use crate::body::Body;
use crate::mutex::Mutex;
use crate::server::{Handler, HttpServer};

/// One listener of a load balancer, with a loopback port of its own. Dropping it closes the port.
pub struct Listener {
    router: Arc<Router>,
    server: HttpServer,
}

struct Router {
    table: Mutex<Arc<Table>>,
    turn: AtomicU32,
}

/// A spec made ready, holding on to the target groups it forwards to.
struct Table {
    port: u16,
    protocol: &'static str,
    idle_timeout: Duration,
    rules: Vec<(Rule, Route)>,
    default: Route,
}

enum Route {
    /// With the sum of the weights up to each group.
    Forward(Vec<(Attachment, u32)>),
    Redirect(Redirect),
    Fixed(FixedResponse),
}

impl Listener {
    /// Serves `spec` on `socket`. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// A rule cannot be used, or the socket has no address.
    pub fn start(spec: ListenerSpec, socket: TcpListener) -> Result<Arc<Self>, ListenerError> {
        let (idle_timeout, tls) = (spec.idle_timeout, spec.tls.clone());
        let table = Table::new(spec)?;
        let router = Arc::new(Router { table: Mutex::new(Arc::new(table)), turn: AtomicU32::new(0) });
        let server =
            HttpServer::start(socket, Arc::clone(&router), idle_timeout).map_err(ListenerError::Address)?;
        server.set_tls(tls.as_ref())?;
        Ok(Arc::new(Self { router, server }))
    }

    /// Replaces the rules and settings at once; requests in progress keep those they began with.
    ///
    /// # Errors
    /// A rule or a certificate cannot be used; then nothing changes.
    pub fn update(&self, spec: ListenerSpec) -> Result<(), ListenerError> {
        let tls = spec.tls.clone();
        let table = Arc::new(Table::new(spec)?);
        self.server.set_tls(tls.as_ref())?;
        // The old table lets its target groups go outside the lock.
        let old = std::mem::replace(&mut *self.router.table.lock(), table);
        drop(old);
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Serves one request in process, as VPC links do.
    pub async fn handle(&self, request: Request<Body>, client: SocketAddr) -> Response<Body> {
        self.router.route(request, client).await
    }

    /// Takes no more connections and waits for the requests in progress, for 10 s at most.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

impl Handler for Router {
    async fn handle(self: Arc<Self>, request: Request<Incoming>, client: SocketAddr) -> Response<Body> {
        self.route(request.map(Body::from), client).await
    }
}

impl Router {
    async fn route(&self, request: Request<Body>, client: SocketAddr) -> Response<Body> {
        let table = Arc::clone(&self.table.lock());
        let (parts, body) = request.into_parts();
        let matching = table.rules.iter().find(|(rule, _)| rule.holds(&parts, client.ip()));
        let route = matching.map_or(&table.default, |(_, route)| route);
        match route {
            Route::Fixed(fixed) => answer::fixed(fixed),
            Route::Redirect(redirect) => {
                answer::redirect(redirect, &parts.uri, rule::host(&parts), table.protocol, table.port)
            }
            Route::Forward(groups) => match self.choose(groups) {
                None => answer::error(StatusCode::SERVICE_UNAVAILABLE),
                Some(attachment) => {
                    let origin = Origin {
                        client,
                        protocol: table.protocol,
                        port: table.port,
                        idle_timeout: table.idle_timeout,
                    };
                    forward(attachment.group(), Request::from_parts(parts, body), &origin).await
                }
            },
        }
    }

    /// Takes turns in proportion to the weights; none if all weights are 0.
    fn choose<'a>(&self, groups: &'a [(Attachment, u32)]) -> Option<&'a Attachment> {
        let (last, total) = groups.last()?;
        if groups.len() == 1 {
            return (*total > 0).then_some(last);
        }
        // Multiplying by a large odd number mixes the groups, where counting alone would serve one after the other.
        let turn = self.turn.fetch_add(1, Ordering::Relaxed).wrapping_mul(2_654_435_761) % (*total).max(1);
        groups.iter().find(|(_, up_to)| turn < *up_to).map(|(attachment, _)| attachment)
    }
}

impl Table {
    fn new(mut spec: ListenerSpec) -> Result<Self, ListenerError> {
        spec.rules.sort_by_key(|rule| rule.priority);
        for rule in &spec.rules {
            rule.check().map_err(|reason| ListenerError::Rule { priority: rule.priority, reason })?;
        }
        let rules = spec.rules.into_iter().map(|rule| {
            let route = Route::new(&rule.action);
            (rule, route)
        });
        Ok(Self {
            port: spec.port,
            protocol: if spec.tls.is_some() { "https" } else { "http" },
            idle_timeout: spec.idle_timeout,
            rules: rules.collect(),
            default: Route::new(&spec.default_action),
        })
    }
}

impl Route {
    fn new(action: &Action) -> Self {
        match action {
            Action::Redirect(redirect) => Self::Redirect(redirect.clone()),
            Action::FixedResponse(fixed) => Self::Fixed(fixed.clone()),
            Action::Forward(groups) => {
                let mut sum = 0;
                let attach = |weighted: &super::WeightedTargetGroup| {
                    sum += weighted.weight;
                    (Attachment::new(Arc::clone(&weighted.target_group)), sum)
                };
                Self::Forward(groups.iter().map(attach).collect())
            }
        }
    }
}
