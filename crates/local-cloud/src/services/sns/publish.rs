//! Publishing: the checks, and the copy for each subscriber.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::notification::Published;
use super::{Sns, SnsError, Subscription, Topic};
use crate::services::sqs::{AttributeValue, MessageAttribute};
use crate::wire::epoch_millis;

/// The most bytes of a message with its attributes.
pub(super) const MAX_MESSAGE: usize = 262_144;
const MAX_SUBJECT: usize = 100;

/// What is published.
#[derive(Clone, Debug, Default)]
pub struct PublishInput {
    pub message: String,
    pub subject: Option<String>,
    /// Whether the message is a JSON object with one text per protocol.
    pub by_protocol: bool,
    pub attributes: BTreeMap<String, MessageAttribute>,
}

impl PublishInput {
    /// Bytes that count towards the limit.
    pub(super) fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, attribute)| name.len() + attribute.size());
        self.message.len() + attributes.sum::<usize>()
    }
}

impl Sns {
    /// Publishes a message and gives its ID. Subscribed queues have it when this returns.
    ///
    /// # Errors
    /// No such topic, an empty or too long message, an invalid subject or attribute.
    pub fn publish(&self, topic_arn: &str, input: PublishInput) -> Result<uuid::Uuid, SnsError> {
        let topic = self.topic(topic_arn)?;
        check(&input)?;
        let texts = if input.by_protocol { Some(texts_by_protocol(&input.message)?) } else { None };
        let message_id = uuid::Uuid::new_v4();
        let published = |message: Box<str>, input: PublishInput| {
            Arc::new(Published {
                message_id,
                topic_arn: Arc::clone(&topic.arn),
                subject: input.subject,
                message,
                attributes: input.attributes,
                at: epoch_millis(),
                signer: Arc::clone(&self.signer),
            })
        };
        match texts {
            None => {
                let mut input = input;
                let message = std::mem::take(&mut input.message).into_boxed_str();
                let published = published(message, input);
                each_subscription(&topic, |subscription| self.deliverer.deliver(subscription, &published));
            }
            Some(texts) => each_subscription(&topic, |subscription| {
                let text = texts.get(subscription.protocol.name()).or_else(|| texts.get("default"));
                let text = text.map(String::as_str).unwrap_or_default();
                self.deliverer.deliver(subscription, &published(text.into(), input.clone()));
            }),
        }
        Ok(message_id)
    }
}

fn each_subscription(topic: &Topic, deliver: impl FnMut(&Arc<Subscription>)) {
    topic.subscriptions().iter().for_each(deliver);
}

fn check(input: &PublishInput) -> Result<(), SnsError> {
    if input.message.is_empty() {
        return Err(SnsError::invalid("Empty message"));
    }
    if input.size() > MAX_MESSAGE {
        return Err(SnsError::invalid("Message too long"));
    }
    if let Some(subject) = &input.subject {
        let illegal = |c: char| c.is_control() || !c.is_ascii();
        if subject.is_empty()
            || subject.len() > MAX_SUBJECT
            || subject.starts_with(' ')
            || subject.contains(illegal)
        {
            return Err(SnsError::invalid("Subject"));
        }
    }
    input.attributes.iter().try_for_each(|(name, attribute)| check_attribute(name, attribute))
}

fn check_attribute(name: &str, attribute: &MessageAttribute) -> Result<(), SnsError> {
    let refuse = |message: String| Err(SnsError::ParameterValueInvalid { message });
    let kind = attribute.data_type.as_str();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 256 || !name.chars().all(legal) {
        return refuse(format!(
            "Invalid attribute name '{name}': it may have up to 256 of A-Z, a-z, 0-9, '_', '-' and '.'."
        ));
    }
    match &attribute.value {
        AttributeValue::Text(text) if kind.starts_with("Number") && text.parse::<f64>().is_err() => {
            refuse(format!("Could not cast message attribute '{name}' value to number."))
        }
        AttributeValue::Text(text)
            if kind == "String.Array" && !matches!(serde_json::from_str(text), Ok(Value::Array(_))) =>
        {
            refuse(format!("Message attribute '{name}' with type 'String.Array' must be a JSON array."))
        }
        _ => Ok(()),
    }
}

fn texts_by_protocol(message: &str) -> Result<BTreeMap<String, String>, SnsError> {
    let Ok(Value::Object(map)) = serde_json::from_str(message) else {
        return Err(SnsError::invalid("Message Structure - JSON message body failed to parse"));
    };
    let texts: BTreeMap<String, String> = map
        .into_iter()
        .filter_map(|(protocol, text)| match text {
            Value::String(text) => Some((protocol, text)),
            _ => None,
        })
        .collect();
    if texts.contains_key("default") {
        Ok(texts)
    } else {
        Err(SnsError::invalid("Message Structure - No default entry in JSON message body"))
    }
}
