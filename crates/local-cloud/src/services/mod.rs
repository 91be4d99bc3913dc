//! The services: each one's state as plain Rust, and its wire handler on top.
//!
//! Resource handlers and data planes call the state directly (`services.sns.create_topic(…)`); callers from outside
//! come through the wire handlers, which [`wire_handlers`] lists.

pub mod acm;
pub mod apigateway;
pub mod application_autoscaling;
pub mod apprunner;
mod blob;
pub mod cloudformation;
mod compute;
pub mod dynamodb;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elbv2;
pub mod hosts;
pub mod iam;
pub mod ids;
pub mod lambda;
pub mod logs;
mod page;
pub mod policy;
pub mod route53;
pub mod s3;
pub mod scheduler;
pub mod secretsmanager;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod states;
pub mod sts;
mod tagging;
pub mod xray;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use ::cloudformation::schema::SchemaError;
use ::cloudformation::signals::Signals;
use async_trait::async_trait;
use data_plane::launcher::Launcher;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::wire::{WireRequest, WireResponse};
use crate::{Faults, Inventory};
use sns::Sns;
use sqs::Sqs;

/// A service's wire protocol.
#[async_trait]
pub trait Service: Send + Sync {
    /// The signing name, which routes requests here: `sns`, `s3`, `elasticloadbalancing`, …
    fn name(&self) -> &'static str;

    /// The operation that a request asks for, as far as faults are planned by it: the form's `Action`, the target's end,
    /// or a REST operation's name.
    fn operation(&self, request: &WireRequest) -> String {
        if let Some(operation) = request.target_operation() {
            return operation.to_owned();
        }
        request.params().get("Action").unwrap_or_default().to_owned()
    }

    /// Answers one request. Errors are answers too, in the protocol's shape.
    async fn handle(&self, request: WireRequest) -> WireResponse;

    /// Adds what exists in this service.
    fn inventory(&self, _inventory: &mut Inventory) {}

    /// Ends processes and closes ports. Called once, when the cloud stops; tasks on [`RegionContext::tasks`] that watch
    /// [`RegionContext::stopping`] need no mention here.
    async fn stop(&self) {}
}

/// The cloud as its services know it, for calls from one to another that must go through the wire handlers.
///
/// Services hold it as a trait object and never as the [`Router`](crate::Router), which owns them: of types that contain each
/// other in a circle the compiler proves `Send` anew for every future, and this crate took 1.7 times as long to compile.
#[async_trait]
pub trait Peers: Send + Sync {
    /// Answers a request as the cloud's HTTP server does.
    async fn call(&self, request: WireRequest) -> WireResponse;

    /// Faults that calls meet on purpose.
    fn faults(&self) -> &Faults;
}

/// What every service of a region knows about where it is.
#[derive(Debug)]
pub struct RegionContext {
    /// Twelve digits.
    pub account: String,
    pub region: String,
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub endpoint: String,
    /// The same for functions and tasks of this region, whose calls to other regions take longer where the cloud was told so.
    pub inside_endpoint: String,
    /// A directory of this region's own for code, images and large objects.
    pub work_dir: PathBuf,
    /// Starts the processes of functions and tasks.
    pub launcher: Launcher,
    /// How long an environment of a function stays without requests.
    pub idle_timeout: Duration,
    /// How long schedules take for a minute of their rates.
    pub schedule_minute: Duration,
    /// Owns the background tasks of the services.
    pub tasks: TaskTracker,
    /// Set when the cloud stops; long polls and background tasks end then.
    pub stopping: CancellationToken,
    pub(crate) router: OnceLock<Weak<dyn Peers>>,
}

impl RegionContext {
    /// `aws`; the only partition there is.
    pub const PARTITION: &'static str = "aws";
    /// `amazonaws.com`
    pub const URL_SUFFIX: &'static str = "amazonaws.com";

    /// `arn:aws:<service>:<region>:<account>:<resource>`
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", Self::PARTITION, self.region, self.account)
    }

    /// The router, for calls from service to service; `None` once the cloud is gone.
    #[must_use]
    pub fn router(&self) -> Option<Arc<dyn Peers>> {
        self.router.get().and_then(Weak::upgrade)
    }
}

/// The services that are the same in every region.
#[derive(Clone)]
pub(crate) struct GlobalServices {
    /// Signs every certificate of the cloud.
    pub(crate) authority: Arc<acm::Authority>,
    pub(crate) iam: Arc<iam::Iam>,
    pub(crate) route53: Arc<route53::Route53>,
    pub(crate) s3: Arc<s3::S3>,
    /// Access key and secret key of the account's user.
    pub(crate) keys: (String, String),
}

/// The state of every service in one region.
pub struct Services {
    pub context: Arc<RegionContext>,
    pub acm: acm::CertificateManager,
    pub apigateway: apigateway::ApiGateway,
    pub apprunner: apprunner::AppRunner,
    pub autoscaling: application_autoscaling::ApplicationAutoScaling,
    pub dynamodb: Arc<dynamodb::DynamoDb>,
    pub ec2: ec2::Ec2,
    pub ecr: Arc<ecr::Ecr>,
    pub ecs: ecs::Ecs,
    pub elbv2: elbv2::ElasticLoadBalancing,
    pub hosts: Arc<hosts::Hosts>,
    pub iam: Arc<iam::Iam>,
    pub lambda: lambda::Lambda,
    pub logs: Arc<logs::Logs>,
    pub route53: Arc<route53::Route53>,
    pub s3: Arc<s3::S3>,
    pub scheduler: scheduler::Scheduler,
    pub secrets: Arc<secretsmanager::SecretsManager>,
    pub sns: Arc<Sns>,
    pub sqs: Arc<Sqs>,
    pub ssm: Arc<ssm::Ssm>,
    pub states: states::States,
    pub sts: Arc<sts::Sts>,
    pub xray: Arc<xray::XRay>,
    /// What instances say to CloudFormation.
    pub signals: Signals,
}

impl Services {
    pub(crate) fn new(context: Arc<RegionContext>, global: GlobalServices) -> Arc<Self> {
        let sqs = Arc::new(Sqs::new(Arc::clone(&context)));
        let sns = Arc::new(Sns::new(Arc::clone(&context), Arc::clone(&sqs)));
        let hosts = Arc::new(hosts::Hosts::new(Arc::clone(&global.route53)));
        let zones = Arc::clone(&global.route53);
        let logs = Arc::new(logs::Logs::new(Arc::clone(&context)));
        let sink: Arc<dyn data_plane::LogSink> = Arc::clone(&logs) as _;
        let sts = Arc::new(sts::Sts::new(Arc::clone(&context), Arc::clone(&global.iam), global.keys));
        Arc::new(Self {
            acm: acm::CertificateManager::new(Arc::clone(&context), global.authority, zones),
            apigateway: apigateway::ApiGateway::default(),
            apprunner: apprunner::AppRunner::new(&context),
            autoscaling: application_autoscaling::ApplicationAutoScaling::default(),
            dynamodb: Arc::new(dynamodb::DynamoDb::new(Arc::clone(&context))),
            ec2: ec2::Ec2::default(),
            ecr: Arc::new(ecr::Ecr::new(Arc::clone(&context))),
            ecs: compute::ecs(&context, &sink),
            elbv2: elbv2::ElasticLoadBalancing::new(Arc::clone(&hosts)),
            hosts,
            iam: global.iam,
            lambda: compute::lambda(&context, &sink),
            logs,
            route53: global.route53,
            s3: global.s3,
            scheduler: scheduler::Scheduler::default(),
            secrets: Arc::new(secretsmanager::SecretsManager::new(Arc::clone(&context))),
            ssm: Arc::new(ssm::Ssm::new(Arc::clone(&context))),
            context,
            sns,
            sqs,
            states: states::States::default(),
            sts,
            xray: Arc::default(),
            signals: Signals::default(),
        })
    }

    /// ARNs of what shows a certificate to its callers.
    #[must_use]
    pub fn users_of(&self, certificate: &str) -> Vec<String> {
        let domains = self.apigateway.all_domains();
        let domains = domains.iter().filter(|domain| domain.certificate == certificate);
        let domains = domains.map(|domain| domain.arn(&self.context));
        self.elbv2.users_of(certificate).into_iter().chain(domains).collect()
    }

    /// Where functions, tasks and access logs of this region write.
    #[must_use]
    pub fn log_sink(&self) -> Arc<dyn data_plane::LogSink> {
        Arc::clone(&self.logs) as _
    }
}

/// The wire handlers of a region. A new service gets its line here.
///
/// # Errors
/// The schema of a resource type is malformed, which a test rules out.
pub(crate) fn wire_handlers(services: &Arc<Services>) -> Result<Vec<Arc<dyn Service>>, SchemaError> {
    Ok(vec![
        Arc::new(acm::CertificateManagerApi(Arc::clone(services))),
        Arc::new(apigateway::ApiGatewayApi(Arc::clone(services))),
        Arc::new(apigateway::Front(Arc::clone(services))),
        Arc::new(apprunner::AppRunnerApi(Arc::clone(services))),
        Arc::new(cloudformation::CloudFormationService {
            engine: cloudformation::engine(services)?,
            context: Arc::clone(&services.context),
        }),
        Arc::new(dynamodb::DynamoDbService(Arc::clone(&services.dynamodb))),
        Arc::new(ec2::Ec2Api(Arc::clone(services))),
        Arc::new(ecr::EcrService(Arc::clone(&services.ecr))),
        Arc::new(ecr::RegistryService(Arc::clone(&services.ecr))),
        Arc::new(ecs::EcsApi(Arc::clone(services))),
        Arc::new(elbv2::ElasticLoadBalancingApi(Arc::clone(services))),
        Arc::new(elbv2::Front(Arc::clone(services))),
        Arc::new(iam::IamService {
            iam: Arc::clone(&services.iam),
            account: services.context.account.clone(),
        }),
        Arc::new(lambda::LambdaApi(Arc::clone(services))),
        Arc::new(logs::LogsService(Arc::clone(&services.logs))),
        Arc::new(route53::Route53Service(Arc::clone(&services.route53))),
        Arc::new(s3::S3Service { s3: Arc::clone(&services.s3), account: services.context.account.clone() }),
        Arc::new(scheduler::SchedulerService(Arc::clone(services))),
        Arc::new(secretsmanager::SecretsManagerService(Arc::clone(&services.secrets))),
        Arc::new(sns::SnsService(Arc::clone(&services.sns))),
        Arc::new(sqs::SqsService(Arc::clone(&services.sqs))),
        Arc::new(ssm::SsmService(Arc::clone(&services.ssm))),
        Arc::new(states::StatesApi(Arc::clone(services))),
        Arc::new(sts::StsService(Arc::clone(&services.sts))),
        Arc::new(tagging::TaggingService(Arc::clone(services))),
        Arc::new(xray::XRayService(Arc::clone(&services.xray))),
    ])
}
