//! What subscribers get: the envelope around a message.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html>

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::services::sqs::{AttributeValue, MessageAttribute};
use crate::signature;
use crate::wire::iso_millis;

/// A message as it was published, with the text that one protocol gets.
#[derive(Debug)]
pub struct Published {
    pub message_id: uuid::Uuid,
    pub topic_arn: Arc<str>,
    pub subject: Option<String>,
    pub message: Box<str>,
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Signs the envelopes of this topic.
    pub signer: Arc<Signer>,
}

/// One published message on its way to one subscription.
#[derive(Debug)]
pub struct Notification {
    pub published: Arc<Published>,
    pub subscription_arn: Arc<str>,
}

/// Makes the `Signature` of envelopes.
///
/// It is a keyed digest (HMAC-SHA256) and not AWS's RSA signature: nobody outside AWS has the key for the certificate
/// under `SigningCertURL`, and a signature per message would cost more than the rest of publishing.
#[derive(Debug)]
pub struct Signer {
    pub endpoint: String,
    pub region: String,
    key: [u8; 16],
}

impl Signer {
    pub(super) fn new(endpoint: &str, region: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            region: region.to_owned(),
            key: *uuid::Uuid::new_v4().as_bytes(),
        }
    }

    /// The signature over the fields that AWS signs, each as name, line feed, value, line feed.
    fn sign(&self, fields: &[(&str, &str)]) -> String {
        let mut text = String::new();
        for (name, value) in fields {
            let _infallible = write!(text, "{name}\n{value}\n");
        }
        STANDARD.encode(signature::hmac(&self.key, text.as_bytes()))
    }

    fn certificate(&self) -> String {
        format!(
            "https://sns.{}.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem",
            self.region
        )
    }
}

impl Notification {
    /// The JSON envelope, laid out as SNS lays it out.
    #[must_use]
    pub fn envelope(&self) -> String {
        let published = &self.published;
        let (id, timestamp) = (published.message_id.to_string(), iso_millis(published.at));
        let mut to_sign = vec![("Message", &*published.message), ("MessageId", id.as_str())];
        to_sign.extend(published.subject.as_deref().map(|subject| ("Subject", subject)));
        to_sign.extend([
            ("Timestamp", timestamp.as_str()),
            ("TopicArn", &*published.topic_arn),
            ("Type", "Notification"),
        ]);
        let signer = &published.signer;
        let signature = signer.sign(&to_sign);
        let unsubscribe =
            format!("{}/?Action=Unsubscribe&SubscriptionArn={}", signer.endpoint, self.subscription_arn);
        let mut fields =
            vec![("Type", "Notification"), ("MessageId", id.as_str()), ("TopicArn", &*published.topic_arn)];
        fields.extend(published.subject.as_deref().map(|subject| ("Subject", subject)));
        let certificate = signer.certificate();
        fields.extend([
            ("Message", &*published.message),
            ("Timestamp", timestamp.as_str()),
            ("SignatureVersion", "1"),
            ("Signature", signature.as_str()),
            ("SigningCertURL", certificate.as_str()),
            ("UnsubscribeURL", unsubscribe.as_str()),
        ]);
        let mut envelope = write_fields(&fields);
        if !published.attributes.is_empty() {
            envelope.push_str(",\n  \"MessageAttributes\" : {");
            for (index, (name, attribute)) in published.attributes.iter().enumerate() {
                let value = match &attribute.value {
                    AttributeValue::Text(text) => json_text(text),
                    AttributeValue::Binary(bytes) => json_text(&STANDARD.encode(bytes)),
                };
                let comma = if index == 0 { "" } else { "," };
                let (name, kind) = (json_text(name), json_text(&attribute.data_type));
                let _infallible =
                    write!(envelope, "{comma}\n    {name} : {{\"Type\":{kind},\"Value\":{value}}}");
            }
            envelope.push_str("\n  }");
        }
        envelope.push_str("\n}");
        envelope
    }
}

/// The envelope that asks an HTTP endpoint to confirm its subscription.
pub(super) fn confirmation(
    signer: &Signer,
    topic_arn: &str,
    message_id: &str,
    token: &str,
    at: i64,
) -> String {
    let message = format!(
        "You have chosen to subscribe to the topic {topic_arn}.\nTo confirm the subscription, visit the SubscribeURL included in this message."
    );
    let url = format!("{}/?Action=ConfirmSubscription&TopicArn={topic_arn}&Token={token}", signer.endpoint);
    let timestamp = iso_millis(at);
    let signature = signer.sign(&[
        ("Message", &message),
        ("MessageId", message_id),
        ("SubscribeURL", &url),
        ("Timestamp", &timestamp),
        ("Token", token),
        ("TopicArn", topic_arn),
        ("Type", "SubscriptionConfirmation"),
    ]);
    let mut envelope = write_fields(&[
        ("Type", "SubscriptionConfirmation"),
        ("MessageId", message_id),
        ("Token", token),
        ("TopicArn", topic_arn),
        ("Message", &message),
        ("SubscribeURL", &url),
        ("Timestamp", &timestamp),
        ("SignatureVersion", "1"),
        ("Signature", &signature),
        ("SigningCertURL", &signer.certificate()),
    ]);
    envelope.push_str("\n}");
    envelope
}

fn write_fields(fields: &[(&str, &str)]) -> String {
    let mut out = String::from("{");
    for (index, (name, value)) in fields.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _infallible = write!(out, "{comma}\n  \"{name}\" : {}", json_text(value));
    }
    out
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_envelope() {
        let signer = Arc::new(Signer::new("http://127.0.0.1:1", "us-east-1"));
        let attribute =
            MessageAttribute { data_type: "String".into(), value: AttributeValue::Text("b".into()) };
        let published = Published {
            message_id: uuid::Uuid::nil(),
            topic_arn: "arn:t".into(),
            subject: Some("S".into()),
            message: "a \"quoted\"\nline 🦃".into(),
            attributes: BTreeMap::from([("a".to_owned(), attribute)]),
            at: 1_700_000_000_123,
            signer,
        };
        let notification =
            Notification { published: Arc::new(published), subscription_arn: "arn:t:s".into() };
        let envelope = notification.envelope();
        let start = "{\n  \"Type\" : \"Notification\",\n  \"MessageId\" : \"00000000-0000-0000-0000-000000000000\",\n  \"TopicArn\" : \"arn:t\",\n  \"Subject\" : \"S\",";
        assert!(envelope.starts_with(start), "{envelope}");
        let value: serde_json::Value = serde_json::from_str(&envelope).unwrap();
        assert_eq!(value["Message"], "a \"quoted\"\nline 🦃");
        assert_eq!(value["Timestamp"], "2023-11-14T22:13:20.123Z");
        assert_eq!(value["MessageAttributes"]["a"]["Value"], "b");
        assert_eq!(value["UnsubscribeURL"], "http://127.0.0.1:1/?Action=Unsubscribe&SubscriptionArn=arn:t:s");
        assert_eq!(notification.envelope(), envelope, "two receives of one message agree");
    }
}
