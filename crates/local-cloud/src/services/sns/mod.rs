//! Amazon SNS: standard topics with queues and web servers as subscribers.
//!
//! <https://docs.aws.amazon.com/sns/latest/api/welcome.html>

mod delivery;
mod error;
mod filter;
mod notification;
mod publish;
mod subscription;
mod topic;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

pub use error::SnsError;
pub use filter::{FilterPolicy, FilterScope};
pub use notification::{Notification, Published};
pub use publish::PublishInput;
pub use subscription::{Subscription, SubscriptionProtocol, SubscriptionSettings};
pub use topic::Topic;
pub use wire::SnsService;

use super::RegionContext;
use super::sqs::Sqs;
use crate::wire::epoch_millis;
use delivery::Deliverer;
use notification::Signer;

/// The topics of a region.
pub struct Sns {
    context: Arc<RegionContext>,
    deliverer: Arc<Deliverer>,
    signer: Arc<Signer>,
    topics: RwLock<HashMap<String, Arc<Topic>>>,
}

impl Sns {
    pub(crate) fn new(context: Arc<RegionContext>, sqs: Arc<Sqs>) -> Self {
        let signer = Arc::new(Signer::new(&context.endpoint, &context.region));
        let deliverer = Deliverer::new(Arc::clone(&context), sqs);
        Self { context, deliverer, signer, topics: RwLock::default() }
    }

    /// Makes a topic. One that exists with the same attributes and tags is given back as it is.
    ///
    /// # Errors
    /// `InvalidParameter` for an invalid name, unknown or invalid attributes, FIFO, or an existing topic that differs.
    pub fn create_topic(
        &self,
        name: &str,
        attributes: &BTreeMap<String, String>,
        tags: &BTreeMap<String, String>,
    ) -> Result<Arc<Topic>, SnsError> {
        if name.strip_suffix(".fifo").is_some() {
            return Err(SnsError::invalid(
                "Topic Name Reason: FIFO topics are not offered by this cloud; leave the suffix .fifo out",
            ));
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > 256 || !name.bytes().all(legal) {
            return Err(SnsError::invalid("Topic Name"));
        }
        let mut given = attributes.clone();
        if given.get("FifoTopic").is_some_and(|value| value == "false") {
            given.remove("FifoTopic");
        }
        let topic = Topic::new(name, self.context.arn("sns", name), &self.context.account);
        given.iter().try_for_each(|(name, value)| topic.set_attribute(name, value))?;
        topic.edit_tags(|all| all.clone_from(tags));
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(existing) = topics.get(&*topic.arn) {
            let current = existing.attributes();
            if topic.own_attributes().iter().any(|(name, value)| current.get(name) != Some(value)) {
                return Err(SnsError::invalid(
                    "Attributes Reason: Topic already exists with different attributes",
                ));
            }
            if !tags.is_empty() && existing.tags() != *tags {
                return Err(SnsError::invalid("Tags Reason: Topic already exists with different tags"));
            }
            return Ok(Arc::clone(existing));
        }
        let topic = Arc::new(topic);
        topics.insert(topic.arn.to_string(), Arc::clone(&topic));
        Ok(topic)
    }

    /// Deletes a topic with its subscriptions. One that does not exist is a success, as with AWS.
    pub fn delete_topic(&self, arn: &str) -> Result<(), SnsError> {
        self.check_arn(arn)?;
        self.topics.write().unwrap_or_else(PoisonError::into_inner).remove(arn);
        Ok(())
    }

    /// A topic by its ARN.
    pub fn topic(&self, arn: &str) -> Result<Arc<Topic>, SnsError> {
        if let Some(topic) = self.topics.read().unwrap_or_else(PoisonError::into_inner).get(arn) {
            return Ok(Arc::clone(topic));
        }
        self.check_arn(arn)?;
        Err(SnsError::NoSuchTopic)
    }

    /// All topics in order of their names.
    #[must_use]
    pub fn topics(&self) -> Vec<Arc<Topic>> {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = topics.values().cloned().collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Subscribes a queue (`sqs`, by ARN) or a web server (`http`, by URL), which must confirm first.
    pub fn subscribe(
        &self,
        topic_arn: &str,
        protocol: &str,
        endpoint: &str,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Arc<Subscription>, SnsError> {
        let topic = self.topic(topic_arn)?;
        let protocol = match protocol {
            "sqs" if endpoint.split(':').count() == 6 && endpoint.starts_with("arn:aws:sqs:") => {
                SubscriptionProtocol::Sqs
            }
            "sqs" => return Err(SnsError::invalid("SQS endpoint ARN")),
            "http" if endpoint.starts_with("http://") => SubscriptionProtocol::Http,
            "http" => return Err(SnsError::invalid("Endpoint must match the specified protocol")),
            other => {
                return Err(SnsError::invalid(format!(
                    "Amazon SNS does not support this protocol string: {other} (this cloud offers sqs and http)"
                )));
            }
        };
        let mut settings = SubscriptionSettings::default();
        settings.set(attributes)?;
        let arn = format!("{topic_arn}:{}", uuid::Uuid::new_v4());
        let made = Arc::new(Subscription::new(
            arn,
            Arc::clone(&topic.arn),
            (protocol, endpoint),
            &self.context.account,
            settings,
        ));
        let subscription = topic.subscribe(Arc::clone(&made))?;
        if subscription.is_pending() {
            let id = uuid::Uuid::new_v4().to_string();
            let envelope =
                notification::confirmation(&self.signer, topic_arn, &id, &subscription.token, epoch_millis());
            self.deliverer.ask_to_confirm(&subscription, id, envelope);
        }
        Ok(subscription)
    }

    /// Confirms the subscription that a token was sent to.
    pub fn confirm_subscription(&self, topic_arn: &str, token: &str) -> Result<Arc<Subscription>, SnsError> {
        let topic = self.topic(topic_arn)?;
        let subscriptions = topic.subscriptions();
        let found = subscriptions.into_iter().find(|subscription| subscription.token == token);
        let subscription = found.ok_or_else(|| SnsError::invalid("Token"))?;
        subscription.confirm();
        Ok(subscription)
    }

    /// Ends a subscription. One that does not exist is a success, as with AWS.
    pub fn unsubscribe(&self, arn: &str) -> Result<(), SnsError> {
        let topic = Self::topic_of_subscription(arn)?;
        if let Ok(topic) = self.topic(&topic) {
            topic.unsubscribe(arn);
        }
        Ok(())
    }

    /// A subscription by its ARN.
    pub fn subscription(&self, arn: &str) -> Result<Arc<Subscription>, SnsError> {
        let topic = Self::topic_of_subscription(arn)?;
        let topic = self.topic(&topic).map_err(|_| SnsError::NoSuchSubscription)?;
        let found = topic.subscriptions().into_iter().find(|subscription| &*subscription.arn == arn);
        found.ok_or(SnsError::NoSuchSubscription)
    }

    fn topic_of_subscription(arn: &str) -> Result<String, SnsError> {
        let parts = arn.split(':').count();
        match arn.rsplit_once(':') {
            Some((topic, _)) if parts == 7 && topic.starts_with("arn:") => Ok(topic.to_owned()),
            _ => Err(SnsError::invalid(format!(
                "SubscriptionArn Reason: An ARN must have at least 6 elements, not {parts}"
            ))),
        }
    }

    fn check_arn(&self, arn: &str) -> Result<(), SnsError> {
        let parts = arn.split(':').count();
        if parts < 6 {
            let what = format!("TopicArn Reason: An ARN must have at least 6 elements, not {parts}");
            return Err(SnsError::invalid(what));
        }
        if arn.starts_with(&self.context.arn("sns", "")) {
            Ok(())
        } else {
            Err(SnsError::invalid("TopicArn"))
        }
    }
}
