//! How services come, change and go. Each change begins at once, in [`AppRunner::create`] and its like, and is brought
//! to its end by [`AppRunner::settle`].

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use data_plane::LogSink;
use data_plane::runner::{Runner, RunnerSpec};
use data_plane::task::{DeploymentFailure, TaskSpec};
use tokio::net::TcpListener;

use super::{
    AppRunner, AppRunnerError, AutoScalingConfiguration, Operation, OperationStatus, Service,
    ServiceSettings, ServiceStatus,
};
use crate::Services;
use crate::services::{ecs, ids};
use crate::wire::epoch_millis;

/// Who pulls images, and who instances are.
///
/// <https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html>
const BUILD: &str = "build.apprunner.amazonaws.com";
const TASKS: &str = "tasks.apprunner.amazonaws.com";
/// How long an instance may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const KEPT_OPERATIONS: usize = 20;

/// What a service is being brought to.
#[derive(Debug)]
pub enum Change {
    Create,
    Update(Box<(RunnerSpec, ServiceSettings, AutoScalingConfiguration)>),
    Pause,
    Resume,
}

impl AppRunner {
    /// Starts a service, which serves once [`AppRunner::settle`] says so.
    ///
    /// # Errors
    /// A fault that was planned for `CreateService`; settings, roles or an image that cannot be used.
    pub async fn create(
        &self,
        services: &Services,
        name: &str,
        settings: ServiceSettings,
        tags: BTreeMap<String, String>,
    ) -> Result<Service, AppRunnerError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !(4..=40).contains(&name.len()) || !starts || !name.chars().all(legal) {
            return Err(AppRunnerError::InvalidRequest(format!(
                "ServiceName {name:?} must be 4 to 40 letters, digits, hyphens and underscores."
            )));
        }
        if self.services().iter().any(|service| service.name == name) {
            return Err(AppRunnerError::Exists(name.to_owned()));
        }
        let id = ids::hex(32);
        let context = &services.context;
        let log = format!("/aws/apprunner/{name}/{id}/application");
        let (spec, configuration) = self.runner_spec(services, name, &log, &settings).await?;
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let socket =
            socket.map_err(|error| AppRunnerError::InvalidRequest(format!("No port is free: {error}")))?;
        let (now, prefix) = (epoch_millis(), &self.prefix);
        let runner = Runner::start(spec, socket, services.ecs.task_context());
        let runner = runner.map_err(|error| AppRunnerError::InvalidRequest(error.to_string()))?;
        let service = Service {
            arn: format!("{prefix}:service/{name}/{id}"),
            url: format!("{}.{}.awsapprunner.com", ids::letters_and_digits(10), context.region),
            id,
            name: name.to_owned(),
            status: ServiceStatus::OperationInProgress,
            settings,
            configuration,
            tags,
            created_at: now,
            updated_at: now,
            operations: vec![operation("CREATE_SERVICE")],
            runner: Arc::new(runner),
        };
        for group in [service.application_log(), service.service_log()] {
            // The name is legal, so a group that exists is the only other answer.
            let _ = services.logs.ensure_group(&group);
        }
        services.hosts.add(&service.url, 443, service.runner.address());
        note(services, &service, "Service creation started.");
        self.state().services.insert(service.arn.clone(), service.clone());
        Ok(service)
    }

    /// Begins to change a service to other settings.
    ///
    /// # Errors
    /// Settings, roles or an image that cannot be used; then nothing changes.
    pub async fn prepare_update(
        &self,
        services: &Services,
        arn: &str,
        settings: ServiceSettings,
    ) -> Result<Change, AppRunnerError> {
        let service = self.service(arn)?;
        let log = service.application_log();
        let (spec, configuration) = self.runner_spec(services, &service.name, &log, &settings).await?;
        Ok(Change::Update(Box::new((spec, settings, configuration))))
    }

    /// Takes note that a change has begun and gives the service as it is then.
    pub fn begin(&self, services: &Services, arn: &str, change: &Change) -> Result<Service, AppRunnerError> {
        let kind = match change {
            Change::Create => "CREATE_SERVICE",
            Change::Update(_) => "UPDATE_SERVICE",
            Change::Pause => "PAUSE_SERVICE",
            Change::Resume => "RESUME_SERVICE",
        };
        self.edit(arn, |service| {
            service.status = ServiceStatus::OperationInProgress;
            service.operations.insert(0, operation(kind));
            service.operations.truncate(KEPT_OPERATIONS);
        });
        let service = self.service(arn)?;
        note(services, &service, &format!("Operation {kind} started."));
        Ok(service)
    }

    /// Waits for the end of a change that has begun, and takes note of it.
    ///
    /// # Errors
    /// The instances do not start; after an update the old ones go on.
    pub async fn settle(&self, services: &Services, arn: &str, change: Change) -> Result<(), AppRunnerError> {
        let runner = self.service(arn)?.runner;
        let (creates, updates) = (matches!(change, Change::Create), matches!(change, Change::Update(_)));
        let mut settled = (
            None,
            if matches!(change, Change::Pause) { ServiceStatus::Paused } else { ServiceStatus::Running },
        );
        let outcome: Result<(), DeploymentFailure> = match change {
            Change::Create => runner.steady().await,
            Change::Pause => runner.pause().await,
            Change::Resume => runner.resume().await,
            Change::Update(update) => {
                let (spec, settings, configuration) = *update;
                settled.0 = Some((settings, configuration));
                runner.deploy(spec).await
            }
        };
        let (operation_status, status) = match &outcome {
            Ok(()) => (OperationStatus::Succeeded, settled.1),
            Err(_) if creates => (OperationStatus::Failed, ServiceStatus::CreateFailed),
            Err(_) if updates => (OperationStatus::RollbackSucceeded, ServiceStatus::Running),
            Err(_) => (OperationStatus::Failed, ServiceStatus::Paused),
        };
        self.edit(arn, |service| {
            service.status = status;
            if let (Ok(()), Some((settings, configuration))) = (&outcome, settled.0) {
                service.settings = settings;
                service.configuration = configuration;
            }
            service.updated_at = epoch_millis();
            if let Some(last) = service.operations.first_mut() {
                last.status = operation_status;
                last.ended_at = Some(epoch_millis());
            }
        });
        let service = self.service(arn)?;
        let words = outcome.as_ref().map_or_else(ToString::to_string, |()| "Succeeded.".to_owned());
        note(services, &service, &words);
        outcome.map_err(|failure| AppRunnerError::InvalidState(failure.to_string()))
    }

    /// Closes a service's port, ends its instances and forgets it; one that is gone already is a success. Its log
    /// groups stay, as App Runner leaves them.
    pub async fn delete(&self, services: &Services, arn: &str) {
        let Ok(service) = self.service(arn) else { return };
        services.hosts.remove(&service.url, 443);
        service.runner.stop().await;
        note(services, &service, "Service deleted.");
        self.state().services.remove(arn);
    }

    /// What the data plane runs for settings: looks up roles, image and scaling.
    async fn runner_spec(
        &self,
        services: &Services,
        name: &str,
        log_group: &str,
        settings: &ServiceSettings,
    ) -> Result<(RunnerSpec, AutoScalingConfiguration), AppRunnerError> {
        settings.check()?;
        let (cpu, memory_mb) = settings.size()?;
        let port = settings.port()?;
        let health_check = settings.health_check()?;
        let source = &settings.source_configuration;
        let access = source.authentication_configuration.as_ref().map(|given| &given.access_role_arn);
        for (role, principal) in
            [(access, BUILD), (settings.instance_configuration.instance_role_arn.as_ref(), TASKS)]
        {
            if let Some(role) = role.filter(|role| !services.iam.trusts(role, principal)) {
                return Err(AppRunnerError::InvalidRequest(format!(
                    "Error in assuming role {role}: its trust policy does not let {principal} assume it."
                )));
            }
        }
        let configuration = match &settings.auto_scaling_configuration_arn {
            Some(arn) => self.configuration(arn)?,
            None => self.default_configuration(),
        };
        let image = &source.image_repository;
        let rootfs = ecs::pull(services, &image.identifier).await;
        let rootfs = rootfs.map_err(|error| AppRunnerError::InvalidRequest(error.to_string()))?;
        let task = TaskSpec {
            family: name.to_owned(),
            definition: name.to_owned(),
            container: "app".to_owned(),
            rootfs,
            entry_point: None,
            command: None,
            working_dir: None,
            environment: image.configuration.runtime_environment_variables.clone(),
            container_port: Some(port),
            cpu,
            memory_mb,
            open_files: None,
            log_group: Some(log_group.to_owned()),
            log_stream_prefix: "instance".to_owned(),
            stop_timeout: STOP_TIMEOUT,
        };
        let spec = RunnerSpec { name: name.to_owned(), task, health_check, scaling: configuration.scaling };
        Ok((spec, configuration))
    }
}

/// Meets the fault that is planned for `CreateService`, such as that App Runner is closed to this account: for callers
/// who make services without a call over the wire, where the router sees to it.
///
/// # Errors
/// The fault.
pub fn struck(services: &Services) -> Result<(), AppRunnerError> {
    let router = services.context.router();
    let fault = router.and_then(|router| router.faults().strike("apprunner", "CreateService"));
    fault.map_or(Ok(()), |error| Err(AppRunnerError::Refused { code: error.code, message: error.message }))
}

fn operation(kind: &'static str) -> Operation {
    Operation {
        id: ids::hex(32),
        kind,
        status: OperationStatus::InProgress,
        started_at: epoch_millis(),
        ended_at: None,
    }
}

/// A line in the service's own log.
fn note(services: &Services, service: &Service, words: &str) {
    services.logs.write(&service.service_log(), "events", &format!("[AppRunner] {words}"));
}
