//! `AWS::SNS::*`

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::iam::document;
use super::kind::{Call, Code, ResourceType, Tag, exists, resource, with};
use crate::services::iam::PolicyKind;
use crate::services::sns::{Sns, SnsError};

pub(super) struct Topic;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TopicProperties {
    topic_name: Option<String>,
    display_name: Option<String>,
    kms_master_key_id: Option<String>,
    #[serde(default)]
    subscription: Vec<Subscriber>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Subscriber {
    endpoint: String,
    protocol: String,
}

impl TopicProperties {
    fn attributes(&self) -> BTreeMap<String, String> {
        let given = [("DisplayName", &self.display_name), ("KmsMasterKeyId", &self.kms_master_key_id)];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
    }

    fn subscribe(&self, sns: &Sns, arn: &str) -> Result<(), Failure> {
        for subscriber in &self.subscription {
            sns.subscribe(arn, &subscriber.protocol, &subscriber.endpoint, &BTreeMap::new())
                .map_err(with(Code::InvalidRequest))?;
        }
        Ok(())
    }
}

fn topic(arn: &str) -> Resource {
    let name = arn.rsplit(':').next().unwrap_or_default();
    resource(arn, [("TopicArn", json!(arn)), ("TopicName", json!(name))])
}

#[async_trait]
impl ResourceType for Topic {
    const SCHEMA: &'static str = include_str!("schemas/sns-topic.yaml");
    type Properties = TopicProperties;

    async fn create(call: Call<TopicProperties>) -> Result<Resource, Failure> {
        let (properties, sns) = (&call.properties, &call.services.sns);
        let name = call.name(properties.topic_name.as_ref(), 256);
        let arn = call.arn("sns", &name);
        if sns.topic(&arn).is_ok() {
            return Err(exists("AWS::SNS::Topic", &arn));
        }
        sns.create_topic(&name, &properties.attributes(), &call.tags(&properties.tags))
            .map_err(with(Code::InvalidRequest))?;
        properties.subscribe(sns, &arn).map_err(|failure| failure.leaving(topic(&arn)))?;
        Ok(topic(&arn))
    }

    async fn update(
        call: Call<TopicProperties>,
        current: Resource,
        before: TopicProperties,
    ) -> Result<Resource, Failure> {
        let (properties, sns) = (&call.properties, &call.services.sns);
        let stored = sns.topic(&current.physical_id).map_err(with(Code::NotFound))?;
        let wanted = properties.attributes();
        for name in ["DisplayName", "KmsMasterKeyId"] {
            let value = wanted.get(name).map_or("", String::as_str);
            stored.set_attribute(name, value).map_err(with(Code::InvalidRequest))?;
        }
        let tags = call.tags(&properties.tags);
        stored.edit_tags(|all| *all = tags);
        for gone in before.subscription.iter().filter(|old| !properties.subscription.contains(old)) {
            let subscriptions = stored.subscriptions();
            let same = subscriptions
                .iter()
                .find(|one| one.endpoint == gone.endpoint && one.protocol.name() == gone.protocol);
            if let Some(subscription) = same {
                sns.unsubscribe(&subscription.arn).map_err(with(Code::InvalidRequest))?;
            }
        }
        properties.subscribe(sns, &current.physical_id)?;
        Ok(current)
    }

    async fn delete(call: Call<TopicProperties>, current: Resource) -> Result<(), Failure> {
        call.services.sns.delete_topic(&current.physical_id).map_err(with(Code::InvalidRequest))
    }
}

pub(super) struct TopicPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TopicPolicyProperties {
    policy_document: Value,
    topics: Vec<String>,
}

impl TopicPolicyProperties {
    fn apply(&self, sns: &Sns) -> Result<(), Failure> {
        let text = document(&self.policy_document, PolicyKind::Resource)?.value().to_string();
        for arn in &self.topics {
            let topic = sns.topic(arn).map_err(with(Code::NotFound))?;
            topic.set_attribute("Policy", &text).map_err(with(Code::InvalidRequest))?;
        }
        Ok(())
    }
}

/// Gives topics back the policy that they had from their start.
fn clear_policies<'a>(sns: &Sns, topics: impl Iterator<Item = &'a String>) -> Result<(), Failure> {
    for arn in topics {
        match sns.topic(arn) {
            Ok(topic) => topic.set_attribute("Policy", "").map_err(with(Code::InvalidRequest))?,
            Err(SnsError::NoSuchTopic) => {}
            Err(error) => return Err(with(Code::InvalidRequest)(error)),
        }
    }
    Ok(())
}

#[async_trait]
impl ResourceType for TopicPolicy {
    const SCHEMA: &'static str = include_str!("schemas/sns-topic-policy.yaml");
    type Properties = TopicPolicyProperties;

    async fn create(call: Call<TopicPolicyProperties>) -> Result<Resource, Failure> {
        call.properties.apply(&call.services.sns)?;
        let id = call.request.generated_name(128);
        Ok(resource(id.clone(), [("Id", json!(id))]))
    }

    async fn update(
        call: Call<TopicPolicyProperties>,
        current: Resource,
        before: TopicPolicyProperties,
    ) -> Result<Resource, Failure> {
        call.properties.apply(&call.services.sns)?;
        let gone = before.topics.iter().filter(|arn| !call.properties.topics.contains(arn));
        clear_policies(&call.services.sns, gone)?;
        Ok(current)
    }

    async fn delete(call: Call<TopicPolicyProperties>, _: Resource) -> Result<(), Failure> {
        clear_policies(&call.services.sns, call.properties.topics.iter())
    }
}

pub(super) struct Subscription;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SubscriptionProperties {
    topic_arn: String,
    protocol: String,
    endpoint: Option<String>,
    raw_message_delivery: Option<bool>,
    filter_policy: Option<Value>,
    filter_policy_scope: Option<String>,
    redrive_policy: Option<Value>,
}

impl SubscriptionProperties {
    /// Every attribute with its value, or an empty one that takes it away.
    fn attributes(&self) -> BTreeMap<String, String> {
        let text = |value: &Option<Value>| match value {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        [
            ("RawMessageDelivery", self.raw_message_delivery.unwrap_or_default().to_string()),
            (
                "FilterPolicyScope",
                self.filter_policy_scope.clone().unwrap_or_else(|| "MessageAttributes".to_owned()),
            ),
            ("FilterPolicy", text(&self.filter_policy)),
            ("RedrivePolicy", text(&self.redrive_policy)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

#[async_trait]
impl ResourceType for Subscription {
    const SCHEMA: &'static str = include_str!("schemas/sns-subscription.yaml");
    type Properties = SubscriptionProperties;

    async fn create(call: Call<SubscriptionProperties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let endpoint = properties.endpoint.as_deref().unwrap_or_default();
        let mut attributes = properties.attributes();
        attributes.retain(|_, value| !value.is_empty());
        let subscription = call
            .services
            .sns
            .subscribe(&properties.topic_arn, &properties.protocol, endpoint, &attributes)
            .map_err(|error| match error {
                SnsError::NoSuchTopic => with(Code::NotFound)(error),
                error => with(Code::InvalidRequest)(error),
            })?;
        Ok(resource(&*subscription.arn, [("Arn", json!(&*subscription.arn))]))
    }

    async fn update(
        call: Call<SubscriptionProperties>,
        current: Resource,
        _: SubscriptionProperties,
    ) -> Result<Resource, Failure> {
        let subscription =
            call.services.sns.subscription(&current.physical_id).map_err(with(Code::NotFound))?;
        subscription.set_attributes(&call.properties.attributes()).map_err(with(Code::InvalidRequest))?;
        Ok(current)
    }

    async fn delete(call: Call<SubscriptionProperties>, current: Resource) -> Result<(), Failure> {
        call.services.sns.unsubscribe(&current.physical_id).map_err(with(Code::InvalidRequest))
    }
}
