use std::time::Duration;

use serde_json::{Value, json};

use super::scope::Step;
use super::visit::Visit;
use super::{data, map, parallel, task};
use crate::definition::{Catcher, Kind, Language};
use crate::template::Data;
use crate::{Failure, payload};

/// Runs a Task, Parallel or Map state, again after errors that a retrier names, and goes on where a catcher says.
pub(super) async fn run(visit: &mut Visit<'_>, input: &Value) -> Result<Step, Failure> {
    let state = visit.state;
    let is_parallel = matches!(state.kind, Kind::Parallel { .. });
    let mut used = vec![0_u64; state.retry.len()];
    let mut retries = 0_u64;
    loop {
        visit.context["State"]["RetryCount"] = retries.into();
        let failure = match attempt(visit, input, retries).await {
            Ok(step) => return Ok(step),
            Err(failure) => failure,
        };
        let named =
            state.retry.iter().zip(&mut used).find(|(retrier, _)| retrier.handles(&failure, is_parallel));
        match named {
            Some((policy, used)) if *used < policy.max_attempts => {
                let jitter = if policy.full_jitter { visit.run.host.clock.jitter() } else { 1.0 };
                let delay = Duration::try_from_secs_f64(policy.delay(*used) * jitter.clamp(0.0, 1.0));
                *used += 1;
                retries += 1;
                visit.run.check_history()?;
                visit.run.host.clock.sleep(delay.unwrap_or_default()).await;
            }
            _ => {
                let catcher = state.catch.iter().find(|catcher| catcher.handles(&failure, is_parallel));
                let Some(catcher) = catcher else { return Err(failure) };
                return caught(visit, input, catcher, &failure).map_err(|failure| visit.located(failure));
            }
        }
    }
}

async fn attempt(visit: &mut Visit<'_>, input: &Value, retries: u64) -> Result<Step, Failure> {
    let state = visit.state;
    let result = match &state.kind {
        Kind::Task(task) => task::call(visit, task, input, retries).await?,
        Kind::Parallel { branches } => parallel::run(visit, branches, input).await?,
        Kind::Map(map) => map::run(visit, map, input).await?,
        _ => input.clone(),
    };
    let data = Data::new(input, &visit.context, visit.variables);
    let concluded = state.concluded(result, &data).and_then(|(output, assigned)| {
        payload::check(&output, "output of the state")?;
        Ok(Step { output, assigned, next: state.next.clone() })
    });
    concluded.map_err(|failure| visit.located(failure))
}

fn caught(visit: &Visit<'_>, input: &Value, catcher: &Catcher, failure: &Failure) -> Result<Step, Failure> {
    let error_output =
        json!({"Error": failure.error_name(), "Cause": failure.cause.as_deref().unwrap_or_default()});
    let data = Data {
        dollar: &error_output,
        error_output: Some(&error_output),
        ..Data::new(input, &visit.context, visit.variables)
    };
    let assigned = data::assignments(&catcher.assign, &data)?;
    let output = match (&catcher.output, visit.state.language) {
        (Some(output), _) => output.evaluate(&data)?,
        (None, Language::Jsonata) => error_output.clone(),
        (None, Language::JsonPath) => catcher.result_path.combined(input, error_output.clone())?,
    };
    payload::check(&output, "output of the state")?;
    Ok(Step { output, assigned, next: Some(catcher.next.clone()) })
}
