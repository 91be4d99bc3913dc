//! A subscription: who gets a topic's messages, which of them, and in which form.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;

use super::SnsError;
use super::filter::{FilterPolicy, FilterScope};

/// How messages are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionProtocol {
    Sqs,
    Http,
}

impl SubscriptionProtocol {
    /// `sqs` or `http`, as the API names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Http => "http",
        }
    }
}

/// One subscription of a topic.
pub struct Subscription {
    pub arn: Arc<str>,
    pub topic_arn: Arc<str>,
    pub protocol: SubscriptionProtocol,
    /// The queue's ARN or the URL.
    pub endpoint: String,
    pub owner: String,
    /// What an HTTP endpoint must send back to confirm.
    pub token: String,
    pending: AtomicBool,
    settings: RwLock<Arc<SubscriptionSettings>>,
}

/// The attributes that a subscriber chooses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubscriptionSettings {
    /// Whether the message goes out without SNS's envelope.
    pub raw: bool,
    pub filter: Option<FilterPolicy>,
    pub scope: FilterScope,
    /// The queue for what could not be delivered.
    pub dead_letter_arn: Option<String>,
    /// Retries of an HTTP delivery: how many, and the pause before each.
    pub retries: Option<(u32, Duration)>,
    /// The attributes as they were given.
    pub texts: BTreeMap<String, String>,
}

impl SubscriptionSettings {
    /// Sets attributes by their API names; an empty value takes a policy away.
    pub fn set(&mut self, given: &BTreeMap<String, String>) -> Result<(), SnsError> {
        // The scope comes first, because it decides which filter policies are legal.
        if let Some(scope) = given.get("FilterPolicyScope") {
            self.scope = match scope.as_str() {
                "MessageAttributes" => FilterScope::MessageAttributes,
                "MessageBody" => FilterScope::MessageBody,
                other => {
                    let what = format!(
                        "FilterPolicyScope: Invalid value [{other}]. Please use either MessageBody or MessageAttributes"
                    );
                    return Err(SnsError::invalid(what));
                }
            };
        }
        for (name, value) in given {
            self.set_one(name, value)?;
            if value.is_empty() {
                self.texts.remove(name);
            } else {
                self.texts.insert(name.clone(), value.clone());
            }
        }
        if let Some(text) = self.texts.get("FilterPolicy") {
            self.filter = Some(FilterPolicy::parse(text, self.scope)?);
        }
        Ok(())
    }

    fn set_one(&mut self, name: &str, value: &str) -> Result<(), SnsError> {
        match name {
            "RawMessageDelivery" => {
                self.raw = value.to_ascii_lowercase().parse().map_err(|_| {
                    SnsError::invalid(format!(
                        "Attributes Reason: RawMessageDelivery: Invalid value [{value}]. Must be true or false."
                    ))
                })?;
            }
            "FilterPolicy" => {
                self.filter =
                    if value.is_empty() { None } else { Some(FilterPolicy::parse(value, self.scope)?) };
            }
            "FilterPolicyScope" => {}
            "RedrivePolicy" => self.dead_letter_arn = redrive_target(value)?,
            "DeliveryPolicy" => self.retries = retries(value)?,
            _ => {
                return Err(SnsError::invalid(format!(
                    "AttributeName ({name} is not one of DeliveryPolicy, FilterPolicy, FilterPolicyScope, RawMessageDelivery, RedrivePolicy)"
                )));
            }
        }
        Ok(())
    }
}

fn redrive_target(text: &str) -> Result<Option<String>, SnsError> {
    if text.is_empty() {
        return Ok(None);
    }
    let value: Value =
        serde_json::from_str(text).map_err(|_| SnsError::invalid("RedrivePolicy: failed to parse JSON."))?;
    match value["deadLetterTargetArn"].as_str() {
        Some(arn) if arn.starts_with("arn:aws:sqs:") => Ok(Some(arn.to_owned())),
        _ => Err(SnsError::invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")),
    }
}

fn retries(text: &str) -> Result<Option<(u32, Duration)>, SnsError> {
    if text.is_empty() {
        return Ok(None);
    }
    let value: Value =
        serde_json::from_str(text).map_err(|_| SnsError::invalid("DeliveryPolicy: failed to parse JSON."))?;
    let policy = &value["healthyRetryPolicy"];
    let number = |name: &str, default: u64| policy[name].as_u64().unwrap_or(default);
    let times = number("numRetries", 3);
    if times > 100 {
        return Err(SnsError::invalid("DeliveryPolicy: healthyRetryPolicy.numRetries must be at most 100"));
    }
    let pause = Duration::from_secs(number("minDelayTarget", 20).min(3600));
    Ok(Some((u32::try_from(times).unwrap_or(100), pause)))
}

impl Subscription {
    pub(super) fn new(
        arn: String,
        topic_arn: Arc<str>,
        target: (SubscriptionProtocol, &str),
        owner: &str,
        settings: SubscriptionSettings,
    ) -> Self {
        Self {
            arn: arn.into(),
            topic_arn,
            protocol: target.0,
            endpoint: target.1.to_owned(),
            owner: owner.to_owned(),
            token: uuid::Uuid::new_v4().simple().to_string().repeat(4),
            // A queue's owner is the caller and needs no confirmation; a web server must confirm.
            pending: AtomicBool::new(target.0 == SubscriptionProtocol::Http),
            settings: RwLock::new(Arc::new(settings)),
        }
    }

    /// Whether the endpoint has not confirmed yet; it gets no messages then.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    pub(super) fn confirm(&self) {
        self.pending.store(false, Ordering::Release);
    }

    #[must_use]
    pub fn settings(&self) -> Arc<SubscriptionSettings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes attributes; the others stay.
    pub fn set_attributes(&self, given: &BTreeMap<String, String>) -> Result<(), SnsError> {
        let mut settings = (*self.settings()).clone();
        settings.set(given)?;
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        Ok(())
    }

    /// All attributes as `GetSubscriptionAttributes` gives them.
    #[must_use]
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let settings = self.settings();
        let mut all = settings.texts.clone();
        let text = |flag: bool| if flag { "true" } else { "false" }.to_owned();
        all.extend([
            ("SubscriptionArn".to_owned(), self.arn.to_string()),
            ("TopicArn".to_owned(), self.topic_arn.to_string()),
            ("Protocol".to_owned(), self.protocol.name().to_owned()),
            ("Endpoint".to_owned(), self.endpoint.clone()),
            ("Owner".to_owned(), self.owner.clone()),
            ("RawMessageDelivery".to_owned(), text(settings.raw)),
            ("PendingConfirmation".to_owned(), text(self.is_pending())),
            ("ConfirmationWasAuthenticated".to_owned(), text(self.protocol == SubscriptionProtocol::Sqs)),
        ]);
        if settings.filter.is_some() {
            all.entry("FilterPolicyScope".to_owned()).or_insert_with(|| "MessageAttributes".to_owned());
        }
        all
    }
}
