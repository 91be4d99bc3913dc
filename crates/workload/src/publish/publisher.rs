//! The call to SNS.

use aws_config::SdkConfig;
use aws_sdk_sns::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::publish::PublishError as SnsError;

use super::{PublishError, check};
use crate::{ConfigError, aws};

/// The codes with which AWS services say "slow down".
/// <https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html>
const THROTTLING_CODES: &[&str] = &[
    "KMSThrottling",
    "KMSThrottlingException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// A message that the topic took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The ID that SNS gave to the message.
    pub message_id: String,
}

impl Published {
    /// The body of the answer, `{"messageId":"…"}`, to be sent with 200 as `application/json`.
    #[must_use]
    pub fn body(&self) -> String {
        serde_json::json!({ "messageId": self.message_id }).to_string()
    }
}

/// Publishes bodies of requests to one topic.
#[derive(Clone, Debug)]
pub struct Publisher {
    client: aws_sdk_sns::Client,
    topic_arn: String,
}

impl Publisher {
    /// A publisher for the topic that `TOPIC_ARN` names, with the region, endpoint and credentials of the AWS
    /// environment. No request is made.
    ///
    /// # Errors
    /// [`ConfigError`] when `TOPIC_ARN` is missing or is not an ARN.
    pub async fn from_env() -> Result<Publisher, ConfigError> {
        let topic_arn = topic_arn(std::env::var("TOPIC_ARN").ok())?;
        Ok(Publisher::new(&aws::loader().load().await, topic_arn))
    }

    /// A publisher for a topic.
    #[must_use]
    pub fn new(config: &SdkConfig, topic_arn: String) -> Publisher {
        Publisher { client: aws_sdk_sns::Client::new(config), topic_arn }
    }

    /// Publishes a body, exactly as it is.
    ///
    /// A call that fails in a way that may pass is tried up to three times within ten seconds in all.
    ///
    /// # Errors
    /// [`PublishError`]; what SNS said goes to the log only.
    pub async fn publish(&self, content_type: Option<&str>, body: &[u8]) -> Result<Published, PublishError> {
        let message = check(content_type, body)?;
        let answer = self.client.publish().topic_arn(&self.topic_arn).message(message).send().await;
        match answer {
            Ok(output) => output.message_id.map(|message_id| Published { message_id }).ok_or_else(|| {
                tracing::error!(topic = self.topic_arn, "SNS answered without a message ID");
                PublishError::NotAccepted
            }),
            Err(error) => {
                let refused = classify(&error);
                tracing::error!(
                    topic = self.topic_arn,
                    status = refused.status(),
                    error = %DisplayErrorContext(&error),
                    "SNS did not take the message"
                );
                Err(refused)
            }
        }
    }
}

fn topic_arn(value: Option<String>) -> Result<String, ConfigError> {
    const NAME: &str = "TOPIC_ARN";
    const MEANING: &str = "the ARN of the SNS topic that receives the messages";
    const EXAMPLE: &str = "arn:aws:sns:us-east-1:123456789012:messages";
    match value.filter(|value| !value.trim().is_empty()) {
        None => Err(ConfigError::Missing { name: NAME, meaning: MEANING, example: EXAMPLE }),
        Some(arn) if arn.starts_with("arn:") => Ok(arn),
        Some(value) => Err(ConfigError::Invalid { name: NAME, value, meaning: MEANING, example: EXAMPLE }),
    }
}

fn classify(error: &SdkError<SnsError>) -> PublishError {
    let Some(service_error) = error.as_service_error() else {
        return PublishError::NotAccepted;
    };
    let throttled_by_code = service_error.code().is_some_and(|code| THROTTLING_CODES.contains(&code));
    let throttled_by_status = error.raw_response().is_some_and(|response| response.status().as_u16() == 429);
    if throttled_by_code || throttled_by_status { PublishError::Throttled } else { PublishError::NotAccepted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_topic_is_named_with_the_way_out() {
        let error = topic_arn(None).unwrap_err().to_string();
        assert!(error.starts_with("TOPIC_ARN is not set: set it to the ARN of the SNS topic"), "{error}");
        assert_eq!(topic_arn(Some("  ".to_owned())), topic_arn(None), "blank is as good as missing");
    }

    #[test]
    fn a_topic_that_is_not_an_arn_is_shown() {
        let error = topic_arn(Some("messages".to_owned())).unwrap_err().to_string();
        assert!(error.contains("TOPIC_ARN is \"messages\""), "{error}");
    }

    #[test]
    fn the_answer_is_json_with_the_message_id() {
        let published = Published { message_id: "a-1".to_owned() };
        assert_eq!(published.body(), r#"{"messageId":"a-1"}"#);
    }
}
