//! The settings of a queue.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::SqsError;
use crate::services::policy::Policy;

/// Settable attributes with their defaults; times are in seconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueAttributes {
    pub delay: u32,
    pub maximum_message_size: u32,
    pub retention: u32,
    pub receive_wait: u32,
    pub visibility_timeout: u32,
    pub redrive: Option<RedrivePolicy>,
    /// The parsed `Policy`.
    pub policy: Option<Arc<Policy>>,
    /// Attributes that are kept as they were given: policies and encryption.
    pub texts: BTreeMap<&'static str, String>,
}

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedrivePolicy {
    pub dead_letter_arn: String,
    pub max_receive_count: u32,
}

impl Default for QueueAttributes {
    fn default() -> Self {
        Self {
            delay: 0,
            maximum_message_size: 1_048_576,
            retention: 345_600,
            receive_wait: 0,
            visibility_timeout: 30,
            redrive: None,
            policy: None,
            texts: BTreeMap::from([("SqsManagedSseEnabled", "true".to_owned())]),
        }
    }
}

const TEXTS: [&str; 5] = [
    "Policy",
    "RedriveAllowPolicy",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "SqsManagedSseEnabled",
];

impl QueueAttributes {
    /// Sets attributes by their API names. An empty value takes a policy away.
    ///
    /// # Errors
    /// An unknown name, a value out of its bounds, or a FIFO attribute.
    pub fn set<'a>(&mut self, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), SqsError> {
        for (name, value) in given {
            match name {
                "DelaySeconds" => self.delay = bounded(name, value, 0, 900)?,
                "MaximumMessageSize" => self.maximum_message_size = bounded(name, value, 1024, 1_048_576)?,
                "MessageRetentionPeriod" => self.retention = bounded(name, value, 60, 1_209_600)?,
                "ReceiveMessageWaitTimeSeconds" => self.receive_wait = bounded(name, value, 0, 20)?,
                "VisibilityTimeout" => self.visibility_timeout = bounded(name, value, 0, 43_200)?,
                "RedrivePolicy" if value.is_empty() => self.redrive = None,
                "RedrivePolicy" => self.redrive = Some(RedrivePolicy::parse(value)?),
                "FifoQueue" if value == "false" => {}
                "FifoQueue" | "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => {
                    return Err(SqsError::Fifo);
                }
                _ => self.set_text(name, value)?,
            }
        }
        Ok(())
    }

    fn set_text(&mut self, name: &str, value: &str) -> Result<(), SqsError> {
        let known = TEXTS.iter().find(|known| **known == name);
        let known = *known.ok_or_else(|| SqsError::UnknownAttribute { name: name.to_owned() })?;
        if known == "Policy" {
            self.policy = Policy::parse(value).map(Arc::new);
        }
        if value.is_empty() {
            self.texts.remove(known);
            return Ok(());
        }
        if known.ends_with("Policy") && !matches!(serde_json::from_str(value), Ok(Value::Object(_))) {
            return Err(invalid(name, "It is not a JSON object."));
        }
        self.texts.insert(known, value.to_owned());
        Ok(())
    }

    /// The attributes by their API names.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let mut map: BTreeMap<String, String> =
            self.texts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let numbers = [
            ("DelaySeconds", self.delay),
            ("MaximumMessageSize", self.maximum_message_size),
            ("MessageRetentionPeriod", self.retention),
            ("ReceiveMessageWaitTimeSeconds", self.receive_wait),
            ("VisibilityTimeout", self.visibility_timeout),
        ];
        map.extend(numbers.map(|(name, value)| (name.to_owned(), value.to_string())));
        if let Some(redrive) = &self.redrive {
            map.insert("RedrivePolicy".into(), redrive.to_json());
        }
        map
    }
}

impl RedrivePolicy {
    fn parse(text: &str) -> Result<Self, SqsError> {
        let refuse = |reason: &str| invalid("RedrivePolicy", reason);
        let value: Value = serde_json::from_str(text).map_err(|_| refuse("It is not valid JSON."))?;
        let arn = value["deadLetterTargetArn"].as_str();
        let arn = arn.ok_or_else(|| {
            refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
        })?;
        let count = match &value["maxReceiveCount"] {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => return Err(refuse("Redrive policy does not contain mandatory attribute: maxReceiveCount.")),
        };
        let count =
            count.and_then(|count| u32::try_from(count).ok()).filter(|count| (1..=1000).contains(count));
        let max_receive_count = count
            .ok_or_else(|| refuse("Invalid value for maxReceiveCount: must be an integer from 1 to 1000."))?;
        Ok(Self { dead_letter_arn: arn.to_owned(), max_receive_count })
    }

    fn to_json(&self) -> String {
        serde_json::json!({
            "deadLetterTargetArn": self.dead_letter_arn,
            "maxReceiveCount": self.max_receive_count,
        })
        .to_string()
    }
}

fn bounded(name: &str, value: &str, low: u32, high: u32) -> Result<u32, SqsError> {
    let number = value.parse::<u32>().ok().filter(|number| (low..=high).contains(number));
    number.ok_or_else(|| invalid(name, &format!("{value:?} is not an integer from {low} to {high}.")))
}

fn invalid(name: &str, reason: &str) -> SqsError {
    SqsError::InvalidAttributeValue { name: name.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_within_bounds_only() {
        let mut attributes = QueueAttributes::default();
        attributes.set([("VisibilityTimeout", "5"), ("Policy", "{}")]).unwrap();
        assert_eq!(attributes.visibility_timeout, 5);
        assert_eq!(attributes.to_map()["Policy"], "{}");
        for (name, value) in
            [("DelaySeconds", "901"), ("VisibilityTimeout", "-1"), ("Policy", "x"), ("RedrivePolicy", "{}")]
        {
            let error = attributes.set([(name, value)]).unwrap_err();
            assert!(matches!(error, SqsError::InvalidAttributeValue { .. }), "{name}: {error}");
        }
        assert_eq!(
            attributes.set([("Colour", "red")]),
            Err(SqsError::UnknownAttribute { name: "Colour".into() })
        );
        assert_eq!(attributes.set([("FifoQueue", "true")]), Err(SqsError::Fifo));
    }

    #[test]
    fn reads_redrive_policies_with_numbers_and_texts() {
        let mut attributes = QueueAttributes::default();
        let arn = "arn:aws:sqs:us-east-1:000000000000:dlq";
        for count in ["3", "\"3\""] {
            let policy = format!("{{\"deadLetterTargetArn\":\"{arn}\",\"maxReceiveCount\":{count}}}");
            attributes.set([("RedrivePolicy", policy.as_str())]).unwrap();
            assert_eq!(attributes.redrive.as_ref().unwrap().max_receive_count, 3);
        }
        attributes.set([("RedrivePolicy", "")]).unwrap();
        assert_eq!(attributes.redrive, None);
    }
}
