//! A message in a queue, and the attributes that callers give it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::SqsError;
use crate::services::sns::Notification;

/// What a message says. What SNS delivers stays unwritten until someone receives it, which keeps publishing cheap and
/// a long queue of envelopes small.
#[derive(Clone, Debug)]
pub enum MessageBody {
    Text(Box<str>),
    Notification(Arc<Notification>),
}

impl MessageBody {
    /// The text that receivers get.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Notification(notification) => Cow::Owned(notification.envelope()),
        }
    }
}

/// One attribute of a message: a type and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, with an optional label after a dot; SNS also has `String.Array`.
    pub data_type: String,
    pub value: AttributeValue,
}

/// The value of a message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    Text(String),
    Binary(Vec<u8>),
}

/// Attributes by name; the order is that of the digest.
pub type MessageAttributes = BTreeMap<String, MessageAttribute>;

impl MessageAttribute {
    /// Reads `{"DataType": …, "StringValue"|"BinaryValue": …}`.
    pub fn from_json(name: &str, value: &Value) -> Result<Self, SqsError> {
        let refuse = |message: String| SqsError::InvalidParameterValue { message };
        let data_type = value["DataType"].as_str().unwrap_or_default().to_owned();
        let base = data_type.split('.').next().unwrap_or_default();
        let value = match base {
            "String" | "Number" => {
                value["StringValue"].as_str().map(|text| AttributeValue::Text(text.to_owned()))
            }
            "Binary" => value["BinaryValue"]
                .as_str()
                .and_then(|text| STANDARD.decode(text).ok())
                .map(AttributeValue::Binary),
            _ => {
                return Err(refuse(format!(
                    "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String."
                )));
            }
        };
        let empty = match &value {
            None => true,
            Some(AttributeValue::Text(text)) => text.is_empty(),
            Some(AttributeValue::Binary(bytes)) => bytes.is_empty(),
        };
        match value {
            Some(value) if !empty => Ok(Self { data_type, value }),
            _ => Err(refuse(format!(
                "Message (user) attribute '{name}' must contain a non-empty value of type '{data_type}'."
            ))),
        }
    }

    /// The attribute as SQS's JSON gives it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.value {
            AttributeValue::Text(text) => json!({"StringValue": text, "DataType": self.data_type}),
            AttributeValue::Binary(bytes) => {
                json!({"BinaryValue": STANDARD.encode(bytes), "DataType": self.data_type})
            }
        }
    }

    /// Bytes of type and value, which count towards the message's size.
    #[must_use]
    pub fn size(&self) -> usize {
        let value = match &self.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        self.data_type.len() + value
    }
}

/// Reads a JSON object of message attributes; at most ten.
pub fn attributes_from_json(value: &Value) -> Result<MessageAttributes, SqsError> {
    let Value::Object(given) = value else { return Ok(MessageAttributes::new()) };
    if given.len() > 10 {
        let message =
            format!("Number of message attributes [{}] exceeds the allowed maximum [10].", given.len());
        return Err(SqsError::InvalidParameterValue { message });
    }
    given.iter().map(|(name, value)| Ok((name.clone(), MessageAttribute::from_json(name, value)?))).collect()
}

/// The attributes as SQS's JSON gives them.
pub fn attributes_to_json(attributes: &MessageAttributes) -> Value {
    let map: Map<String, Value> =
        attributes.iter().map(|(name, attribute)| (name.clone(), attribute.to_json())).collect();
    Value::Object(map)
}

/// The MD5 of a text in hexadecimal.
pub fn md5_hex(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// The MD5 over message attributes that SDKs check.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation>
pub fn md5_of_attributes(attributes: &MessageAttributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut encoded: Vec<(&[u8], u8)> = Vec::new();
    for (name, attribute) in attributes {
        encoded.push((name.as_bytes(), 0));
        encoded.push((attribute.data_type.as_bytes(), 0));
        match &attribute.value {
            AttributeValue::Text(text) => encoded.push((text.as_bytes(), 1)),
            AttributeValue::Binary(bytes) => encoded.push((bytes, 2)),
        }
    }
    let mut digest = Md5::new();
    for (bytes, transport) in encoded {
        if transport > 0 {
            digest.update([transport]);
        }
        digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(bytes);
    }
    Some(hex::encode(digest.finalize()))
}

/// A message that was received, with the handle that deletes it.
#[derive(Clone, Debug)]
pub struct Received {
    pub id: String,
    pub receipt_handle: String,
    pub body: String,
    pub attributes: MessageAttributes,
    /// Milliseconds since the epoch.
    pub sent_at: i64,
    pub first_received_at: i64,
    pub receive_count: u32,
    /// The account or service that sent it.
    pub sender_id: String,
    pub trace_header: Option<String>,
    /// The queue that this message was moved from after too many receives.
    pub dead_letter_source: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(data_type: &str, value: &str) -> MessageAttribute {
        let value = json!({"DataType": data_type, "StringValue": value});
        MessageAttribute::from_json("a", &value).unwrap()
    }

    #[test]
    fn digests_as_the_documentation_says() {
        assert_eq!(md5_hex(b"hello"), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(md5_of_attributes(&MessageAttributes::new()), None);
        let attributes = MessageAttributes::from([("a".to_owned(), attribute("String", "b"))]);
        let mut expected = Vec::new();
        expected.extend_from_slice(&[0, 0, 0, 1, b'a', 0, 0, 0, 6]);
        expected.extend_from_slice(b"String");
        expected.extend_from_slice(&[1, 0, 0, 0, 1, b'b']);
        assert_eq!(md5_of_attributes(&attributes), Some(md5_hex(&expected)));
    }

    #[test]
    fn refuses_attributes_without_type_or_value() {
        for value in [json!({"StringValue": "x"}), json!({"DataType": "String", "StringValue": ""})] {
            assert!(MessageAttribute::from_json("a", &value).is_err(), "{value}");
        }
    }
}
