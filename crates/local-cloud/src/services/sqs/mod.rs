//! Amazon SQS: standard queues.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>

mod attributes;
mod error;
mod message;
mod operations;
mod query;
mod queue;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

pub use attributes::{QueueAttributes, RedrivePolicy};
pub use error::SqsError;
pub use message::{AttributeValue, MessageAttribute, MessageAttributes, MessageBody, Received};
pub use queue::{Counts, NewMessage, Queue};
pub use wire::SqsService;

use super::RegionContext;

/// The queues of a region.
pub struct Sqs {
    pub(crate) context: Arc<RegionContext>,
    queues: RwLock<BTreeMap<String, Arc<Queue>>>,
}

impl Sqs {
    pub(crate) fn new(context: Arc<RegionContext>) -> Self {
        Self { context, queues: RwLock::default() }
    }

    /// Makes a queue. One that exists with the same attributes is given back as it is.
    ///
    /// # Errors
    /// An invalid name, unknown or invalid attributes, FIFO, or an existing queue with other attributes.
    pub fn create_queue(
        &self,
        name: &str,
        attributes: &BTreeMap<String, String>,
        tags: &BTreeMap<String, String>,
    ) -> Result<Arc<Queue>, SqsError> {
        if name.strip_suffix(".fifo").is_some() {
            return Err(SqsError::Fifo);
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > 80 || !name.bytes().all(legal) {
            return Err(SqsError::InvalidName { name: name.to_owned() });
        }
        let mut settings = QueueAttributes::default();
        settings.set(pairs(attributes))?;
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        self.check_dead_letter(&queues, &settings)?;
        if let Some(existing) = queues.get(name) {
            let current = existing.attributes().to_map();
            let wanted = settings.to_map();
            let differs = attributes.keys().find(|key| current.get(*key) != wanted.get(*key));
            return match differs {
                Some(attribute) => Err(SqsError::QueueExists { attribute: attribute.clone() }),
                None => Ok(Arc::clone(existing)),
            };
        }
        let url = format!("{}/{}/{name}", self.context.endpoint, self.context.account);
        let queue = Arc::new(Queue::new(name, self.context.arn("sqs", name), url, settings, tags.clone()));
        queues.insert(name.to_owned(), Arc::clone(&queue));
        Ok(queue)
    }

    /// Changes attributes of a queue; the others stay.
    pub fn set_queue_attributes(
        &self,
        name: &str,
        attributes: &BTreeMap<String, String>,
    ) -> Result<(), SqsError> {
        let queue = self.queue(name)?;
        let mut settings = queue.attributes();
        settings.set(pairs(attributes))?;
        self.check_dead_letter(&self.queues.read().unwrap_or_else(PoisonError::into_inner), &settings)?;
        queue.set_attributes(settings);
        Ok(())
    }

    fn check_dead_letter(
        &self,
        queues: &BTreeMap<String, Arc<Queue>>,
        settings: &QueueAttributes,
    ) -> Result<(), SqsError> {
        let Some(redrive) = &settings.redrive else { return Ok(()) };
        let name = redrive.dead_letter_arn.strip_prefix(&self.context.arn("sqs", ""));
        if name.is_some_and(|name| queues.contains_key(name)) {
            return Ok(());
        }
        let reason = format!("Dead letter target does not exist: {}.", redrive.dead_letter_arn);
        Err(SqsError::InvalidAttributeValue { name: "RedrivePolicy".into(), reason })
    }

    /// Deletes a queue and what is in it.
    pub fn delete_queue(&self, name: &str) -> Result<(), SqsError> {
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        queues.remove(name).map(|_| ()).ok_or(SqsError::NoSuchQueue)
    }

    /// A queue by its name.
    pub fn queue(&self, name: &str) -> Result<Arc<Queue>, SqsError> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.get(name).cloned().ok_or(SqsError::NoSuchQueue)
    }

    /// A queue by its URL. Only the path matters, so that a URL made for another host name works as well.
    pub fn queue_by_url(&self, url: &str) -> Result<Arc<Queue>, SqsError> {
        let mut parts = url.trim_end_matches('/').rsplitn(3, '/');
        match (parts.next(), parts.next()) {
            (Some(name), Some(account)) if account == self.context.account => self.queue(name),
            _ => Err(SqsError::NoSuchQueue),
        }
    }

    /// A queue by its ARN.
    pub fn queue_by_arn(&self, arn: &str) -> Result<Arc<Queue>, SqsError> {
        let name = arn.strip_prefix(&self.context.arn("sqs", "")).ok_or(SqsError::NoSuchQueue)?;
        self.queue(name)
    }

    /// All queues in order of their names.
    #[must_use]
    pub fn queues(&self) -> Vec<Arc<Queue>> {
        self.queues.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Receives up to `max` messages; waits up to `wait` for the first. Messages received too often go to the dead-letter queue.
    pub async fn receive(
        &self,
        queue: &Queue,
        max: usize,
        visibility: Option<u32>,
        wait: Duration,
    ) -> Vec<Received> {
        let (received, dead) = queue.receive(max, visibility, wait, &self.context.stopping).await;
        if !dead.is_empty() {
            let target = queue.attributes().redrive.map(|redrive| redrive.dead_letter_arn);
            if let Some(Ok(target)) = target.map(|arn| self.queue_by_arn(&arn)) {
                for letter in dead {
                    target.accept_dead(letter, &queue.arn);
                }
            } else {
                tracing::warn!(queue = queue.name, "the dead-letter queue is gone and messages with it");
            }
        }
        received
    }
}

fn pairs(map: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    map.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
