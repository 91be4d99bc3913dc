use std::time::Duration;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource};
use crate::services::apprunner::{self, Change, ServiceSettings, struck};

pub(in crate::resources) struct Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    service_name: Option<String>,
    #[serde(flatten)]
    settings: ServiceSettings,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// How long a service may take to serve. AWS gives up on an operation after some 20 minutes; here it takes a second.
const SETTLE_TIMEOUT: Duration = Duration::from_mins(5);

fn described(service: &apprunner::Service) -> Resource {
    resource(
        service.arn.clone(),
        [
            ("ServiceArn", json!(service.arn)),
            ("ServiceId", json!(service.id)),
            ("ServiceUrl", json!(service.url)),
            ("Status", json!("RUNNING")),
        ],
    )
}

async fn settle(call: &Call<Properties>, arn: &str, change: Change) -> Result<(), Failure> {
    (call.request.progress)("waiting for the instances to be healthy");
    let settled = call.services.apprunner.settle(&call.services, arn, change);
    let late = |_| {
        let seconds = SETTLE_TIMEOUT.as_secs();
        failed(Code::NotStabilized, format!("the service did not settle within {seconds} s"))
    };
    tokio::time::timeout(SETTLE_TIMEOUT, settled).await.map_err(late)?.map_err(refused)
}

#[async_trait]
impl ResourceType for Service {
    const SCHEMA: &'static str = include_str!("../schemas/apprunner-service.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        struck(&call.services).map_err(refused)?;
        let properties = &call.properties;
        let name = call.name(properties.service_name.as_ref(), 40);
        let (settings, tags) = (properties.settings.clone(), call.tags(&properties.tags));
        let runner = &call.services.apprunner;
        let service = runner.create(&call.services, &name, settings, tags).await.map_err(refused)?;
        let created = described(&service);
        (call.request.initiated)(created.clone());
        settle(&call, &service.arn, Change::Create)
            .await
            .map_err(|failure| failure.leaving(created.clone()))?;
        Ok(created)
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let runner = &call.services.apprunner;
        let (arn, settings) = (&current.physical_id, call.properties.settings.clone());
        let change = runner.prepare_update(&call.services, arn, settings).await.map_err(refused)?;
        runner.begin(&call.services, arn, &change).map_err(refused)?;
        settle(&call, arn, change).await?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.apprunner.delete(&call.services, &current.physical_id).await;
        Ok(())
    }
}
