use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use data_plane::task::{DeploymentState, TaskState, TaskSummary};
use serde_json::{Value, json};

use super::{Cluster, Deployment, EcsError, Service, TaskDefinition};
use crate::services::Service as WireService;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, WireRequest, WireResponse};
use crate::{Inventory, Process, Services};

/// The API of ECS, as far as it describes clusters and changes services.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html>
pub struct EcsApi(pub Arc<Services>);

#[async_trait]
impl WireService for EcsApi {
    fn name(&self) -> &'static str {
        "ecs"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = self.operation(&request);
        let result = match request.json() {
            Ok(input) => self.answer(&operation, &input, &request).await,
            Err(error) => Err(error),
        };
        WireResponse::of_aws_json(&request, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let ecs = &self.0.ecs;
        inventory.others.extend(ecs.clusters().iter().map(|cluster| format!("cluster {}", cluster.name)));
        inventory.ports.extend(ecs.express_services().iter().map(|service| service.alias.address().port()));
        for service in ecs.services() {
            inventory.others.push(format!("service {}", service.name));
            let tasks = service.handle.status().tasks;
            inventory.processes.extend(tasks.iter().map(|task| Process {
                pid: task.process_id,
                name: format!("task {}/{}", service.name, task.id),
            }));
        }
    }

    async fn stop(&self) {
        self.0.ecs.stop().await;
    }
}

impl EcsApi {
    async fn answer(&self, operation: &str, input: &Value, request: &WireRequest) -> Result<Value, ApiError> {
        let ecs = &self.0.ecs;
        let cluster = || ecs.cluster(input["cluster"].as_str().unwrap_or("default"));
        match operation {
            "ListClusters" => {
                let arns = ecs.clusters().into_iter().map(|cluster| cluster.arn).collect();
                paged(input, "clusterArns", arns, 100)
            }
            "DescribeClusters" => {
                let asked = input["clusters"].as_array().map_or(0, Vec::len);
                if asked > 100 {
                    let message = format!("At most 100 clusters are described at once, not {asked}.");
                    return Err(EcsError::InvalidParameter(message).into());
                }
                let (found, failures) =
                    gather(&names(input, "clusters", "default"), |name| ecs.cluster(name).ok());
                let described: Vec<Value> = found.iter().map(|cluster| self.cluster(cluster)).collect();
                Ok(json!({"clusters": described, "failures": failures}))
            }
            "ListServices" => {
                let cluster = cluster()?;
                let services = ecs.services().into_iter().filter(|service| service.cluster == cluster.name);
                paged(input, "serviceArns", services.map(|service| service.arn).collect(), 10)
            }
            "DescribeServices" => {
                let cluster = cluster()?;
                let (found, failures) =
                    gather(&names(input, "services", ""), |name| ecs.service(Some(&cluster.name), name).ok());
                let described: Vec<Value> = found.iter().map(describe_service).collect();
                Ok(json!({"services": described, "failures": failures}))
            }
            "ListTasks" => {
                let cluster = cluster()?;
                let wanted =
                    input["serviceName"].as_str().map(|name| name.rsplit('/').next().unwrap_or(name));
                let tasks = self.tasks(&cluster).into_iter().filter(|(service, _)| {
                    wanted.is_none_or(|wanted| service.name == wanted)
                        && input["desiredStatus"].as_str() != Some("STOPPED")
                });
                paged(input, "taskArns", tasks.map(|(_, task)| task_arn(&cluster, &task.id)).collect(), 100)
            }
            "DescribeTasks" => {
                let cluster = cluster()?;
                let tasks = self.tasks(&cluster);
                let (found, failures) = gather(&names(input, "tasks", ""), |name| {
                    let id = name.rsplit('/').next().unwrap_or(name);
                    tasks.iter().find(|(_, task)| task.id == id)
                });
                let described: Vec<Value> =
                    found.into_iter().map(|(service, task)| self.task(&cluster, service, task)).collect();
                Ok(json!({"tasks": described, "failures": failures}))
            }
            "ListTaskDefinitions" => {
                let family = input["familyPrefix"].as_str();
                let fits =
                    |definition: &TaskDefinition| family.is_none_or(|family| definition.family == family);
                let arns = ecs.definitions().into_iter().filter(fits).map(|definition| definition.arn);
                paged(input, "taskDefinitionArns", arns.collect(), 100)
            }
            "DescribeTaskDefinition" => {
                let definition = ecs.definition(input["taskDefinition"].as_str().unwrap_or_default())?;
                let tags = tags(&definition.tags);
                Ok(json!({"taskDefinition": describe_definition(&definition), "tags": tags}))
            }
            "UpdateService" => self.update_service(input, &cluster()?).await,
            "StopTask" => {
                let cluster = cluster()?;
                let id = input["task"].as_str().and_then(|task| task.rsplit('/').next()).unwrap_or_default();
                let tasks = self.tasks(&cluster);
                let (service, task) =
                    tasks.iter().find(|(_, task)| task.id == id).ok_or(EcsError::TaskNotFound)?;
                let described = self.task(&cluster, service, task);
                service.handle.stop_task(id);
                Ok(json!({"task": described}))
            }
            "CreateExpressGatewayService"
            | "DescribeExpressGatewayService"
            | "UpdateExpressGatewayService"
            | "DeleteExpressGatewayService" => super::express::answer(&self.0, operation, input).await,
            other => Err(ApiError::unknown_operation(request, other)),
        }
    }

    async fn update_service(&self, input: &Value, cluster: &Cluster) -> Result<Value, ApiError> {
        let ecs = &self.0.ecs;
        let service = ecs.service(Some(&cluster.name), input["service"].as_str().unwrap_or_default())?;
        let reference = input["taskDefinition"].as_str().unwrap_or(&service.definition);
        let definition = ecs.definition(reference)?;
        let mut deployment = Deployment::of(&service, definition);
        if !input["desiredCount"].is_null() {
            let count = input["desiredCount"].as_u64().and_then(|count| u32::try_from(count).ok());
            deployment.desired = count.ok_or_else(|| {
                EcsError::InvalidParameter("desiredCount must be a number from 0".to_owned())
            })?;
        }
        deployment.force = input["forceNewDeployment"].as_bool().unwrap_or_default();
        let service = ecs.redeploy(&self.0, &deployment, &service.arn).await?;
        let mut described = describe_service(&service);
        // The scheduler learns of the new number a moment later.
        described["desiredCount"] = service.desired.into();
        Ok(json!({"service": described}))
    }

    fn tasks(&self, cluster: &Cluster) -> Vec<(Service, TaskSummary)> {
        let own = self.0.ecs.services().into_iter().filter(|service| service.cluster == cluster.name);
        own.flat_map(|service| {
            let tasks = service.handle.status().tasks;
            tasks.into_iter().map(move |task| (service.clone(), task))
        })
        .collect()
    }

    fn cluster(&self, cluster: &Cluster) -> Value {
        let services = self.0.ecs.services();
        let own: Vec<&Service> = services.iter().filter(|service| service.cluster == cluster.name).collect();
        let count = |of: fn(&data_plane::task::ServiceStatus) -> u32| -> u32 {
            own.iter().map(|service| of(&service.handle.status())).sum()
        };
        json!({
            "clusterArn": cluster.arn, "clusterName": cluster.name, "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": count(|status| status.running),
            "pendingTasksCount": count(|status| status.pending),
            "activeServicesCount": own.len(),
            "capacityProviders": cluster.capacity_providers,
            "tags": tags(&cluster.tags),
        })
    }

    fn task(&self, cluster: &Cluster, service: &Service, task: &TaskSummary) -> Value {
        let (status, health) = match task.state {
            TaskState::Pending => ("PENDING", "UNKNOWN"),
            TaskState::Running => ("RUNNING", "HEALTHY"),
            TaskState::Draining => ("DEACTIVATING", "UNKNOWN"),
            TaskState::Stopping => ("STOPPING", "UNKNOWN"),
        };
        let definition = self.0.ecs.definition(&task.definition).ok();
        let (cpu, memory) =
            definition.as_ref().map_or((0, 0), |definition| (definition.cpu, definition.memory_mb));
        let container = definition.map(|definition| definition.container).unwrap_or_default();
        let arn = task_arn(cluster, &task.id);
        json!({
            "taskArn": arn, "clusterArn": cluster.arn, "taskDefinitionArn": task.definition,
            "group": format!("service:{}", service.name),
            "lastStatus": status, "desiredStatus": if status == "RUNNING" || status == "PENDING" { "RUNNING" } else { "STOPPED" },
            "launchType": "FARGATE", "cpu": cpu.to_string(), "memory": memory.to_string(),
            "startedAt": seconds(task.started_at), "healthStatus": "UNKNOWN",
            "containers": [{
                "containerArn": format!("{arn}/{}", container.name), "taskArn": arn, "name": container.name,
                "image": container.image, "lastStatus": status, "healthStatus": health,
                "networkBindings": [{
                    "bindIP": task.address.ip().to_string(), "hostPort": task.address.port(), "protocol": "tcp",
                    "containerPort": container.port_mappings.first().map(|mapping| mapping.container_port),
                }],
            }],
        })
    }
}

fn describe_service(service: &Service) -> Value {
    let status = service.handle.status();
    let deployments: Vec<Value> = status
        .deployments
        .iter()
        .map(|deployment| {
            let state = match deployment.state {
                DeploymentState::InProgress => "IN_PROGRESS",
                DeploymentState::Completed => "COMPLETED",
                DeploymentState::Failed => "FAILED",
            };
            json!({
                "id": deployment.id, "status": if deployment.primary { "PRIMARY" } else { "ACTIVE" },
                "taskDefinition": deployment.definition, "desiredCount": deployment.desired,
                "pendingCount": deployment.pending, "runningCount": deployment.running, "failedTasks": deployment.failed,
                "rolloutState": state, "rolloutStateReason": deployment.reason,
                "createdAt": seconds(deployment.created_at), "launchType": "FARGATE",
            })
        })
        .collect();
    let events: Vec<Value> = status
        .events
        .iter()
        .enumerate()
        .map(|(index, event)| json!({"id": index.to_string(), "createdAt": seconds(event.at), "message": event.message}))
        .collect();
    let targets: Vec<Value> = service
        .targets
        .iter()
        .map(|target| {
            json!({"targetGroupArn": target.target_group, "containerName": target.container, "containerPort": target.port})
        })
        .collect();
    let breaker = service.deployment.circuit_breaker;
    json!({
        "serviceArn": service.arn, "serviceName": service.name,
        "clusterArn": service.arn.rsplit_once('/').map(|(prefix, _)| prefix.replacen(":service/", ":cluster/", 1)),
        "status": if status.stopped { "INACTIVE" } else { "ACTIVE" },
        "desiredCount": status.desired, "runningCount": status.running, "pendingCount": status.pending,
        "launchType": "FARGATE", "taskDefinition": service.definition, "schedulingStrategy": "REPLICA",
        "loadBalancers": targets, "deployments": deployments, "events": events,
        "healthCheckGracePeriodSeconds": service.grace.as_secs(),
        "deploymentConfiguration": {
            "minimumHealthyPercent": service.deployment.minimum_healthy_percent,
            "maximumPercent": service.deployment.maximum_percent,
            "deploymentCircuitBreaker": {
                "enable": breaker.is_some(), "rollback": breaker.is_some_and(|breaker| breaker.rollback),
            },
        },
        "networkConfiguration": {"awsvpcConfiguration": {
            "subnets": service.subnets, "securityGroups": service.security_groups,
            "assignPublicIp": if service.assign_public_ip { "ENABLED" } else { "DISABLED" },
        }},
        "createdAt": f64::from(u32::try_from(service.created_at / 1000).unwrap_or_default()),
        "tags": tags(&service.tags),
    })
}

fn describe_definition(definition: &TaskDefinition) -> Value {
    json!({
        "taskDefinitionArn": definition.arn, "family": definition.family, "revision": definition.revision,
        "status": if definition.active { "ACTIVE" } else { "INACTIVE" },
        "cpu": definition.cpu.to_string(), "memory": definition.memory_mb.to_string(),
        "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "compatibilities": ["EC2", "FARGATE"],
        "runtimePlatform": {"cpuArchitecture": definition.architecture, "operatingSystemFamily": "LINUX"},
        "executionRoleArn": definition.execution_role, "taskRoleArn": definition.task_role,
        "containerDefinitions": [definition.container.describe()],
    })
}

/// A page of ARNs with `usual` of them where the caller does not say how many.
fn paged(input: &Value, list: &str, arns: Vec<String>, usual: usize) -> Result<Value, ApiError> {
    let page = PageRequest::of_json(input, "nextToken", "maxResults")
        .of(arns, |arn| arn, usual, 100)
        .map_err(|error| EcsError::InvalidParameter(error.to_string()))?;
    let mut answer = json!({list: page.items});
    if let Some(token) = page.next {
        answer["nextToken"] = token.into();
    }
    Ok(answer)
}

/// The names in a list of the input; `default` alone where there is no list.
fn names(input: &Value, list: &str, default: &str) -> Vec<String> {
    match input[list].as_array() {
        Some(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        None if default.is_empty() => Vec::new(),
        None => vec![default.to_owned()],
    }
}

/// What exists of the named things, and a failure for each that does not.
fn gather<T>(names: &[String], find: impl Fn(&str) -> Option<T>) -> (Vec<T>, Vec<Value>) {
    let mut failures = Vec::new();
    let mut found = Vec::new();
    for name in names {
        match find(name) {
            Some(item) => found.push(item),
            None => failures.push(json!({"arn": name, "reason": "MISSING"})),
        }
    }
    (found, failures)
}

fn task_arn(cluster: &Cluster, id: &str) -> String {
    format!("{}/{id}", cluster.arn.replacen(":cluster/", ":task/", 1))
}

fn tags(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
