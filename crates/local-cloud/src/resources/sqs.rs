//! `AWS::SQS::*`

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::iam::document;
use super::kind::{Call, Code, ResourceType, Tag, exists, resource, with};
use crate::services::iam::PolicyKind;
use crate::services::sqs::{Sqs, SqsError};

pub(super) struct Queue;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueProperties {
    queue_name: Option<String>,
    delay_seconds: Option<u32>,
    maximum_message_size: Option<u32>,
    message_retention_period: Option<u32>,
    receive_message_wait_time_seconds: Option<u32>,
    visibility_timeout: Option<u32>,
    redrive_policy: Option<Value>,
    kms_master_key_id: Option<String>,
    kms_data_key_reuse_period_seconds: Option<u32>,
    sqs_managed_sse_enabled: Option<bool>,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl QueueProperties {
    /// Every attribute with its value or its default, so that what a template leaves out is set back.
    fn attributes(&self) -> BTreeMap<String, String> {
        let number = |value: Option<u32>, default: u32| value.unwrap_or(default).to_string();
        let redrive = match &self.redrive_policy {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(policy) => policy.to_string(),
        };
        let key = self.kms_master_key_id.clone().unwrap_or_default();
        let managed = self.sqs_managed_sse_enabled.unwrap_or(key.is_empty());
        let mut attributes: BTreeMap<String, String> = [
            ("DelaySeconds", number(self.delay_seconds, 0)),
            ("MaximumMessageSize", number(self.maximum_message_size, 1_048_576)),
            ("MessageRetentionPeriod", number(self.message_retention_period, 345_600)),
            ("ReceiveMessageWaitTimeSeconds", number(self.receive_message_wait_time_seconds, 0)),
            ("VisibilityTimeout", number(self.visibility_timeout, 30)),
            ("RedrivePolicy", redrive),
            ("SqsManagedSseEnabled", managed.to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        if !key.is_empty() {
            attributes.insert("KmsMasterKeyId".to_owned(), key);
            let period = number(self.kms_data_key_reuse_period_seconds, 300);
            attributes.insert("KmsDataKeyReusePeriodSeconds".to_owned(), period);
        }
        attributes
    }
}

#[async_trait]
impl ResourceType for Queue {
    const SCHEMA: &'static str = include_str!("schemas/sqs-queue.yaml");
    type Properties = QueueProperties;

    async fn create(call: Call<QueueProperties>) -> Result<Resource, Failure> {
        let (properties, sqs) = (&call.properties, &call.services.sqs);
        let name = call.name(properties.queue_name.as_ref(), 80);
        let url = format!("{}/{}/{name}", call.services.context.endpoint, call.request.account);
        if sqs.queue(&name).is_ok() {
            return Err(exists("AWS::SQS::Queue", &url));
        }
        let mut attributes = properties.attributes();
        attributes.retain(|_, value| !value.is_empty());
        sqs.create_queue(&name, &attributes, &call.tags(&properties.tags))
            .map_err(with(Code::InvalidRequest))?;
        let arn = call.arn("sqs", &name);
        Ok(resource(url.clone(), [("Arn", json!(arn)), ("QueueUrl", json!(url)), ("QueueName", json!(name))]))
    }

    async fn update(
        call: Call<QueueProperties>,
        current: Resource,
        _: QueueProperties,
    ) -> Result<Resource, Failure> {
        let queue = call.services.sqs.queue_by_url(&current.physical_id).map_err(with(Code::NotFound))?;
        let name = current.physical_id.rsplit('/').next().unwrap_or_default();
        call.services
            .sqs
            .set_queue_attributes(name, &call.properties.attributes())
            .map_err(with(Code::InvalidRequest))?;
        let tags = call.tags(&call.properties.tags);
        queue.edit_tags(|all| *all = tags);
        Ok(current)
    }

    async fn delete(call: Call<QueueProperties>, current: Resource) -> Result<(), Failure> {
        let name = current.physical_id.rsplit('/').next().unwrap_or_default();
        match call.services.sqs.delete_queue(name) {
            Ok(()) | Err(SqsError::NoSuchQueue) => Ok(()),
            Err(error) => Err(with(Code::InvalidRequest)(error)),
        }
    }
}

pub(super) struct QueuePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueuePolicyProperties {
    policy_document: Value,
    queues: Vec<String>,
}

/// Sets the policy of queues, given by URL; empty text takes it away.
fn set_policies<'a>(sqs: &Sqs, queues: impl Iterator<Item = &'a String>, text: &str) -> Result<(), Failure> {
    let attributes = BTreeMap::from([("Policy".to_owned(), text.to_owned())]);
    for url in queues {
        let name = url.rsplit('/').next().unwrap_or_default();
        match sqs.set_queue_attributes(name, &attributes) {
            Ok(()) => {}
            Err(SqsError::NoSuchQueue) if text.is_empty() => {}
            Err(SqsError::NoSuchQueue) => return Err(with(Code::NotFound)(SqsError::NoSuchQueue)),
            Err(error) => return Err(with(Code::InvalidRequest)(error)),
        }
    }
    Ok(())
}

#[async_trait]
impl ResourceType for QueuePolicy {
    const SCHEMA: &'static str = include_str!("schemas/sqs-queue-policy.yaml");
    type Properties = QueuePolicyProperties;

    async fn create(call: Call<QueuePolicyProperties>) -> Result<Resource, Failure> {
        let policy = document(&call.properties.policy_document, PolicyKind::Resource)?;
        set_policies(&call.services.sqs, call.properties.queues.iter(), &policy.value().to_string())?;
        let id = call.request.generated_name(128);
        Ok(resource(id.clone(), [("Id", json!(id))]))
    }

    async fn update(
        call: Call<QueuePolicyProperties>,
        current: Resource,
        before: QueuePolicyProperties,
    ) -> Result<Resource, Failure> {
        let policy = document(&call.properties.policy_document, PolicyKind::Resource)?;
        set_policies(&call.services.sqs, call.properties.queues.iter(), &policy.value().to_string())?;
        let gone = before.queues.iter().filter(|url| !call.properties.queues.contains(url));
        set_policies(&call.services.sqs, gone, "")?;
        Ok(current)
    }

    async fn delete(call: Call<QueuePolicyProperties>, _: Resource) -> Result<(), Failure> {
        set_policies(&call.services.sqs, call.properties.queues.iter(), "")
    }
}
