//! The operations of CloudWatch Logs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{FilterPattern, LogEvent, LogGroup, LogStream, Logs, LogsError};
use crate::services::page::{Page, PageRequest};
use crate::wire::{ApiError, epoch_millis};

const MAX_EVENTS: usize = 10_000;
const PAGE: usize = 50;
/// Bytes of one page of events, as AWS limits it.
const MAX_PAGE_BYTES: usize = 1024 * 1024;

/// Runs one operation; `None` where the service has no such operation here.
pub(super) fn run(logs: &Logs, operation: &str, input: &Value) -> Option<Result<Value, ApiError>> {
    let done = |()| json!({});
    let result = match operation {
        "CreateLogGroup" => text(input, "logGroupName")
            .and_then(|name| logs.create_group(name, &tags(input)))
            .map(|_| json!({})),
        "DeleteLogGroup" => text(input, "logGroupName").and_then(|name| logs.delete_group(name)).map(done),
        "DescribeLogGroups" => describe_groups(logs, input),
        "PutRetentionPolicy" => group(logs, input).and_then(|group| {
            let days = input["retentionInDays"].as_u64().and_then(|days| u32::try_from(days).ok());
            group.set_retention(Some(days.unwrap_or(0))).map(done)
        }),
        "DeleteRetentionPolicy" => group(logs, input).and_then(|group| group.set_retention(None)).map(done),
        "CreateLogStream" => {
            group(logs, input).and_then(|group| group.create_stream(text(input, "logStreamName")?)).map(done)
        }
        "DeleteLogStream" => {
            group(logs, input).and_then(|group| group.delete_stream(text(input, "logStreamName")?)).map(done)
        }
        "DescribeLogStreams" => group(logs, input).and_then(|group| describe_streams(&group, input)),
        "PutLogEvents" => group(logs, input).and_then(|group| put_events(&group, input)),
        "GetLogEvents" => group(logs, input).and_then(|group| get_events(&group, input)),
        "FilterLogEvents" => group(logs, input).and_then(|group| filter_events(&group, input)),
        "TagResource" | "TagLogGroup" => tagged(logs, input).map(|group| {
            group.edit_tags(|all| all.extend(tags(input)));
            json!({})
        }),
        "UntagResource" | "UntagLogGroup" => tagged(logs, input).map(|group| {
            let keys = if input["tagKeys"].is_array() {
                strings(&input["tagKeys"])
            } else {
                strings(&input["tags"])
            };
            group.edit_tags(|all| all.retain(|key, _| !keys.contains(key)));
            json!({})
        }),
        "ListTagsForResource" | "ListTagsLogGroup" => {
            tagged(logs, input).map(|group| json!({"tags": group.tags()}))
        }
        _ => return None,
    };
    Some(result.map_err(ApiError::from))
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, LogsError> {
    input[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
        LogsError::invalid(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn group(logs: &Logs, input: &Value) -> Result<Arc<LogGroup>, LogsError> {
    match input["logGroupIdentifier"].as_str() {
        Some(identifier) => logs.group_by_identifier(identifier),
        None => logs.group(text(input, "logGroupName")?),
    }
}

fn tagged(logs: &Logs, input: &Value) -> Result<Arc<LogGroup>, LogsError> {
    match input["resourceArn"].as_str() {
        Some(arn) => logs.group_by_identifier(arn),
        None => group(logs, input),
    }
}

fn tags(input: &Value) -> BTreeMap<String, String> {
    let Value::Object(map) = &input["tags"] else { return BTreeMap::new() };
    map.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn limit(input: &Value, default: usize) -> usize {
    input["limit"]
        .as_u64()
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(default)
        .clamp(1, MAX_EVENTS)
}

/// A page of a list, with the token of the next page.
fn page<T>(items: Vec<T>, input: &Value, key: impl Fn(&T) -> &str) -> Result<Page<T>, LogsError> {
    let pages = PageRequest::of_json(input, "nextToken", "limit");
    pages.of(items, key, PAGE, PAGE).map_err(|error| LogsError::invalid(error.to_string()))
}

fn with_token(mut answer: Value, token: Option<String>) -> Value {
    if let Some(token) = token {
        answer["nextToken"] = Value::String(token);
    }
    answer
}

fn describe_groups(logs: &Logs, input: &Value) -> Result<Value, LogsError> {
    let prefix = input["logGroupNamePrefix"].as_str().unwrap_or_default();
    let pattern = input["logGroupNamePattern"].as_str().unwrap_or_default().to_lowercase();
    let mut groups = logs.groups();
    groups.retain(|group| group.name.starts_with(prefix) && group.name.to_lowercase().contains(&pattern));
    let page = page(groups, input, |group| &group.name)?;
    let described: Vec<Value> = page
        .items
        .iter()
        .map(|group| {
            let mut fields = json!({
                "logGroupName": group.name,
                "creationTime": group.created_at,
                "metricFilterCount": 0,
                "arn": format!("{}:*", group.arn),
                "logGroupArn": group.arn,
                "logGroupClass": "STANDARD",
                "storedBytes": group.stored_bytes(),
            });
            if let Some(days) = group.retention_days() {
                fields["retentionInDays"] = json!(days);
            }
            fields
        })
        .collect();
    Ok(with_token(json!({"logGroups": described}), page.next))
}

fn describe_streams(group: &LogGroup, input: &Value) -> Result<Value, LogsError> {
    let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
    let mut streams = group.streams();
    streams.retain(|stream| stream.name.starts_with(prefix));
    if input["orderBy"] == "LastEventTime" {
        streams.sort_by_key(|stream| stream.span().map(|(_, last, _)| last));
    }
    if input["descending"] == true {
        streams.reverse();
    }
    let page = page(streams, input, |stream| &stream.name)?;
    let described: Vec<Value> = page.items.iter().map(|stream| stream_json(group, stream)).collect();
    Ok(with_token(json!({"logStreams": described}), page.next))
}

fn stream_json(group: &LogGroup, stream: &LogStream) -> Value {
    let mut fields = json!({
        "logStreamName": stream.name,
        "creationTime": stream.created_at,
        "arn": format!("{}:log-stream:{}", group.arn, stream.name),
        "storedBytes": 0,
        "uploadSequenceToken": "0",
    });
    if let Some((first, last, ingested)) = stream.span() {
        fields["firstEventTimestamp"] = json!(first);
        fields["lastEventTimestamp"] = json!(last);
        fields["lastIngestionTime"] = json!(ingested);
    }
    fields
}

fn put_events(group: &LogGroup, input: &Value) -> Result<Value, LogsError> {
    let stream = group.stream(text(input, "logStreamName")?)?;
    let events = input["logEvents"].as_array().map(Vec::as_slice).unwrap_or_default();
    if events.is_empty() || events.len() > MAX_EVENTS {
        return Err(LogsError::invalid(format!(
            "1 validation error detected: 'logEvents' must have 1 to {MAX_EVENTS} members, not {}",
            events.len()
        )));
    }
    let mut last = i64::MIN;
    for event in events {
        let at =
            event["timestamp"].as_i64().ok_or_else(|| LogsError::invalid("an event has no timestamp"))?;
        if at < last {
            return Err(LogsError::invalid(
                "Log events in a single PutLogEvents request must be in chronological order.",
            ));
        }
        last = at;
        text(event, "message")?;
    }
    let now = epoch_millis();
    for event in events {
        let message = event["message"].as_str().unwrap_or_default().to_owned();
        stream.append(event["timestamp"].as_i64().unwrap_or(now), now, message);
    }
    Ok(json!({"nextSequenceToken": "0"}))
}

/// Events within `startTime` and `endTime`; the start is inclusive.
fn within(input: &Value) -> impl Fn(&LogEvent) -> bool {
    let start = input["startTime"].as_i64().unwrap_or(i64::MIN);
    let end = input["endTime"].as_i64().unwrap_or(i64::MAX);
    move |event| event.timestamp >= start && event.timestamp <= end
}

/// Tokens are `f/<events before>` and `b/<events before>`; a forward token that comes back unchanged means the end.
fn get_events(group: &LogGroup, input: &Value) -> Result<Value, LogsError> {
    let stream = group.stream(text(input, "logStreamName")?)?;
    let mut events = stream.events(group.oldest());
    events.retain(within(input));
    let size = limit(input, MAX_EVENTS);
    let (start, end) = match input["nextToken"].as_str().and_then(|token| token.split_once('/')) {
        Some((direction, position)) => {
            let at = position
                .parse::<usize>()
                .map_err(|_| LogsError::invalid("The specified nextToken is invalid."))?;
            let at = at.min(events.len());
            if direction == "b" { (at.saturating_sub(size), at) } else { (at, (at + size).min(events.len())) }
        }
        None if input["startFromHead"] == true => (0, size.min(events.len())),
        None => (events.len().saturating_sub(size), events.len()),
    };
    let shown: Vec<Value> = events[start..end]
        .iter()
        .map(|event| {
            json!({"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested_at})
        })
        .collect();
    Ok(json!({
        "events": shown,
        "nextForwardToken": format!("f/{end}"),
        "nextBackwardToken": format!("b/{start}"),
    }))
}

fn filter_events(group: &LogGroup, input: &Value) -> Result<Value, LogsError> {
    let pattern = FilterPattern::parse(input["filterPattern"].as_str().unwrap_or_default())?;
    let names = strings(&input["logStreamNames"]);
    let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
    if let Some(missing) = names.iter().find(|name| group.stream(name).is_err()) {
        tracing::debug!(stream = missing, "the log stream does not exist");
        return Err(LogsError::NoSuchStream);
    }
    let after = match input["nextToken"].as_str() {
        None => None,
        Some(token) => {
            let position = token
                .split_once('/')
                .and_then(|(at, number)| Some((at.parse::<i64>().ok()?, number.parse::<u64>().ok()?)));
            Some(position.ok_or_else(|| LogsError::invalid("The specified nextToken is invalid."))?)
        }
    };
    let in_time = within(input);
    let mut found: Vec<(LogEvent, String)> = Vec::new();
    for stream in group.streams() {
        if !stream.name.starts_with(prefix) || !(names.is_empty() || names.contains(&stream.name)) {
            continue;
        }
        let mut events = stream.events(group.oldest());
        events.retain(|event| {
            in_time(event)
                && after.is_none_or(|after| (event.timestamp, event.number) > after)
                && pattern.admits(&event.message)
        });
        found.extend(events.into_iter().map(|event| (event, stream.name.clone())));
    }
    found.sort_by_key(|(event, _)| (event.timestamp, event.number));
    let (mut size, mut bytes) = (0, 0);
    while size < found.len().min(limit(input, MAX_EVENTS)) && (size == 0 || bytes < MAX_PAGE_BYTES) {
        bytes += found[size].0.message.len();
        size += 1;
    }
    let token = (size < found.len()).then(|| {
        let last = &found[size - 1].0;
        format!("{}/{}", last.timestamp, last.number)
    });
    let events: Vec<Value> = found[..size]
        .iter()
        .map(|(event, stream)| {
            json!({
                "logStreamName": stream,
                "timestamp": event.timestamp,
                "message": event.message,
                "ingestionTime": event.ingested_at,
                "eventId": format!("{:056}", event.number),
            })
        })
        .collect();
    let mut answer = Map::new();
    answer.insert("events".into(), Value::Array(events));
    answer.insert("searchedLogStreams".into(), json!([]));
    Ok(with_token(Value::Object(answer), token))
}
