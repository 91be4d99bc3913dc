//! Calls to SNS.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html>

use std::collections::BTreeMap;

use asl::TaskError;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::{Names, Refusal, RoleTasks, Style, members, with_metadata};
use crate::services::sns::{PublishInput, SnsError};
use crate::services::sqs::{AttributeValue, MessageAttribute};
use crate::wire::ApiError;

const NAMES: Names = Names { optimized: "SNS", optimized_other: "AmazonSNSException", sdk: "Sns" };
const MEMBERS: [&str; 6] =
    ["TopicArn", "TargetArn", "Message", "Subject", "MessageStructure", "MessageAttributes"];

/// Publishes a message. An optimized integration takes any JSON as the message and sends it as text.
pub(super) fn publish(tasks: &RoleTasks, style: Style, arguments: Value) -> Result<Value, TaskError> {
    let refuse = |refusal: Refusal| refusal.into_error(style, &NAMES);
    let arguments = members(arguments, &MEMBERS)?;
    let topic = text(&arguments, "TopicArn").or_else(|| text(&arguments, "TargetArn")).unwrap_or_default();
    tasks.may("sns:Publish", topic).map_err(refuse)?;
    let input = input(&arguments).map_err(|error| refuse(refusal(error)))?;
    let id = tasks.services.sns.publish(topic, input).map_err(|error| refuse(refusal(error)))?;
    let answer = Map::from_iter([("MessageId".to_owned(), Value::String(id.to_string()))]);
    Ok(match style {
        Style::Optimized => with_metadata(answer),
        Style::Sdk => Value::Object(answer),
    })
}

fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Value::as_str)
}

fn input(arguments: &Map<String, Value>) -> Result<PublishInput, SnsError> {
    let message = match arguments.get("Message") {
        None => String::new(),
        Some(Value::String(message)) => message.clone(),
        Some(message) => message.to_string(),
    };
    let by_protocol = match text(arguments, "MessageStructure") {
        None | Some("") => false,
        Some("json") => true,
        Some(_) => return Err(SnsError::invalid("MessageStructure")),
    };
    let mut attributes = BTreeMap::new();
    for (name, attribute) in
        arguments.get("MessageAttributes").and_then(Value::as_object).into_iter().flatten()
    {
        let invalid = || SnsError::ParameterValueInvalid {
            message: format!(
                "The message attribute '{name}' must contain a non-empty message attribute value."
            ),
        };
        let value = match (attribute["StringValue"].as_str(), attribute["BinaryValue"].as_str()) {
            (Some(value), None) => AttributeValue::Text(value.to_owned()),
            (None, Some(value)) => {
                AttributeValue::Binary(BASE64_STANDARD.decode(value).map_err(|_| invalid())?)
            }
            _ => return Err(invalid()),
        };
        let data_type = attribute["DataType"].as_str().ok_or_else(invalid)?.to_owned();
        attributes.insert(name.clone(), MessageAttribute { data_type, value });
    }
    Ok(PublishInput {
        message,
        subject: text(arguments, "Subject").map(str::to_owned),
        by_protocol,
        attributes,
    })
}

fn refusal(error: SnsError) -> Refusal {
    let error = ApiError::from(error);
    Refusal { code: Some(error.code), status: error.status.as_u16(), message: error.message }
}
