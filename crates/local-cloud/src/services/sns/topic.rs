//! A topic and its subscriptions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde_json::json;

use super::SnsError;
use super::subscription::Subscription;

/// A standard topic.
pub struct Topic {
    pub name: String,
    pub arn: Arc<str>,
    pub owner: String,
    attributes: Mutex<BTreeMap<String, String>>,
    tags: Mutex<BTreeMap<String, String>>,
    subscriptions: RwLock<Vec<Arc<Subscription>>>,
    deleted: AtomicU64,
}

/// Attributes that can be set. Those of delivery status logging need a role for CloudWatch Logs and are not among them.
const SETTABLE: [&str; 6] =
    ["DeliveryPolicy", "DisplayName", "KmsMasterKeyId", "Policy", "SignatureVersion", "TracingConfig"];

impl Topic {
    pub(super) fn new(name: &str, arn: String, owner: &str) -> Self {
        Self {
            name: name.to_owned(),
            arn: arn.into(),
            owner: owner.to_owned(),
            attributes: Mutex::default(),
            tags: Mutex::default(),
            subscriptions: RwLock::default(),
            deleted: AtomicU64::new(0),
        }
    }

    /// Sets one attribute; an empty value takes it away.
    pub fn set_attribute(&self, name: &str, value: &str) -> Result<(), SnsError> {
        check_attribute(name, value)?;
        let mut attributes = self.attributes.lock().unwrap_or_else(PoisonError::into_inner);
        if value.is_empty() {
            attributes.remove(name);
        } else {
            attributes.insert(name.to_owned(), value.to_owned());
        }
        Ok(())
    }

    /// The attributes that were set.
    #[must_use]
    pub fn own_attributes(&self) -> BTreeMap<String, String> {
        self.attributes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All attributes as `GetTopicAttributes` gives them.
    #[must_use]
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let mut all = self.own_attributes();
        let subscriptions = self.subscriptions();
        let pending = subscriptions.iter().filter(|subscription| subscription.is_pending()).count();
        let defaults = [
            ("TopicArn", self.arn.to_string()),
            ("Owner", self.owner.clone()),
            ("DisplayName", String::new()),
            ("Policy", self.default_policy()),
            ("EffectiveDeliveryPolicy", EFFECTIVE_DELIVERY_POLICY.to_owned()),
            ("SubscriptionsConfirmed", (subscriptions.len() - pending).to_string()),
            ("SubscriptionsPending", pending.to_string()),
            ("SubscriptionsDeleted", self.deleted.load(Ordering::Relaxed).to_string()),
        ];
        for (name, value) in defaults {
            all.entry(name.to_owned()).or_insert(value);
        }
        all
    }

    /// The policy that a topic has from its start: its owner may do everything with it.
    fn default_policy(&self) -> String {
        let actions = [
            "SNS:GetTopicAttributes",
            "SNS:SetTopicAttributes",
            "SNS:AddPermission",
            "SNS:RemovePermission",
            "SNS:DeleteTopic",
            "SNS:Subscribe",
            "SNS:ListSubscriptionsByTopic",
            "SNS:Publish",
        ];
        json!({
            "Version": "2008-10-17",
            "Id": "__default_policy_ID",
            "Statement": [{
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": actions,
                "Resource": &*self.arn,
                "Condition": {"StringEquals": {"AWS:SourceOwner": self.owner}},
            }],
        })
        .to_string()
    }

    #[must_use]
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the tags in place.
    pub fn edit_tags(&self, edit: impl FnOnce(&mut BTreeMap<String, String>)) {
        edit(&mut self.tags.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The subscriptions in the order in which they were made.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Arc<Subscription>> {
        self.subscriptions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a subscription, unless one of the same protocol and endpoint exists, which is then given back.
    pub(super) fn subscribe(&self, subscription: Arc<Subscription>) -> Result<Arc<Subscription>, SnsError> {
        let mut all = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        let same = |other: &&Arc<Subscription>| {
            other.protocol == subscription.protocol && other.endpoint == subscription.endpoint
        };
        match all.iter().find(same) {
            Some(existing) if existing.settings() == subscription.settings() => Ok(Arc::clone(existing)),
            Some(_) => Err(SnsError::invalid(
                "Attributes Reason: Subscription already exists with different attributes",
            )),
            None => {
                all.push(Arc::clone(&subscription));
                Ok(subscription)
            }
        }
    }

    /// Takes a subscription away and says whether it was there.
    pub(super) fn unsubscribe(&self, arn: &str) -> bool {
        let mut all = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        let before = all.len();
        all.retain(|subscription| &*subscription.arn != arn);
        let found = all.len() < before;
        if found {
            self.deleted.fetch_add(1, Ordering::Relaxed);
        }
        found
    }
}

pub(super) fn check_attribute(name: &str, value: &str) -> Result<(), SnsError> {
    if matches!(name, "FifoTopic" | "ContentBasedDeduplication" | "ArchivePolicy" | "FifoThroughputScope") {
        return Err(SnsError::invalid(format!(
            "Attributes Reason: {name}: FIFO topics are not offered by this cloud"
        )));
    }
    if !SETTABLE.contains(&name) {
        return Err(SnsError::invalid(format!(
            "AttributeName ({name} is not one of {})",
            SETTABLE.join(", ")
        )));
    }
    let is_json = value.is_empty() || serde_json::from_str::<serde_json::Value>(value).is_ok();
    if matches!(name, "Policy" | "DeliveryPolicy") && !is_json {
        return Err(SnsError::invalid(format!("{name}: failed to parse JSON")));
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>
const EFFECTIVE_DELIVERY_POLICY: &str = r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}"#;
