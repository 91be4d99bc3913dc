//! `AWS::CloudFormation::*`

use ::cloudformation::handler::{Failure, Resource};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use super::kind::{Call, ResourceType, resource};
use crate::services::ids;

/// A URL that nobody waits at; templates use one as a resource that does nothing.
pub(super) struct WaitConditionHandle;

#[derive(Deserialize)]
pub(super) struct WaitConditionHandleProperties {}

#[async_trait]
impl ResourceType for WaitConditionHandle {
    const SCHEMA: &'static str = include_str!("schemas/cloudformation-wait-condition-handle.yaml");
    type Properties = WaitConditionHandleProperties;

    async fn create(call: Call<Self::Properties>) -> Result<Resource, Failure> {
        let url = format!("{}/_local/wait-conditions/{}", call.services.context.endpoint, ids::hex(32));
        Ok(resource(url.clone(), [("Id", json!(url))]))
    }

    async fn update(
        _: Call<Self::Properties>,
        current: Resource,
        _: Self::Properties,
    ) -> Result<Resource, Failure> {
        Ok(current)
    }

    async fn delete(_: Call<Self::Properties>, _: Resource) -> Result<(), Failure> {
        Ok(())
    }
}
