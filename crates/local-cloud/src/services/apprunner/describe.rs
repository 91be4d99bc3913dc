//! Services and configurations as the API shows them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{AutoScalingConfiguration, Operation, Service};

/// <https://docs.aws.amazon.com/apprunner/latest/api/API_Service.html>
pub(super) fn service(service: &Service) -> Value {
    let settings = &service.settings;
    let mut described = summary(service);
    let mut instance = json!(settings.instance_configuration);
    if let Ok((cpu, memory)) = settings.size() {
        instance["Cpu"] = json!(cpu.to_string());
        instance["Memory"] = json!(memory.to_string());
    }
    let more = json!({
        "SourceConfiguration": settings.source_configuration,
        "InstanceConfiguration": instance,
        "HealthCheckConfiguration": settings.health_check_configuration,
        "NetworkConfiguration": settings.network_configuration,
        "AutoScalingConfigurationSummary": {
            "AutoScalingConfigurationArn": service.configuration.arn,
            "AutoScalingConfigurationName": service.configuration.name,
            "AutoScalingConfigurationRevision": service.configuration.revision,
        },
    });
    if let (Value::Object(described), Value::Object(more)) = (&mut described, more) {
        described.extend(more);
    }
    described
}

/// <https://docs.aws.amazon.com/apprunner/latest/api/API_ServiceSummary.html>
pub(super) fn summary(service: &Service) -> Value {
    json!({
        "ServiceName": service.name,
        "ServiceId": service.id,
        "ServiceArn": service.arn,
        "ServiceUrl": service.url,
        "CreatedAt": seconds(service.created_at),
        "UpdatedAt": seconds(service.updated_at),
        "Status": service.status.as_str(),
    })
}

/// <https://docs.aws.amazon.com/apprunner/latest/api/API_OperationSummary.html>
pub(super) fn operation(operation: &Operation, service: &str) -> Value {
    let mut described = json!({
        "Id": operation.id,
        "Type": operation.kind,
        "Status": operation.status.as_str(),
        "TargetArn": service,
        "StartedAt": seconds(operation.started_at),
        "UpdatedAt": seconds(operation.ended_at.unwrap_or(operation.started_at)),
    });
    if let Some(ended) = operation.ended_at {
        described["EndedAt"] = json!(seconds(ended));
    }
    described
}

/// <https://docs.aws.amazon.com/apprunner/latest/api/API_AutoScalingConfiguration.html>
pub(super) fn configuration(configuration: &AutoScalingConfiguration, latest: bool, used: bool) -> Value {
    let scaling = configuration.scaling;
    json!({
        "AutoScalingConfigurationArn": configuration.arn,
        "AutoScalingConfigurationName": configuration.name,
        "AutoScalingConfigurationRevision": configuration.revision,
        "Latest": latest,
        "Status": "ACTIVE",
        "MaxConcurrency": scaling.max_concurrency,
        "MinSize": scaling.min_size,
        "MaxSize": scaling.max_size,
        "CreatedAt": seconds(configuration.created_at),
        "HasAssociatedService": used,
        "IsDefault": configuration.created_at == 0,
    })
}

pub(super) fn tags(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// Whole seconds since the epoch.
fn seconds(millis: i64) -> i64 {
    millis / 1000
}
