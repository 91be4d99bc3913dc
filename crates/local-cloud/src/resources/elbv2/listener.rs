use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource};
use crate::services::elbv2::{Action, Condition, Rule};

pub(in crate::resources) struct Listener;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct ListenerProperties {
    load_balancer_arn: String,
    port: Option<u16>,
    protocol: Option<String>,
    default_actions: Vec<Action>,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl ListenerProperties {
    fn port(&self) -> Result<u16, Failure> {
        match (self.port, &self.protocol) {
            (Some(port), Some(_)) => Ok(port),
            _ => Err(failed(Code::InvalidRequest, "A protocol and a port must be specified")),
        }
    }
}

#[async_trait]
impl ResourceType for Listener {
    const SCHEMA: &'static str = include_str!("../schemas/elbv2-listener.yaml");
    type Properties = ListenerProperties;

    async fn create(call: Call<ListenerProperties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let (port, tags) = (properties.port()?, call.tags(&properties.tags));
        let listener = call
            .services
            .elbv2
            .create_listener(&properties.load_balancer_arn, port, properties.default_actions.clone(), tags)
            .await
            .map_err(refused)?;
        Ok(resource(listener.arn.clone(), [("ListenerArn", json!(listener.arn))]))
    }

    async fn update(
        call: Call<ListenerProperties>,
        current: Resource,
        _: ListenerProperties,
    ) -> Result<Resource, Failure> {
        let (properties, elb) = (&call.properties, &call.services.elbv2);
        let (port, tags) = (properties.port()?, call.tags(&properties.tags));
        let actions = properties.default_actions.clone();
        elb.update_listener(&current.physical_id, port, actions, tags).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<ListenerProperties>, current: Resource) -> Result<(), Failure> {
        call.services.elbv2.delete_listener(&current.physical_id).await;
        Ok(())
    }
}

pub(in crate::resources) struct ListenerRule;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct RuleProperties {
    listener_arn: String,
    priority: u32,
    conditions: Vec<Condition>,
    actions: Vec<Action>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[async_trait]
impl ResourceType for ListenerRule {
    const SCHEMA: &'static str = include_str!("../schemas/elbv2-listener-rule.yaml");
    type Properties = RuleProperties;

    async fn create(call: Call<RuleProperties>) -> Result<Resource, Failure> {
        let tags = call.tags(&call.properties.tags);
        let RuleProperties { listener_arn, priority, conditions, actions, .. } = call.properties;
        let elb = &call.services.elbv2;
        let rule = elb.create_rule(&listener_arn, priority, conditions, actions, tags).map_err(refused)?;
        Ok(resource(rule.arn.clone(), [("RuleArn", json!(rule.arn)), ("IsDefault", json!(false))]))
    }

    async fn update(
        call: Call<RuleProperties>,
        current: Resource,
        _: RuleProperties,
    ) -> Result<Resource, Failure> {
        let tags = call.tags(&call.properties.tags);
        let RuleProperties { listener_arn: listener, priority, conditions, actions, .. } = call.properties;
        let arn = current.physical_id.clone();
        call.services
            .elbv2
            .update_rule(Rule { arn, listener, priority, conditions, actions, tags })
            .map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<RuleProperties>, current: Resource) -> Result<(), Failure> {
        call.services.elbv2.delete_rule(&current.physical_id).map_err(refused)
    }
}
