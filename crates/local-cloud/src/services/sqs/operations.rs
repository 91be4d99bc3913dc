//! The operations of SQS on JSON values, which both wire protocols share.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::message::{attributes_from_json, attributes_to_json, md5_hex, md5_of_attributes};
use super::{MessageAttributes, MessageBody, NewMessage, Queue, Received, Sqs, SqsError};
use crate::services::page::PageRequest;
use crate::wire::ApiError;

const MAX_BATCH: usize = 10;
const MAX_BATCH_BYTES: usize = 1_048_576;

/// Runs one operation; `None` where SQS has no such operation here.
pub(super) async fn run(sqs: &Sqs, operation: &str, input: &Value) -> Option<Result<Value, ApiError>> {
    let result = match operation {
        "CreateQueue" => create_queue(sqs, input),
        "DeleteQueue" => {
            queue(sqs, input).and_then(|queue| sqs.delete_queue(&queue.name)).map(|()| json!({}))
        }
        "ListQueues" => list_queues(sqs, input),
        "GetQueueUrl" => text(input, "QueueName")
            .and_then(|name| sqs.queue(name))
            .map(|queue| json!({"QueueUrl": queue.url})),
        "GetQueueAttributes" => queue(sqs, input).and_then(|queue| get_attributes(&queue, input)),
        "SetQueueAttributes" => queue(sqs, input)
            .and_then(|queue| sqs.set_queue_attributes(&queue.name, &string_map(&input["Attributes"])))
            .map(|()| json!({})),
        "PurgeQueue" => queue(sqs, input).and_then(|queue| queue.purge()).map(|()| json!({})),
        "TagQueue" => queue(sqs, input).map(|queue| {
            queue.edit_tags(|tags| tags.extend(string_map(&input["Tags"])));
            json!({})
        }),
        "UntagQueue" => queue(sqs, input).map(|queue| {
            let keys = strings(&input["TagKeys"]);
            queue.edit_tags(|tags| tags.retain(|key, _| !keys.contains(key)));
            json!({})
        }),
        "ListQueueTags" => queue(sqs, input).map(|queue| json!({"Tags": queue.tags()})),
        "ListDeadLetterSourceQueues" => {
            queue(sqs, input).and_then(|queue| dead_letter_sources(sqs, &queue, input))
        }
        "SendMessage" => queue(sqs, input).and_then(|queue| send(sqs, &queue, input)),
        "SendMessageBatch" => queue(sqs, input).and_then(|queue| send_batch(sqs, &queue, input)),
        "ReceiveMessage" => match queue(sqs, input) {
            Ok(queue) => receive(sqs, &queue, input).await,
            Err(error) => Err(error),
        },
        "DeleteMessage" => queue(sqs, input)
            .and_then(|queue| queue.delete(text(input, "ReceiptHandle")?))
            .map(|()| json!({})),
        "DeleteMessageBatch" => queue(sqs, input).and_then(|queue| {
            batch(input, "DeleteMessageBatchRequestEntry", |entry| {
                queue.delete(text(entry, "ReceiptHandle")?).map(|()| json!({}))
            })
        }),
        "ChangeMessageVisibility" => {
            queue(sqs, input).and_then(|queue| change_visibility(&queue, input)).map(|()| json!({}))
        }
        "ChangeMessageVisibilityBatch" => queue(sqs, input).and_then(|queue| {
            batch(input, "ChangeMessageVisibilityBatchRequestEntry", |entry| {
                change_visibility(&queue, entry).map(|()| json!({}))
            })
        }),
        _ => return None,
    };
    Some(result.map_err(ApiError::from))
}

fn queue(sqs: &Sqs, input: &Value) -> Result<Arc<Queue>, SqsError> {
    sqs.queue_by_url(text(input, "QueueUrl")?)
}

fn text<'a>(input: &'a Value, name: &'static str) -> Result<&'a str, SqsError> {
    input[name].as_str().filter(|text| !text.is_empty()).ok_or(SqsError::MissingParameter { name })
}

fn string_map(value: &Value) -> BTreeMap<String, String> {
    let Value::Object(map) = value else { return BTreeMap::new() };
    map.iter()
        .map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// A number within bounds, sent as a number or as a text; `None` where it was not sent.
fn number(input: &Value, name: &str, low: i64, high: i64) -> Result<Option<u32>, SqsError> {
    let value = match &input[name] {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    match value.filter(|value| (low..=high).contains(value)).and_then(|value| u32::try_from(value).ok()) {
        Some(value) => Ok(Some(value)),
        None => Err(SqsError::InvalidParameterValue {
            message: format!(
                "Value {} for parameter {name} is invalid. Reason: Must be between {low} and {high}, if provided.",
                input[name].as_str().map_or_else(|| input[name].to_string(), str::to_owned)
            ),
        }),
    }
}

fn create_queue(sqs: &Sqs, input: &Value) -> Result<Value, SqsError> {
    let tags = if input["tags"].is_object() { &input["tags"] } else { &input["Tags"] };
    let queue =
        sqs.create_queue(text(input, "QueueName")?, &string_map(&input["Attributes"]), &string_map(tags))?;
    Ok(json!({"QueueUrl": queue.url}))
}

fn list_queues(sqs: &Sqs, input: &Value) -> Result<Value, SqsError> {
    let prefix = input["QueueNamePrefix"].as_str().unwrap_or_default();
    let mut queues = sqs.queues();
    queues.retain(|queue| queue.name.starts_with(prefix));
    let (urls, token) = page_of_urls(queues, input)?;
    let mut answer = Map::new();
    if !urls.is_empty() {
        answer.insert("QueueUrls".into(), json!(urls));
    }
    // Who names no size gets the first thousand queues and no token.
    if let Some(token) = token.filter(|_| !input["MaxResults"].is_null()) {
        answer.insert("NextToken".into(), token.into());
    }
    Ok(Value::Object(answer))
}

/// URLs of a page of queues, and the token of the next page.
fn page_of_urls(queues: Vec<Arc<Queue>>, input: &Value) -> Result<(Vec<String>, Option<String>), SqsError> {
    let page = PageRequest::of_json(input, "NextToken", "MaxResults")
        .of(queues, |queue| &queue.name, 1000, 1000)
        .map_err(|error| SqsError::InvalidParameterValue { message: error.to_string() })?;
    Ok((page.items.iter().map(|queue| queue.url.clone()).collect(), page.next))
}

fn dead_letter_sources(sqs: &Sqs, target: &Queue, input: &Value) -> Result<Value, SqsError> {
    let points_here = |queue: &Arc<Queue>| {
        queue.attributes().redrive.is_some_and(|redrive| redrive.dead_letter_arn == target.arn)
    };
    let sources: Vec<Arc<Queue>> = sqs.queues().into_iter().filter(points_here).collect();
    let (urls, token) = page_of_urls(sources, input)?;
    let mut answer = json!({"queueUrls": urls});
    if let Some(token) = token {
        answer["NextToken"] = token.into();
    }
    Ok(answer)
}

fn get_attributes(queue: &Queue, input: &Value) -> Result<Value, SqsError> {
    let mut all = queue.attributes().to_map();
    let counts = queue.counts();
    let seconds = |millis: i64| (millis / 1000).to_string();
    all.insert("QueueArn".into(), queue.arn.clone());
    all.insert("CreatedTimestamp".into(), seconds(queue.created_at));
    all.insert("LastModifiedTimestamp".into(), seconds(queue.modified_at()));
    all.insert("ApproximateNumberOfMessages".into(), counts.visible.to_string());
    all.insert("ApproximateNumberOfMessagesNotVisible".into(), counts.in_flight.to_string());
    all.insert("ApproximateNumberOfMessagesDelayed".into(), counts.delayed.to_string());
    let names = strings(&input["AttributeNames"]);
    if !names.iter().any(|name| name == "All") {
        const KNOWN: [&str; 4] = ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"];
        let optional = |name: &str| KNOWN.contains(&name) || name == "KmsDataKeyReusePeriodSeconds";
        if let Some(name) = names.iter().find(|name| !all.contains_key(*name) && !optional(name)) {
            return Err(SqsError::UnknownAttribute { name: name.clone() });
        }
        all.retain(|name, _| names.contains(name));
    }
    Ok(if all.is_empty() { json!({}) } else { json!({"Attributes": all}) })
}

/// Reads a message from an input or a batch entry and checks it; gives its size as well.
fn read_message(sqs: &Sqs, queue: &Queue, input: &Value) -> Result<(NewMessage, usize), SqsError> {
    let body = text(input, "MessageBody")?;
    let legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if !body.chars().all(legal) {
        return Err(SqsError::InvalidMessageContents);
    }
    let attributes = attributes_from_json(&input["MessageAttributes"])?;
    let size =
        body.len() + attributes.iter().map(|(name, attribute)| name.len() + attribute.size()).sum::<usize>();
    let limit = queue.attributes().maximum_message_size as usize;
    if size > limit {
        let message = format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        );
        return Err(SqsError::InvalidParameterValue { message });
    }
    let trace = input["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"].as_str();
    let message = NewMessage {
        body: MessageBody::Text(body.into()),
        attributes,
        sender_id: sqs.context.account.clone(),
        trace_header: trace.map(str::to_owned),
        delay: number(input, "DelaySeconds", 0, 900)?,
    };
    Ok((message, size))
}

fn send_checked(queue: &Queue, message: NewMessage) -> Value {
    let body = md5_hex(message.body.text().as_bytes());
    let attributes = md5_of_attributes(&message.attributes);
    let id = queue.send(message);
    let mut answer = json!({"MessageId": id.to_string(), "MD5OfMessageBody": body});
    if let Some(digest) = attributes {
        answer["MD5OfMessageAttributes"] = Value::String(digest);
    }
    answer
}

fn send(sqs: &Sqs, queue: &Queue, input: &Value) -> Result<Value, SqsError> {
    let (message, _size) = read_message(sqs, queue, input)?;
    Ok(send_checked(queue, message))
}

fn send_batch(sqs: &Sqs, queue: &Queue, input: &Value) -> Result<Value, SqsError> {
    let entries = entries(input, "SendMessageBatchRequestEntry")?;
    let sent: usize = entries.iter().filter_map(|entry| entry["MessageBody"].as_str()).map(str::len).sum();
    if sent > MAX_BATCH_BYTES {
        return Err(SqsError::BatchTooLong { limit: MAX_BATCH_BYTES, sent });
    }
    batch(input, "SendMessageBatchRequestEntry", |entry| send(sqs, queue, entry))
}

async fn receive(sqs: &Sqs, queue: &Queue, input: &Value) -> Result<Value, SqsError> {
    let max = number(input, "MaxNumberOfMessages", 1, 10)?.unwrap_or(1) as usize;
    let visibility = number(input, "VisibilityTimeout", 0, 43_200)?;
    let wait = number(input, "WaitTimeSeconds", 0, 20)?.unwrap_or_else(|| queue.attributes().receive_wait);
    let mut system = strings(&input["AttributeNames"]);
    system.extend(strings(&input["MessageSystemAttributeNames"]));
    let wanted = strings(&input["MessageAttributeNames"]);
    let received = sqs.receive(queue, max, visibility, Duration::from_secs(u64::from(wait))).await;
    let messages: Vec<Value> =
        received.into_iter().map(|message| message_json(message, &system, &wanted)).collect();
    Ok(if messages.is_empty() { json!({}) } else { json!({"Messages": messages}) })
}

fn message_json(message: Received, system: &[String], wanted: &[String]) -> Value {
    let mut known = vec![
        ("SenderId", message.sender_id),
        ("SentTimestamp", message.sent_at.to_string()),
        ("ApproximateReceiveCount", message.receive_count.to_string()),
        ("ApproximateFirstReceiveTimestamp", message.first_received_at.to_string()),
    ];
    known.extend(message.trace_header.map(|header| ("AWSTraceHeader", header)));
    known.extend(message.dead_letter_source.map(|source| ("DeadLetterQueueSourceArn", source)));
    let all = system.iter().any(|name| name == "All");
    let attributes: Map<String, Value> = known
        .into_iter()
        .filter(|(name, _)| all || system.iter().any(|wanted| wanted == name))
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect();
    let chosen: MessageAttributes =
        message.attributes.into_iter().filter(|(name, _)| is_wanted(name, wanted)).collect();
    let mut answer = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": md5_hex(message.body.as_bytes()),
        "Body": message.body,
    });
    if !attributes.is_empty() {
        answer["Attributes"] = Value::Object(attributes);
    }
    if let Some(digest) = md5_of_attributes(&chosen) {
        answer["MD5OfMessageAttributes"] = Value::String(digest);
        answer["MessageAttributes"] = attributes_to_json(&chosen);
    }
    answer
}

/// Names may end with `.*`, and `All` is every attribute.
fn is_wanted(name: &str, wanted: &[String]) -> bool {
    wanted.iter().any(|pattern| match pattern.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == "All" || pattern == name,
    })
}

fn change_visibility(queue: &Queue, input: &Value) -> Result<(), SqsError> {
    let seconds = number(input, "VisibilityTimeout", 0, 43_200)?;
    let seconds = seconds.ok_or(SqsError::MissingParameter { name: "VisibilityTimeout" })?;
    queue.change_visibility(text(input, "ReceiptHandle")?, seconds)
}

fn entries<'a>(input: &'a Value, kind: &'static str) -> Result<&'a [Value], SqsError> {
    let entries = input["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        return Err(SqsError::EmptyBatch { entry: kind });
    }
    if entries.len() > MAX_BATCH {
        return Err(SqsError::TooManyEntries { sent: entries.len() });
    }
    let mut seen = HashSet::new();
    for entry in entries {
        let id = text(entry, "Id")?;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if id.len() > 80 || !id.bytes().all(legal) {
            return Err(SqsError::InvalidEntryId);
        }
        if !seen.insert(id) {
            return Err(SqsError::IdsNotDistinct { id: id.to_owned() });
        }
    }
    Ok(entries)
}

/// Runs every entry of a batch; an entry's failure does not touch the others.
fn batch(
    input: &Value,
    kind: &'static str,
    mut run: impl FnMut(&Value) -> Result<Value, SqsError>,
) -> Result<Value, SqsError> {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries(input, kind)? {
        let id = &entry["Id"];
        match run(entry) {
            Ok(mut answer) => {
                answer["Id"] = id.clone();
                successful.push(answer);
            }
            Err(error) => {
                let error = ApiError::from(error);
                failed.push(json!({
                    "Id": id, "Code": error.code, "Message": error.message, "SenderFault": true,
                }));
            }
        }
    }
    Ok(json!({"Successful": successful, "Failed": failed}))
}
