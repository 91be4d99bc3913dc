use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::lifecycle::Change;
use super::{AppRunnerError, AutoScalingConfiguration, Service, ServiceSettings, ServiceStatus, describe};
use crate::services::Service as WireService;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, WireRequest, WireResponse};
use crate::{Inventory, Process, Services};

/// The API of App Runner for services from images.
///
/// <https://docs.aws.amazon.com/apprunner/latest/api/API_Operations.html>
pub struct AppRunnerApi(pub Arc<Services>);

#[async_trait]
impl WireService for AppRunnerApi {
    fn name(&self) -> &'static str {
        "apprunner"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = self.operation(&request);
        let result = match request.json() {
            Ok(input) => self.answer(&operation, input, &request).await,
            Err(error) => Err(error),
        };
        WireResponse::of_aws_json(&request, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let runner = &self.0.apprunner;
        for service in runner.services() {
            inventory.others.push(format!("app-runner-service {}", service.name));
            inventory.ports.push(service.runner.address().port());
            let tasks = service.runner.status().instances.tasks;
            inventory.processes.extend(tasks.iter().map(|task| Process {
                pid: task.process_id,
                name: format!("instance {}/{}", service.name, task.id),
            }));
        }
        let own = runner.configurations().into_iter().filter(|one| one.created_at != 0);
        let named = own.map(|one| format!("auto-scaling-configuration {}/{}", one.name, one.revision));
        inventory.others.extend(named);
    }

    async fn stop(&self) {
        self.0.apprunner.stop().await;
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

impl AppRunnerApi {
    async fn answer(&self, operation: &str, input: Value, request: &WireRequest) -> Result<Value, ApiError> {
        let runner = &self.0.apprunner;
        match operation {
            "CreateService" => self.create(input).await,
            "UpdateService" => self.update(&input).await,
            "PauseService" => self.change(&input, Change::Pause, ServiceStatus::Running),
            "ResumeService" => self.change(&input, Change::Resume, ServiceStatus::Paused),
            "DeleteService" => self.delete(&input),
            "DescribeService" => Ok(json!({"Service": describe::service(&self.service(&input)?)})),
            "ListServices" => {
                let all = runner.services().iter().map(describe::summary).collect();
                paged(&input, "ServiceSummaryList", all, "ServiceArn")
            }
            "ListOperations" => {
                let service = self.service(&input)?;
                let each = service.operations.iter();
                let all = each.map(|one| describe::operation(one, &service.arn)).collect();
                paged(&input, "OperationSummaryList", all, "Id")
            }
            "CreateAutoScalingConfiguration" => {
                let Configuration {
                    auto_scaling_configuration_name: name,
                    tags,
                    min_size,
                    max_size,
                    max_concurrency,
                } = read(input)?;
                let bounds = (min_size, max_size, max_concurrency);
                Ok(self.described(&runner.create_configuration(&name, bounds, of_tags(tags))?))
            }
            "DescribeAutoScalingConfiguration" => {
                Ok(self.described(&runner.configuration(text(&input, "AutoScalingConfigurationArn")?)?))
            }
            "DeleteAutoScalingConfiguration" => {
                let gone = runner.delete_configuration(text(&input, "AutoScalingConfigurationArn")?)?;
                let mut answer = self.described(&gone);
                answer["AutoScalingConfiguration"]["Status"] = json!("INACTIVE");
                Ok(answer)
            }
            "ListAutoScalingConfigurations" => {
                let (name, latest) =
                    (input["AutoScalingConfigurationName"].as_str(), input["LatestOnly"].as_bool());
                let wanted = runner.configurations().into_iter().filter(|one| {
                    name.is_none_or(|name| one.name == name)
                        && (latest != Some(true) || runner.is_latest(one))
                });
                let all = wanted.map(|one| {
                    let mut described = self.described(&one)["AutoScalingConfiguration"].take();
                    // A summary says less than a description.
                    if let Some(members) = described.as_object_mut() {
                        members.retain(|name, _| !NOT_IN_SUMMARIES.contains(&name.as_str()));
                    }
                    described
                });
                let list = "AutoScalingConfigurationSummaryList";
                paged(&input, list, all.collect(), "AutoScalingConfigurationArn")
            }
            "ListTagsForResource" => {
                let tags = runner.edit_tags(text(&input, "ResourceArn")?, |_| {})?;
                Ok(json!({"Tags": describe::tags(&tags)}))
            }
            "TagResource" => {
                let arn = text(&input, "ResourceArn")?.to_owned();
                let tags: Vec<Tag> = read(input["Tags"].clone())?;
                runner.edit_tags(&arn, |all| all.extend(of_tags(tags)))?;
                Ok(json!({}))
            }
            "UntagResource" => {
                let keys: Vec<String> = read(input["TagKeys"].clone())?;
                runner.edit_tags(text(&input, "ResourceArn")?, |all| {
                    all.retain(|key, _| !keys.contains(key));
                })?;
                Ok(json!({}))
            }
            other => Err(ApiError::unknown_operation(request, other)),
        }
    }

    async fn create(&self, mut input: Value) -> Result<Value, ApiError> {
        let name = text(&input, "ServiceName")?.to_owned();
        let members = input.as_object_mut().map(std::mem::take).unwrap_or_default();
        let (mut own, settings): (Map<String, Value>, Map<String, Value>) =
            members.into_iter().partition(|(name, _)| name == "ServiceName" || name == "Tags");
        let tags: Vec<Tag> = own.remove("Tags").map_or(Ok(Vec::new()), read)?;
        let settings = settings_of(settings)?;
        let service = self.0.apprunner.create(&self.0, &name, settings, of_tags(tags)).await?;
        Ok(self.follow(&service, Change::Create))
    }

    /// What is left out stays as it is.
    async fn update(&self, input: &Value) -> Result<Value, ApiError> {
        let service = self.service(input)?;
        idle(&service, &[ServiceStatus::Running])?;
        let now = serde_json::to_value(&service.settings);
        let mut wanted = now.ok().and_then(|value| value.as_object().cloned()).unwrap_or_default();
        let given = input.as_object().into_iter().flatten().filter(|(name, _)| *name != "ServiceArn");
        wanted.extend(given.map(|(name, value)| (name.clone(), value.clone())));
        let runner = &self.0.apprunner;
        let change = runner.prepare_update(&self.0, &service.arn, settings_of(wanted)?).await?;
        let service = runner.begin(&self.0, &service.arn, &change)?;
        Ok(self.follow(&service, change))
    }

    fn change(&self, input: &Value, change: Change, from: ServiceStatus) -> Result<Value, ApiError> {
        let service = self.service(input)?;
        idle(&service, &[from])?;
        let service = self.0.apprunner.begin(&self.0, &service.arn, &change)?;
        Ok(self.follow(&service, change))
    }

    fn delete(&self, input: &Value) -> Result<Value, ApiError> {
        let mut service = self.service(input)?;
        idle(&service, &[ServiceStatus::Running, ServiceStatus::Paused, ServiceStatus::CreateFailed])?;
        let (services, arn) = (Arc::clone(&self.0), service.arn.clone());
        self.0.context.tasks.spawn(async move { services.apprunner.delete(&services, &arn).await });
        service.status = ServiceStatus::OperationInProgress;
        Ok(json!({"Service": describe::service(&service), "OperationId": crate::services::ids::hex(32)}))
    }

    /// Answers that the change has begun, and sees to its end in the background.
    fn follow(&self, service: &Service, change: Change) -> Value {
        let (services, arn) = (Arc::clone(&self.0), service.arn.clone());
        let stopping = self.0.context.stopping.clone();
        self.0.context.tasks.spawn(async move {
            let settled = services.apprunner.settle(&services, &arn, change);
            // How it ended stands in the service's status and operations.
            let _ = stopping.run_until_cancelled(settled).await;
        });
        let id = service.operations.first().map(|operation| operation.id.clone());
        json!({"Service": describe::service(service), "OperationId": id})
    }

    fn service(&self, input: &Value) -> Result<Service, ApiError> {
        Ok(self.0.apprunner.service(text(input, "ServiceArn")?)?)
    }

    fn described(&self, configuration: &AutoScalingConfiguration) -> Value {
        let runner = &self.0.apprunner;
        let used = runner.services().iter().any(|service| service.configuration.arn == configuration.arn);
        json!({
            "AutoScalingConfiguration": describe::configuration(configuration, runner.is_latest(configuration), used)
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Configuration {
    auto_scaling_configuration_name: String,
    min_size: Option<u32>,
    max_size: Option<u32>,
    max_concurrency: Option<u32>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Reads settings; a member that is not known is refused.
fn settings_of(members: Map<String, Value>) -> Result<ServiceSettings, ApiError> {
    const KNOWN: [&str; 5] = [
        "SourceConfiguration",
        "InstanceConfiguration",
        "HealthCheckConfiguration",
        "NetworkConfiguration",
        "AutoScalingConfigurationArn",
    ];
    if let Some(name) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let known = KNOWN.join(", ");
        let message = format!("{name} is not offered by this cloud, which offers {known}.");
        return Err(AppRunnerError::InvalidRequest(message).into());
    }
    read(Value::Object(members))
}

/// Members of a configuration that its summary has not.
///
/// <https://docs.aws.amazon.com/apprunner/latest/api/API_AutoScalingConfigurationSummary.html>
const NOT_IN_SUMMARIES: [&str; 4] = ["Latest", "MaxConcurrency", "MinSize", "MaxSize"];

/// A page of a list, whose entries are told from each other by a member.
fn paged(input: &Value, list: &str, entries: Vec<Value>, key: &'static str) -> Result<Value, ApiError> {
    let page = PageRequest::of_json(input, "NextToken", "MaxResults")
        .of(entries, |entry| entry[key].as_str().unwrap_or_default(), 100, 100)
        .map_err(|error| AppRunnerError::InvalidRequest(error.to_string()))?;
    let mut answer = json!({list: page.items});
    if let Some(token) = page.next {
        answer["NextToken"] = token.into();
    }
    Ok(answer)
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| AppRunnerError::InvalidRequest(error.to_string()).into())
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    input[name].as_str().ok_or_else(|| AppRunnerError::InvalidRequest(format!("{name} is missing.")).into())
}

fn of_tags(tags: Vec<Tag>) -> BTreeMap<String, String> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// One operation at a time, and only from some states.
fn idle(service: &Service, from: &[ServiceStatus]) -> Result<(), ApiError> {
    if from.contains(&service.status) {
        return Ok(());
    }
    let (arn, status) = (&service.arn, service.status.as_str());
    let message = format!("Service {arn} is in status {status}, which does not allow the operation.");
    Err(AppRunnerError::InvalidState(message).into())
}
