use std::sync::Arc;
use std::time::Duration;

use asl::{Failure, Outcome};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::execution::{Start, Status};
use super::super::history::seconds;
use super::super::{Execution, MachineType, StateMachine, StatesError, arn, run};
use super::machines::described;
use super::{Answer, IncludedData, Page, listed};
use crate::Services;

/// The longest input in bytes of UTF-8.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const MAX_INPUT: usize = 262_144;
/// Memory of an Express execution is billed in chunks of this size, and one that only passes on 256 KB needs no second chunk.
///
/// <https://aws.amazon.com/step-functions/pricing/>
const BILLED_MEMORY_MB: u64 = 64;
/// Durations of Express executions are billed in steps.
const BILLED_STEP: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StartExecution {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
    included_data: Option<IncludedData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Named {
    execution_arn: String,
    #[serde(default)]
    included_data: IncludedData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct List {
    state_machine_arn: String,
    status_filter: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct History {
    execution_arn: String,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    reverse_order: bool,
    include_execution_data: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Stop {
    execution_arn: String,
    error: Option<String>,
    cause: Option<String>,
}

/// What both ways of starting have in common: the machine, and the execution as it begins, with its input read.
fn begin(
    services: &Services,
    input: StartExecution,
) -> Result<(Arc<StateMachine>, Start, Value), StatesError> {
    let machine = services.states.machine(&input.state_machine_arn)?;
    let name = input.name.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    arn::check_name(&name)?;
    let text = input.input.unwrap_or_else(|| "{}".to_owned());
    if text.len() > MAX_INPUT {
        return Err(StatesError::validation(format!(
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to {MAX_INPUT}"
        )));
    }
    let value = serde_json::from_str(&text)
        .map_err(|error| StatesError::InvalidExecutionInput { reason: error.to_string() })?;
    let start = Start {
        arn: arn::execution(&services.context, machine.kind, &machine.name, &name),
        name,
        machine_arn: machine.arn.clone(),
        machine_name: machine.name.clone(),
        revision: machine.revision(),
        input: text,
        trace_header: input.trace_header,
    };
    Ok((machine, start, value))
}

pub(super) fn start(services: &Arc<Services>, input: StartExecution) -> Answer {
    if input.included_data.is_some() {
        return Err(StatesError::validation("StartExecution has no includedData.").into());
    }
    let (arn, started_at) = started(services, input)?;
    Ok(json!({"executionArn": arn, "startDate": seconds(started_at)}))
}

/// The execution's ARN, and when it began in milliseconds since the epoch.
fn started(services: &Arc<Services>, input: StartExecution) -> Result<(String, i64), StatesError> {
    let (machine, start, value) = begin(services, input)?;
    match machine.kind {
        MachineType::Standard => run::start_standard(services, start, value),
        MachineType::Express => run::start_express(services, start, value),
    }
}

/// Starts an execution that nobody waits for, for another service; gives its ARN. `input` is JSON.
///
/// # Errors
/// No machine of that ARN, an input that is no JSON or too long, and too many executions at once.
pub fn start_execution(
    services: &Arc<Services>,
    machine_arn: &str,
    input: &str,
) -> Result<String, StatesError> {
    let input = StartExecution {
        state_machine_arn: machine_arn.to_owned(),
        name: None,
        input: Some(input.to_owned()),
        trace_header: None,
        included_data: None,
    };
    started(services, input).map(|(arn, _)| arn)
}

pub(super) async fn start_sync(services: &Arc<Services>, input: StartExecution) -> Answer {
    let included = input.included_data.unwrap_or_default();
    let (machine, start, value) = begin(services, input)?;
    if machine.kind != MachineType::Express {
        return Err(StatesError::TypeNotSupported.into());
    }
    let mut answer = Map::new();
    let mut add = |name: &str, value: Value| answer.insert(name.to_owned(), value);
    add("executionArn", start.arn.as_str().into());
    add("stateMachineArn", start.machine_arn.as_str().into());
    add("name", start.name.as_str().into());
    if let Some(header) = &start.trace_header {
        add("traceHeader", header.as_str().into());
    }
    if included == IncludedData::AllData {
        add("input", start.input.as_str().into());
        add("inputDetails", json!({"included": true}));
    }
    let ended = run::run_express(services, start, value).await?;
    add("startDate", seconds(ended.started_at));
    add("stopDate", seconds(ended.stopped_at));
    add("status", Status::of(&ended.outcome).as_str().into());
    add("billingDetails", billing(ended.duration));
    match ended.outcome {
        Outcome::Succeeded(output) if included == IncludedData::AllData => {
            add("output", output.to_string().into());
            add("outputDetails", json!({"included": true}));
        }
        Outcome::Succeeded(_) => {}
        Outcome::Failed(failure) | Outcome::TimedOut(failure) => add_failure(&mut answer, failure),
    }
    Ok(Value::Object(answer))
}

fn billing(duration: Duration) -> Value {
    let steps = duration.as_nanos().div_ceil(BILLED_STEP.as_nanos()).max(1);
    let millis = u64::try_from(steps * BILLED_STEP.as_millis()).unwrap_or(u64::MAX);
    json!({"billedMemoryUsedInMB": BILLED_MEMORY_MB, "billedDurationInMilliseconds": millis})
}

fn add_failure(answer: &mut Map<String, Value>, failure: Failure) {
    for (name, text) in [("error", failure.error), ("cause", failure.cause)] {
        if let Some(text) = text {
            answer.insert(name.to_owned(), text.into());
        }
    }
}

fn found(services: &Services, execution_arn: &str) -> Result<Arc<Execution>, StatesError> {
    arn::check_execution(execution_arn)?;
    services.states.executions.get(execution_arn)
}

fn summary(execution: &Execution) -> Map<String, Value> {
    let progress = execution.progress();
    let mut entry = Map::new();
    let mut add = |name: &str, value: Value| entry.insert(name.to_owned(), value);
    add("executionArn", execution.arn.as_str().into());
    add("stateMachineArn", execution.machine_arn.as_str().into());
    add("name", execution.name.as_str().into());
    add("status", progress.status.as_str().into());
    add("startDate", seconds(execution.started_at));
    add("redriveCount", json!(0));
    if let Some(stopped_at) = progress.stopped_at {
        add("stopDate", seconds(stopped_at));
    }
    entry
}

pub(super) fn describe(services: &Services, input: &Named) -> Answer {
    let execution = found(services, &input.execution_arn)?;
    let progress = execution.progress();
    let mut answer = summary(&execution);
    let mut add = |name: &str, value: Value| answer.insert(name.to_owned(), value);
    add("redriveStatus", "NOT_REDRIVABLE".into());
    add("redriveStatusReason", "Executions are not redriven by this cloud".into());
    if let Some(header) = &execution.trace_header {
        add("traceHeader", header.as_str().into());
    }
    if input.included_data == IncludedData::AllData {
        add("input", execution.input.as_str().into());
        add("inputDetails", json!({"included": true}));
        if let Some(output) = progress.output {
            add("output", output.into());
            add("outputDetails", json!({"included": true}));
        }
    }
    add_failure(&mut answer, progress.failure);
    Ok(Value::Object(answer))
}

pub(super) fn describe_machine(services: &Services, input: &Named) -> Answer {
    let execution = found(services, &input.execution_arn)?;
    let mut answer = described(&execution.revision, input.included_data);
    answer["stateMachineArn"] = execution.machine_arn.as_str().into();
    answer["name"] = execution.machine_name.as_str().into();
    answer["updateDate"] = seconds(execution.revision.updated_at);
    Ok(answer)
}

pub(super) fn list(services: &Services, input: &List) -> Answer {
    let page = Page::new(input.max_results, input.next_token.as_deref())?;
    let machine = services.states.machine(&input.state_machine_arn)?;
    if machine.kind != MachineType::Standard {
        return Err(StatesError::TypeNotSupported.into());
    }
    let mut executions = services.states.executions.of_machine(&machine.arn);
    if let Some(status) = &input.status_filter {
        executions.retain(|execution| execution.status().as_str() == status);
    }
    let (executions, token) = page.cut(executions);
    let entries = executions.iter().map(|execution| Value::Object(summary(execution))).collect();
    Ok(listed("executions", entries, token))
}

pub(super) fn history(services: &Services, input: &History) -> Answer {
    let page = Page::new(input.max_results, input.next_token.as_deref())?;
    let mut events = found(services, &input.execution_arn)?.events();
    if input.reverse_order {
        events.reverse();
    }
    if input.include_execution_data == Some(false) {
        events.iter_mut().for_each(without_data);
    }
    let (events, token) = page.cut(events);
    Ok(listed("events", events, token))
}

/// Takes inputs, outputs and parameters out of an event.
fn without_data(event: &mut Value) {
    for details in
        event.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut)
    {
        for name in ["input", "output", "parameters", "assignedVariables"] {
            details.remove(name);
        }
    }
}

pub(super) fn stop(services: &Arc<Services>, input: Stop) -> Answer {
    let execution = found(services, &input.execution_arn)?;
    let failure = Failure { error: input.error, cause: input.cause };
    let stopped_at = run::stop(services, &execution, failure);
    Ok(json!({"stopDate": seconds(stopped_at)}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_billed_in_steps() {
        for (micros, billed) in [(0, 100), (1, 100), (100_000, 100), (100_001, 200), (1_234_000, 1300)] {
            let details = billing(Duration::from_micros(micros));
            assert_eq!(details["billedDurationInMilliseconds"], billed);
            assert_eq!(details["billedMemoryUsedInMB"], 64);
        }
    }
}
