//! A running cloud.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use data_plane::launcher::Launcher;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::router::RegionState;
use crate::server::{self, Entrance};
use crate::services::acm::{Authority, AuthorityError};
use crate::services::s3::S3;
use crate::services::{GlobalServices, Peers, RegionContext, Services, wire_handlers};
use crate::{Faults, Inventory, Router};

/// How long background tasks may take to end when the cloud stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// In the work directory.
const AUTHORITY_FILE: &str = "ca.pem";

/// AWS keeps environments of functions for some minutes.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// How a cloud is to be.
pub struct CloudOptions {
    /// A bound listener on 127.0.0.1; see [`CloudOptions::bind`].
    pub listener: TcpListener,
    /// At least one; the first is the default for requests that name none.
    pub regions: Vec<String>,
    /// By how much longer a call of a function, a task or a REST API to another region takes, there and back: half of it each
    /// way. Zero adds nothing.
    pub distance: Duration,
    /// How long an environment of a function stays without requests.
    pub idle_timeout: Duration,
    /// How long schedules take for a minute of their rates. A shorter one lets them run sooner, and calendars be as they are.
    pub schedule_minute: Duration,
    /// Twelve digits.
    pub account: String,
    /// A directory for unpacked code, images and large objects. It is made if need be; its owner removes it.
    pub work_dir: PathBuf,
    /// Starts the processes of functions and tasks.
    pub launcher: Launcher,
    /// Whether requests must be signed with [`CloudOptions::access_key_id`] and [`CloudOptions::secret_access_key`].
    pub verify_signatures: bool,
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl CloudOptions {
    /// Options with AWS's documentation defaults: account 000000000000, region us-east-1, signatures not checked.
    #[must_use]
    pub fn new(listener: TcpListener, work_dir: PathBuf, launcher: Launcher) -> Self {
        Self {
            listener,
            regions: vec!["us-east-1".into()],
            distance: Duration::ZERO,
            idle_timeout: IDLE_TIMEOUT,
            schedule_minute: Duration::from_mins(1),
            account: "000000000000".into(),
            work_dir,
            launcher,
            verify_signatures: false,
            access_key_id: "test".into(),
            secret_access_key: "test".into(),
        }
    }

    /// Binds 127.0.0.1 on a port; 0 takes a free one.
    pub async fn bind(port: u16) -> Result<TcpListener, CloudError> {
        TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| CloudError::Bind { port, source })
    }
}

/// Why a cloud did not start.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    #[error("port {port} on 127.0.0.1 cannot be used: {source}; choose another port, or 0 for a free one")]
    Bind { port: u16, source: std::io::Error },
    #[error("the listener's address {address} is not on loopback; bind 127.0.0.1")]
    NotLoopback { address: std::net::SocketAddr },
    #[error("the listener's address cannot be read: {source}")]
    Address { source: std::io::Error },
    #[error("the directory {} cannot be used: {source}; choose one that can be written", path.display())]
    WorkDir { path: PathBuf, source: std::io::Error },
    #[error("no region was given; give at least one, such as us-east-1")]
    NoRegion,
    #[error("a resource type cannot be offered: {0}")]
    Schema(#[from] cloudformation::schema::SchemaError),
    #[error("certificates cannot be signed: {0}")]
    Authority(#[from] AuthorityError),
    #[error("the account {account:?} is not twelve digits")]
    Account { account: String },
}

/// What was still there when a cloud stopped, and what could not be ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// What existed when the stop began; processes and ports of it have been ended and closed.
    pub inventory: Inventory,
    /// Processes and ports that are there even after the stop.
    pub remaining: Inventory,
}

/// A cloud that serves. Dropping it cuts the server off; [`Cloud::stop`] ends it in order.
pub struct Cloud {
    router: Arc<Router>,
    endpoint: String,
    authority_file: PathBuf,
    stopping: CancellationToken,
    tasks: TaskTracker,
    servers: JoinSet<()>,
}

impl Cloud {
    /// Starts the services and the server.
    pub async fn start(options: CloudOptions) -> Result<Self, CloudError> {
        let address = options.listener.local_addr().map_err(|source| CloudError::Address { source })?;
        if !address.ip().is_loopback() {
            return Err(CloudError::NotLoopback { address });
        }
        if options.regions.is_empty() {
            return Err(CloudError::NoRegion);
        }
        if options.account.len() != 12 || !options.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CloudError::Account { account: options.account });
        }
        let endpoint = format!("http://{address}");
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let authority = Arc::new(Authority::new()?);
        tokio::fs::create_dir_all(&options.work_dir)
            .await
            .map_err(|source| CloudError::WorkDir { path: options.work_dir.clone(), source })?;
        let authority_file = options.work_dir.join(AUTHORITY_FILE);
        tokio::fs::write(&authority_file, authority.pem())
            .await
            .map_err(|source| CloudError::WorkDir { path: authority_file.clone(), source })?;
        let global = GlobalServices {
            authority,
            iam: Arc::default(),
            route53: Arc::default(),
            s3: Arc::new(S3::new(options.work_dir.join("objects"))),
            keys: (options.access_key_id.clone(), options.secret_access_key.clone()),
        };
        let (mut regions, mut doors) = (Vec::new(), Vec::new());
        for region in &options.regions {
            let work_dir = options.work_dir.join(region);
            tokio::fs::create_dir_all(&work_dir)
                .await
                .map_err(|source| CloudError::WorkDir { path: work_dir.clone(), source })?;
            let mut inside_endpoint = endpoint.clone();
            if !options.distance.is_zero() {
                let (listener, address) = door().await?;
                inside_endpoint = format!("http://{address}");
                doors.push((listener, Arc::from(region.as_str())));
            }
            let context = Arc::new(RegionContext {
                account: options.account.clone(),
                region: region.clone(),
                endpoint: endpoint.clone(),
                inside_endpoint,
                work_dir,
                launcher: options.launcher.clone(),
                idle_timeout: options.idle_timeout,
                schedule_minute: options.schedule_minute,
                tasks: tasks.clone(),
                stopping: stopping.clone(),
                router: OnceLock::new(),
            });
            let services = Services::new(context, global.clone());
            let handlers: BTreeMap<_, _> =
                wire_handlers(&services)?.into_iter().map(|handler| (handler.name(), handler)).collect();
            regions.push((region.clone(), RegionState { services, handlers }));
        }
        let credentials =
            options.verify_signatures.then_some((options.access_key_id, options.secret_access_key));
        let router = Arc::new(Router {
            regions,
            faults: Faults::default(),
            credentials,
            started: Instant::now(),
            distance: options.distance,
        });
        let peers: Arc<dyn Peers> = Arc::clone(&router) as _;
        for (_, state) in &router.regions {
            // The cell is new, so it is empty.
            let _set = state.services.context.router.set(Arc::downgrade(&peers));
        }
        doors.push((options.listener, Arc::from("")));
        let mut servers = JoinSet::new();
        for (listener, origin) in doors {
            let entrance = Entrance { router: Arc::clone(&router), origin };
            servers.spawn(server::serve(listener, entrance, stopping.clone()));
        }
        Ok(Self { router, endpoint, authority_file, stopping, tasks, servers })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The PEM file with the certificate of the authority that signs for the cloud's domain names; clients have to trust it.
    #[must_use]
    pub fn authority_file(&self) -> &Path {
        &self.authority_file
    }

    /// The router, for calls without HTTP.
    #[must_use]
    pub fn router(&self) -> &Arc<Router> {
        &self.router
    }

    /// The services of a region, or `None` where the cloud was not started with it.
    #[must_use]
    pub fn services(&self, region: &str) -> Option<&Arc<Services>> {
        self.router.services(region)
    }

    /// Serves until `shutdown` is ready, then stops.
    pub async fn serve_until(self, shutdown: impl Future<Output = ()>) -> Leftovers {
        shutdown.await;
        self.stop().await
    }

    /// Ends the server, every process and every port, and tells what was there.
    pub async fn stop(mut self) -> Leftovers {
        let inventory = self.router.inventory();
        self.stopping.cancel();
        while let Some(ended) = self.servers.join_next().await {
            if let Err(error) = ended {
                tracing::warn!(%error, "a server ended abnormally");
            }
        }
        for (_, state) in &self.router.regions {
            futures::future::join_all(state.handlers.values().map(|handler| handler.stop())).await;
        }
        self.tasks.close();
        if tokio::time::timeout(STOP_TIMEOUT, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "background tasks did not end in time");
        }
        let after = self.router.inventory();
        let remaining = Inventory { processes: after.processes, ports: after.ports, ..Inventory::default() };
        Leftovers { inventory, remaining }
    }
}

/// The way in for those who work in a region, which tells where their calls come from.
async fn door() -> Result<(TcpListener, std::net::SocketAddr), CloudError> {
    let listener = CloudOptions::bind(0).await?;
    let address = listener.local_addr().map_err(|source| CloudError::Address { source })?;
    Ok((listener, address))
}
