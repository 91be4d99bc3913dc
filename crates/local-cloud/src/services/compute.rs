//! What functions and tasks of a region are given around them.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_plane::LogSink;
use data_plane::function::{AccountConcurrency, FunctionContext};
use data_plane::host::{HostContext, Outside};
use data_plane::task::TaskContext;

use super::RegionContext;
use super::ecs::Ecs;
use super::lambda::{ACCOUNT_CONCURRENCY, Lambda};

/// Where the AWS APIs are, and credentials that any SDK takes; the cloud does not look at them unless it was told to.
fn environment(context: &RegionContext) -> BTreeMap<String, String> {
    [
        ("AWS_ENDPOINT_URL", context.inside_endpoint.as_str()),
        ("AWS_REGION", context.region.as_str()),
        ("AWS_DEFAULT_REGION", context.region.as_str()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_SESSION_TOKEN", "test"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The functions of a region.
pub(super) fn lambda(context: &RegionContext, logs: &Arc<dyn LogSink>) -> Lambda {
    let functions = FunctionContext {
        launcher: context.launcher.clone(),
        logs: Arc::clone(logs),
        directory: context.work_dir.join("functions"),
        region: context.region.clone(),
        environment: environment(context),
        concurrency: AccountConcurrency::new(ACCOUNT_CONCURRENCY),
        idle_timeout: context.idle_timeout,
    };
    Lambda::new(&context.account, functions)
}

/// The clusters of a region.
pub(super) fn ecs(context: &RegionContext, logs: &Arc<dyn LogSink>) -> Ecs {
    let tasks = TaskContext {
        launcher: context.launcher.clone(),
        logs: Arc::clone(logs),
        environment: environment(context),
    };
    Ecs::new(tasks, context.work_dir.join("images"))
}

/// What an instance of a region finds around it. Says what plays nginx there too.
pub(super) async fn host(services: &super::Services, outside: Arc<dyn Outside>) -> (HostContext, String) {
    let launcher = services.context.launcher.clone();
    let (played_by, nginx) = super::ecs::nginx(&launcher).await;
    let environment = environment(&services.context);
    (HostContext { launcher, logs: services.log_sink(), environment, nginx, outside }, played_by)
}

impl super::Services {
    /// Refuses the name of a log group that does not exist, so that nothing is written where nobody looks.
    pub fn check_log_group(&self, name: &str) -> Result<(), super::logs::LogsError> {
        self.logs.group(name).map(|_| ())
    }
}
