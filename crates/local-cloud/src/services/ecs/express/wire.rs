//! The operations of Express Mode.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::lifecycle::Wanted;
use super::{ExpressSettings, describe};
use crate::Services;
use crate::services::ecs::EcsError;
use crate::services::ids;
use crate::wire::ApiError;

/// The members that a service is told by; all others are settings.
const IDENTITY: [&str; 5] = ["serviceName", "cluster", "infrastructureRoleArn", "tags", "serviceArn"];
const SETTINGS: [&str; 8] = [
    "executionRoleArn",
    "taskRoleArn",
    "primaryContainer",
    "cpu",
    "memory",
    "healthCheckPath",
    "scalingTarget",
    "networkConfiguration",
];

/// Answers an operation of Express Mode.
pub(in crate::services::ecs) async fn answer(
    services: &Arc<Services>,
    operation: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let ecs = &services.ecs;
    let arn = || input["serviceArn"].as_str().unwrap_or_default();
    if operation == "CreateExpressGatewayService" {
        let text = |name: &str| input[name].as_str().map(str::to_owned);
        let tags = input["tags"].as_array().into_iter().flatten().filter_map(|tag| {
            Some((tag["key"].as_str()?.to_owned(), tag["value"].as_str().unwrap_or_default().to_owned()))
        });
        let wanted = Wanted {
            name: text("serviceName").unwrap_or_else(|| format!("express-{}", ids::hex(8))),
            cluster: text("cluster").unwrap_or_else(|| "default".to_owned()),
            infrastructure_role: text("infrastructureRoleArn").unwrap_or_default(),
            tags: tags.collect(),
        };
        let made = ecs.create_express(services, wanted, settings(input, Map::new())?).await?;
        return Ok(json!({"service": describe::service(&made, "ACTIVE")}));
    }
    let service = ecs.express_service(arn()).map_err(|error| match error {
        // Descriptions have another code for this than changes.
        EcsError::ServiceNotFound if operation == "DescribeExpressGatewayService" => {
            ApiError::sender("ResourceNotFoundException", error.to_string())
        }
        error => error.into(),
    })?;
    match operation {
        "DescribeExpressGatewayService" => Ok(json!({"service": describe::service(&service, "ACTIVE")})),
        "UpdateExpressGatewayService" => {
            let now = serde_json::to_value(&service.settings).ok();
            let now = now.and_then(|value| value.as_object().cloned()).unwrap_or_default();
            let updated = ecs.update_express(services, arn(), settings(input, now)?).await?;
            let described = describe::service(&updated, "ACTIVE");
            Ok(json!({"service": {
                "serviceArn": updated.arn, "serviceName": updated.name, "cluster": updated.cluster,
                "status": {"statusCode": "ACTIVE"}, "targetConfiguration": described["activeConfigurations"][0],
                "createdAt": described["createdAt"], "updatedAt": described["updatedAt"],
            }}))
        }
        _ => {
            let (services, arn) = (Arc::clone(services), service.arn.clone());
            let deleting = Arc::clone(&services);
            services.context.tasks.spawn(async move { deleting.ecs.delete_express(&deleting, &arn).await });
            Ok(json!({"service": describe::service(&service, "DRAINING")}))
        }
    }
}

/// The settings of an input over those that are there already. A member that is not known is refused.
fn settings(input: &Value, mut all: Map<String, Value>) -> Result<ExpressSettings, ApiError> {
    for (name, value) in input.as_object().into_iter().flatten() {
        if SETTINGS.contains(&name.as_str()) {
            all.insert(upper(name), upper_camel(value.clone()));
        } else if !IDENTITY.contains(&name.as_str()) {
            let known = SETTINGS.join(", ");
            let message = format!("{name} is not offered by this cloud, which offers {known}.");
            return Err(EcsError::InvalidParameter(message).into());
        }
    }
    read(Value::Object(all))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| EcsError::InvalidParameter(error.to_string()).into())
}

/// The spelling of CloudFormation for that of the API.
fn upper_camel(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (upper(&name), upper_camel(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(upper_camel).collect(),
        scalar => scalar,
    }
}

fn upper(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn inputs_are_read_over_what_is_there() {
        let input = json!({"serviceArn": "a", "primaryContainer": {
            "image": "i", "awsLogsConfiguration": {"logGroup": "g", "logStreamPrefix": "p"},
            "environment": [{"name": "A", "value": "1"}],
        }});
        let there = Map::from_iter([("ExecutionRoleArn".to_owned(), json!("r"))]);
        let read = settings(&input, there.clone()).unwrap();
        assert_eq!((read.execution_role_arn.as_str(), read.cpu.as_str()), ("r", "256"));
        assert_eq!(read.primary_container.environment[0].name, "A");
        assert_eq!(read.primary_container.container_port, 80);
        assert!(settings(&json!({"taskDefinitionArn": "t"}), there).is_err());
        let wanted: BTreeMap<String, Value> = read_back(&read);
        assert_eq!(wanted["HealthCheckPath"], "/ping");
    }

    fn read_back(settings: &ExpressSettings) -> BTreeMap<String, Value> {
        serde_json::from_value(serde_json::to_value(settings).unwrap()).unwrap()
    }
}
