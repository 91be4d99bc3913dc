//! The wire handler of SNS: the query protocol.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::publish::MAX_MESSAGE;
use super::{PublishInput, Sns, SnsError, Subscription, Topic};
use crate::Inventory;
use crate::services::Service;
use crate::services::page::{Page, PageRequest};
use crate::services::sqs::{AttributeValue, MessageAttribute};
use crate::wire::{ApiError, Node, Params, WireRequest, WireResponse};

const PAGE: usize = 100;
const MAX_BATCH: usize = 10;

/// SNS on the wire.
pub struct SnsService(pub Arc<Sns>);

#[async_trait]
impl Service for SnsService {
    fn name(&self) -> &'static str {
        "sns"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let params = request.params();
        let action = params.get("Action").unwrap_or_default();
        let result = self.run(action, &params);
        let result = result.unwrap_or_else(|| Err(ApiError::unknown_operation(&request, action)));
        WireResponse::of_query(&request, action, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        inventory.topics.extend(self.0.topics().iter().map(|topic| topic.arn.to_string()));
    }
}

impl SnsService {
    fn run(&self, action: &str, params: &Params) -> Option<Result<Node, ApiError>> {
        let result = match action {
            "Publish" => self.publish(params),
            "PublishBatch" => self.publish_batch(params),
            "CreateTopic" => self.create_topic(params),
            "DeleteTopic" => {
                text(params, "TopicArn").and_then(|arn| self.0.delete_topic(arn)).map(|()| Node::Null)
            }
            "ListTopics" => self.list_topics(params),
            "GetTopicAttributes" => self.topic(params).map(|topic| attributes_node(topic.attributes())),
            "SetTopicAttributes" => self.set_topic_attributes(params),
            "Subscribe" => self.subscribe(params),
            "ConfirmSubscription" => text(params, "TopicArn")
                .and_then(|arn| self.0.confirm_subscription(arn, text(params, "Token")?))
                .map(|subscription| Node::Struct(vec![("SubscriptionArn", (&*subscription.arn).into())])),
            "Unsubscribe" => {
                text(params, "SubscriptionArn").and_then(|arn| self.0.unsubscribe(arn)).map(|()| Node::Null)
            }
            "ListSubscriptions" => {
                let all = self.0.topics().iter().flat_map(|topic| topic.subscriptions()).collect::<Vec<_>>();
                subscriptions_node(params, all)
            }
            "ListSubscriptionsByTopic" => {
                self.topic(params).and_then(|topic| subscriptions_node(params, topic.subscriptions()))
            }
            "GetSubscriptionAttributes" => text(params, "SubscriptionArn")
                .and_then(|arn| self.0.subscription(arn))
                .map(|subscription| attributes_node(subscription.attributes())),
            "SetSubscriptionAttributes" => self.set_subscription_attributes(params),
            "TagResource" | "UntagResource" | "ListTagsForResource" => self.tags(action, params),
            _ => return None,
        };
        Some(result.map_err(ApiError::from))
    }

    fn topic(&self, params: &Params) -> Result<Arc<Topic>, SnsError> {
        self.0.topic(text(params, "TopicArn")?)
    }

    fn publish(&self, params: &Params) -> Result<Node, SnsError> {
        if params.get("PhoneNumber").is_some() {
            return Err(SnsError::invalid("PhoneNumber Reason: text messages are not offered by this cloud"));
        }
        let arn = params.get("TopicArn").or_else(|| params.get("TargetArn")).filter(|arn| !arn.is_empty());
        let arn = arn.ok_or_else(|| {
            SnsError::invalid("TopicArn or TargetArn Reason: no value for required parameter")
        })?;
        let id = self.0.publish(arn, publish_input(params)?)?;
        Ok(Node::Struct(vec![("MessageId", id.to_string().into()), ("SequenceNumber", Node::Null)]))
    }

    fn publish_batch(&self, params: &Params) -> Result<Node, SnsError> {
        let topic = self.topic(params)?;
        let entries = params.structures("PublishBatchRequestEntries.member");
        if entries.is_empty() {
            return Err(SnsError::EmptyBatch);
        }
        if entries.len() > MAX_BATCH {
            return Err(SnsError::TooManyEntries);
        }
        let mut ids = HashSet::new();
        for entry in &entries {
            let id = entry.get("Id").unwrap_or_default();
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if id.is_empty() || id.len() > 80 || !id.bytes().all(legal) {
                return Err(SnsError::InvalidEntryId);
            }
            if !ids.insert(id) {
                return Err(SnsError::IdsNotDistinct);
            }
        }
        let inputs: Vec<_> = entries.iter().map(publish_input).collect();
        if inputs.iter().flatten().map(PublishInput::size).sum::<usize>() > MAX_MESSAGE {
            return Err(SnsError::BatchTooLong);
        }
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (entry, input) in entries.iter().zip(inputs) {
            let id = entry.get("Id").unwrap_or_default();
            match input.and_then(|input| self.0.publish(&topic.arn, input)) {
                Ok(message) => successful
                    .push(Node::Struct(vec![("Id", id.into()), ("MessageId", message.to_string().into())])),
                Err(error) => {
                    let error = ApiError::from(error);
                    failed.push(Node::Struct(vec![
                        ("Id", id.into()),
                        ("Code", error.code.into()),
                        ("Message", error.message.into()),
                        ("SenderFault", true.into()),
                    ]));
                }
            }
        }
        Ok(Node::Struct(vec![("Successful", Node::List(successful)), ("Failed", Node::List(failed))]))
    }

    fn create_topic(&self, params: &Params) -> Result<Node, SnsError> {
        let attributes = entry_map(params, "Attributes.entry");
        let tags = params.map("Tags.member", "Key", "Value").into_iter().collect();
        let topic = self.0.create_topic(params.get("Name").unwrap_or_default(), &attributes, &tags)?;
        Ok(Node::Struct(vec![("TopicArn", (&*topic.arn).into())]))
    }

    fn list_topics(&self, params: &Params) -> Result<Node, SnsError> {
        let page = page(params, self.0.topics(), |topic| &topic.arn)?;
        let nodes = page.items.iter().map(|topic| Node::Struct(vec![("TopicArn", (&*topic.arn).into())]));
        Ok(with_next(Node::Struct(vec![("Topics", Node::List(nodes.collect()))]), page.next))
    }

    fn set_topic_attributes(&self, params: &Params) -> Result<Node, SnsError> {
        let value = params.get("AttributeValue").unwrap_or_default();
        self.topic(params)?.set_attribute(text(params, "AttributeName")?, value)?;
        Ok(Node::Null)
    }

    fn subscribe(&self, params: &Params) -> Result<Node, SnsError> {
        let attributes = entry_map(params, "Attributes.entry");
        let subscription = self.0.subscribe(
            text(params, "TopicArn")?,
            text(params, "Protocol")?,
            params.get("Endpoint").unwrap_or_default(),
            &attributes,
        )?;
        let shown = params.get("ReturnSubscriptionArn") == Some("true") || !subscription.is_pending();
        let arn = if shown { &*subscription.arn } else { "pending confirmation" };
        Ok(Node::Struct(vec![("SubscriptionArn", arn.into())]))
    }

    fn set_subscription_attributes(&self, params: &Params) -> Result<Node, SnsError> {
        let subscription = self.0.subscription(text(params, "SubscriptionArn")?)?;
        let name = text(params, "AttributeName")?.to_owned();
        let value = params.get("AttributeValue").unwrap_or_default().to_owned();
        subscription.set_attributes(&BTreeMap::from([(name, value)]))?;
        Ok(Node::Null)
    }

    fn tags(&self, action: &str, params: &Params) -> Result<Node, SnsError> {
        let topic = self.0.topic(text(params, "ResourceArn")?).map_err(|_| SnsError::NoSuchResource)?;
        match action {
            "TagResource" => {
                topic.edit_tags(|tags| tags.extend(params.map("Tags.member", "Key", "Value")));
            }
            "UntagResource" => {
                let keys = params.values("TagKeys.member");
                topic.edit_tags(|tags| tags.retain(|key, _| !keys.contains(key)));
            }
            _ => {
                let tags = topic
                    .tags()
                    .into_iter()
                    .map(|(key, value)| Node::Struct(vec![("Key", key.into()), ("Value", value.into())]));
                return Ok(Node::Struct(vec![("Tags", Node::List(tags.collect()))]));
            }
        }
        // These two have a result element, though it is empty.
        Ok(Node::Struct(Vec::new()))
    }
}

fn text<'a>(params: &'a Params, name: &str) -> Result<&'a str, SnsError> {
    params
        .get(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| SnsError::invalid(format!("{name} Reason: no value for required parameter")))
}

fn entry_map(params: &Params, prefix: &str) -> BTreeMap<String, String> {
    params.map(prefix, "key", "value").into_iter().collect()
}

fn publish_input(params: &Params) -> Result<PublishInput, SnsError> {
    let by_protocol = match params.get("MessageStructure") {
        None | Some("") => false,
        Some("json") => true,
        Some(other) => return Err(SnsError::invalid(format!("MessageStructure ({other} is not json)"))),
    };
    for name in ["MessageGroupId", "MessageDeduplicationId"] {
        if name == "MessageDeduplicationId" && params.get(name).is_some() {
            return Err(SnsError::invalid(format!(
                "{name} Reason: The request includes {name} parameter that is not valid for this topic type"
            )));
        }
    }
    let mut attributes = BTreeMap::new();
    for entry in params.structures("MessageAttributes.entry") {
        let name = entry.get("Name").or_else(|| entry.get("key")).unwrap_or_default().to_owned();
        let value = if entry.below("Value").is_empty() { entry.below("value") } else { entry.below("Value") };
        let attribute = message_attribute(&name, &value)?;
        attributes.insert(name, attribute);
    }
    Ok(PublishInput {
        message: params.get("Message").unwrap_or_default().to_owned(),
        subject: params.get("Subject").map(str::to_owned),
        by_protocol,
        attributes,
    })
}

fn message_attribute(name: &str, value: &Params) -> Result<MessageAttribute, SnsError> {
    let data_type = value.get("DataType").unwrap_or_default().to_owned();
    let content = match data_type.split('.').next().unwrap_or_default() {
        "String" | "Number" => value.get("StringValue").map(|text| AttributeValue::Text(text.to_owned())),
        "Binary" => {
            value.get("BinaryValue").and_then(|text| STANDARD.decode(text).ok()).map(AttributeValue::Binary)
        }
        _ => {
            return Err(SnsError::ParameterValueInvalid {
                message: format!(
                    "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
                ),
            });
        }
    };
    let is_empty = match &content {
        None => true,
        Some(AttributeValue::Text(text)) => text.is_empty(),
        Some(AttributeValue::Binary(bytes)) => bytes.is_empty(),
    };
    match content {
        Some(value) if !is_empty => Ok(MessageAttribute { data_type, value }),
        _ => Err(SnsError::ParameterValueInvalid {
            message: format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{data_type}'."
            ),
        }),
    }
}

fn attributes_node(attributes: BTreeMap<String, String>) -> Node {
    Node::Struct(vec![("Attributes", Node::Map(attributes.into_iter().collect()))])
}

fn subscriptions_node(params: &Params, all: Vec<Arc<Subscription>>) -> Result<Node, SnsError> {
    let page = page(params, all, |subscription| &subscription.arn)?;
    let nodes = page.items.iter().map(|subscription| {
        let arn = if subscription.is_pending() { "PendingConfirmation" } else { &*subscription.arn };
        Node::Struct(vec![
            ("SubscriptionArn", arn.into()),
            ("Owner", subscription.owner.as_str().into()),
            ("Protocol", subscription.protocol.name().into()),
            ("Endpoint", subscription.endpoint.as_str().into()),
            ("TopicArn", (&*subscription.topic_arn).into()),
        ])
    });
    Ok(with_next(Node::Struct(vec![("Subscriptions", Node::List(nodes.collect()))]), page.next))
}

fn page<T>(params: &Params, all: Vec<T>, key: impl Fn(&T) -> &str) -> Result<Page<T>, SnsError> {
    let pages = PageRequest::new(params.get("NextToken").map(str::to_owned), None);
    pages.of(all, key, PAGE, PAGE).map_err(|error| SnsError::invalid(format!("NextToken Reason: {error}")))
}

fn with_next(node: Node, next: Option<String>) -> Node {
    match next {
        Some(token) => node.with("NextToken", token),
        None => node,
    }
}
