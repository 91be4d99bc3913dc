//! Events as `GetExecutionHistory` and the logs tell them.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

use asl::{Details, Event, Failure, Iteration};
use serde_json::{Map, Value, json};

/// How much of inputs and outputs an event holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// None of it.
    Without,
    /// All of it.
    Whole,
    /// What has at most this many bytes as JSON in a JSON text; what is longer is left out and marked as truncated.
    UpTo(usize),
}

/// The seconds since the epoch, with milliseconds, as JSON protocols write times.
pub(super) fn seconds(millis: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double until the year 287396")]
    let seconds = millis as f64 / 1000.0;
    json!(seconds)
}

/// An event of `GetExecutionHistory`.
pub(super) fn history_event(event: &Event, role_arn: &str, region: &str, data: Data) -> Map<String, Value> {
    let type_name = event.details.type_name();
    let members = located(&event.details, role_arn, region, data);
    let millis = i64::try_from(event.time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    entry((event.id, event.previous), millis, &type_name, members)
}

/// An event from its parts; `ids` are its own and that of the event before it.
pub(super) fn entry(
    ids: (u64, u64),
    millis: i64,
    type_name: &str,
    members: Map<String, Value>,
) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("timestamp".to_owned(), seconds(millis));
    entry.insert("type".to_owned(), type_name.into());
    entry.insert("id".to_owned(), ids.0.into());
    entry.insert("previousEventId".to_owned(), ids.1.into());
    if let Some(member) = member_of(type_name).filter(|_| !members.is_empty()) {
        entry.insert(member, Value::Object(members));
    }
    entry
}

/// The member that holds the details of an event: all states share one for entering and one for leaving.
fn member_of(type_name: &str) -> Option<String> {
    if type_name.ends_with("StateEntered") {
        return Some("stateEnteredEventDetails".to_owned());
    }
    if type_name.ends_with("StateExited") {
        return Some("stateExitedEventDetails".to_owned());
    }
    let mut letters = type_name.chars();
    let first = letters.next()?.to_ascii_lowercase();
    Some(format!("{first}{}EventDetails", letters.as_str()))
}

/// What an event tells, with what only the execution knows.
pub(super) fn located(event: &Details, role_arn: &str, region: &str, data: Data) -> Map<String, Value> {
    let mut members = details(event, data);
    match event {
        Details::ExecutionStarted { .. } => add_text(&mut members, "roleArn", role_arn),
        Details::TaskScheduled { .. } if members.contains_key("resourceType") => {
            add_text(&mut members, "region", region);
        }
        _ => {}
    }
    members
}

/// What an event tells, without type, time and numbers.
fn details(details: &Details, data: Data) -> Map<String, Value> {
    let mut members = Map::new();
    match details {
        Details::ExecutionStarted { input } => add_data(&mut members, "input", input, data),
        Details::ExecutionSucceeded { output } => add_data(&mut members, "output", output, data),
        Details::ExecutionFailed(failure) | Details::ExecutionTimedOut(failure) => {
            add_failure(&mut members, failure);
        }
        Details::StateEntered { name, input, .. } => {
            add_text(&mut members, "name", name);
            add_data(&mut members, "input", input, data);
        }
        Details::StateExited { name, output, assigned, .. } => {
            add_text(&mut members, "name", name);
            add_data(&mut members, "output", output, data);
            add_assigned(&mut members, assigned, data);
        }
        Details::TaskScheduled { resource, arguments, timeout_seconds, heartbeat_seconds } => {
            if add_resource(&mut members, resource) {
                add_text(&mut members, "resource", resource);
                add_data(&mut members, "input", arguments, data);
            } else if data != Data::Without {
                members.insert("parameters".to_owned(), arguments.to_string().into());
            }
            let seconds = [("timeoutInSeconds", timeout_seconds), ("heartbeatInSeconds", heartbeat_seconds)];
            for (name, seconds) in seconds {
                if let Some(seconds) = seconds {
                    members.insert(name.to_owned(), (*seconds).into());
                }
            }
        }
        Details::TaskStarted { resource } => {
            add_resource(&mut members, resource);
        }
        Details::TaskSucceeded { resource, output } => {
            add_resource(&mut members, resource);
            add_data(&mut members, "output", output, data);
        }
        Details::TaskFailed { resource, failure } | Details::TaskTimedOut { resource, failure } => {
            add_resource(&mut members, resource);
            add_failure(&mut members, failure);
        }
        Details::EvaluationFailed { state, failure } => {
            add_text(&mut members, "state", state);
            add_failure(&mut members, failure);
        }
        Details::MapStateStarted { length } => {
            members.insert("length".to_owned(), (*length).into());
        }
        Details::MapIterationStarted(iteration)
        | Details::MapIterationSucceeded(iteration)
        | Details::MapIterationFailed(iteration) => add_iteration(&mut members, iteration),
        // What the API tells nothing more about.
        _ => {}
    }
    members
}

fn add_text(members: &mut Map<String, Value>, name: &str, text: &str) {
    members.insert(name.to_owned(), text.into());
}

/// Adds a payload as JSON text, and whether it was cut.
fn add_data(members: &mut Map<String, Value>, name: &str, value: &Value, data: Data) {
    let limit = match data {
        Data::Without => return,
        Data::Whole => usize::MAX,
        Data::UpTo(limit) => limit,
    };
    let text = value.to_string();
    let truncated = text.len() > limit;
    if !truncated {
        members.insert(name.to_owned(), text.into());
    }
    members.insert(format!("{name}Details"), json!({"truncated": truncated}));
}

fn add_assigned(members: &mut Map<String, Value>, assigned: &Map<String, Value>, data: Data) {
    if data == Data::Without || assigned.is_empty() {
        return;
    }
    let texts = assigned.iter().map(|(name, value)| (name.clone(), Value::String(value.to_string())));
    members.insert("assignedVariables".to_owned(), Value::Object(texts.collect()));
    members.insert("assignedVariablesDetails".to_owned(), json!({"truncated": false}));
}

fn add_failure(members: &mut Map<String, Value>, failure: &Failure) {
    for (name, text) in [("error", &failure.error), ("cause", &failure.cause)] {
        if let Some(text) = text {
            add_text(members, name, text);
        }
    }
}

fn add_iteration(members: &mut Map<String, Value>, iteration: &Iteration) {
    add_text(members, "name", &iteration.name);
    members.insert("index".to_owned(), iteration.index.into());
}

/// Adds `resourceType` and `resource` of an integration; true for the ARN of a function, whose events have none.
fn add_resource(members: &mut Map<String, Value>, resource: &str) -> bool {
    let Some((_, integration)) = resource.split_once(":::") else { return true };
    let (kind, action) = integration.rsplit_once(':').unwrap_or(("", integration));
    add_text(members, "resourceType", kind);
    add_text(members, "resource", action);
    false
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    fn event(details: Details) -> Value {
        let event = Event { id: 3, previous: 2, time: OffsetDateTime::UNIX_EPOCH, details };
        Value::Object(history_event(&event, "arn:role", "us-east-1", Data::Whole))
    }

    #[test]
    fn events_have_the_members_of_their_type() {
        let started = event(Details::ExecutionStarted { input: json!({"a": 1}) });
        assert_eq!(
            started,
            json!({"timestamp": 0.0, "type": "ExecutionStarted", "id": 3, "previousEventId": 2,
                "executionStartedEventDetails":
                    {"input": "{\"a\":1}", "inputDetails": {"truncated": false}, "roleArn": "arn:role"}})
        );
        let entered =
            event(Details::StateEntered { kind: "Task", name: "Fetch".to_owned(), input: json!(7) });
        assert_eq!(entered["type"], "TaskStateEntered");
        assert_eq!(entered["stateEnteredEventDetails"]["name"], "Fetch");
        let resource = "arn:aws:states:::aws-sdk:dynamodb:query".to_owned();
        let scheduled = event(Details::TaskScheduled {
            resource,
            arguments: json!({"Limit": 5}),
            timeout_seconds: Some(4),
            heartbeat_seconds: None,
        });
        assert_eq!(
            scheduled["taskScheduledEventDetails"],
            json!({"resourceType": "aws-sdk:dynamodb", "resource": "query", "parameters": "{\"Limit\":5}",
                "timeoutInSeconds": 4, "region": "us-east-1"})
        );
        let function = "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned();
        let failed = event(Details::TaskFailed { resource: function, failure: Failure::new("E", "why") });
        assert_eq!(failed["type"], "LambdaFunctionFailed");
        assert_eq!(failed["lambdaFunctionFailedEventDetails"], json!({"error": "E", "cause": "why"}));
    }

    #[test]
    fn long_payloads_are_left_out_and_said_to_be() {
        let long = Details::ExecutionSucceeded { output: json!("x".repeat(100)) };
        assert_eq!(
            Value::Object(details(&long, Data::UpTo(10))),
            json!({"outputDetails": {"truncated": true}})
        );
        assert_eq!(Value::Object(details(&long, Data::Without)), json!({}));
    }
}
