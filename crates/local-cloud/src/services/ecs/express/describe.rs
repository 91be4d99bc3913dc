use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ExpressService;
use crate::services::ecs::definition::lower_camel;

/// An Express service as the API shows it.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ECSExpressGatewayService.html>
pub(super) fn service(service: &ExpressService, status: &str) -> Value {
    let mut configuration =
        serde_json::to_value(&service.settings).map_or(Value::Null, |value| lower_camel(value, true));
    configuration["createdAt"] = seconds(service.updated_at);
    configuration["ingressPaths"] = json!([{
        "accessType": if service.gateway.scheme == "internal" { "PRIVATE" } else { "PUBLIC" },
        "endpoint": service.endpoint,
    }]);
    json!({
        "cluster": service.cluster,
        "serviceName": service.name,
        "serviceArn": service.arn,
        "infrastructureRoleArn": service.infrastructure_role,
        "status": {"statusCode": status},
        "currentDeployment": Value::Null,
        "activeConfigurations": [configuration],
        "tags": tags(&service.tags),
        "createdAt": seconds(service.created_at),
        "updatedAt": seconds(service.updated_at),
    })
}

fn tags(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn seconds(millis: i64) -> Value {
    json!(f64::from(u32::try_from(millis / 1000).unwrap_or_default()))
}
