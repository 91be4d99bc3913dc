use std::time::Duration;

use futures::StreamExt;
use futures::future::{Either, FutureExt, pending, select};
use serde_json::Value;

use super::visit::Visit;
use crate::definition::Task;
use crate::failure::{Failure, names};
use crate::template::Data;
use crate::{Clock, Details, Heartbeat, TaskCall, payload};

/// What a Task state passes and how long it waits.
struct Prepared {
    arguments: Value,
    credentials: Option<Value>,
    timeout: Option<u64>,
    heartbeat: Option<u64>,
}

/// Calls the task of a Task state.
pub(super) async fn call(
    visit: &mut Visit<'_>,
    task: &Task,
    input: &Value,
    retry: u64,
) -> Result<Value, Failure> {
    let prepared = prepare(visit, task, input).map_err(|failure| visit.located(failure))?;
    let Prepared { arguments, credentials, timeout, heartbeat } = prepared;
    let resource = &task.resource;
    visit.emit(|| Details::TaskScheduled {
        resource: resource.clone(),
        arguments: arguments.clone(),
        timeout_seconds: timeout,
        heartbeat_seconds: heartbeat,
    });
    visit.emit(|| Details::TaskStarted { resource: resource.clone() });
    let (pulse, beats) = Heartbeat::new();
    let host = visit.run.host;
    let answer = host.tasks.call(TaskCall {
        state: &visit.state.name,
        resource,
        arguments,
        credentials,
        context: &visit.context,
        retry,
        timeout: timeout.map(Duration::from_secs),
        heartbeat: &pulse,
    });
    let patience = out_of_patience(host.clock, timeout, heartbeat, beats).boxed();
    let answered = match select(answer, patience).await {
        Either::Left((answer, _)) => Ok(answer),
        Either::Right((error, _)) => Err(error),
    };
    match answered {
        Ok(Ok(output)) => {
            if payload::check(&output, "result of the task").is_err() {
                let cause = format!(
                    "The state/task '{resource}' returned a result with a size exceeding the maximum number of bytes service limit."
                );
                let failure = Failure::new(names::DATA_LIMIT_EXCEEDED, cause);
                visit.emit(|| Details::TaskFailed { resource: resource.clone(), failure: failure.clone() });
                return Err(failure);
            }
            visit.emit(|| Details::TaskSucceeded { resource: resource.clone(), output: output.clone() });
            Ok(output)
        }
        Ok(Err(error)) => {
            let failure = Failure::new(error.error, error.cause);
            visit.emit(|| Details::TaskFailed { resource: resource.clone(), failure: failure.clone() });
            Err(failure)
        }
        Err(error) => {
            let failure = Failure { error: Some(error.to_owned()), cause: None };
            visit.emit(|| Details::TaskTimedOut { resource: resource.clone(), failure: failure.clone() });
            Err(failure)
        }
    }
}

fn prepare(visit: &Visit<'_>, task: &Task, input: &Value) -> Result<Prepared, Failure> {
    let data = Data::new(input, &visit.context, visit.variables);
    let effective = visit.state.effective_input(&data)?;
    let data = data.with_dollar(&effective);
    let arguments = visit.state.arguments(&data)?;
    payload::check(&arguments, "input of the task")?;
    Ok(Prepared {
        arguments,
        credentials: task.credentials.as_ref().map(|template| template.evaluate(&data)).transpose()?,
        timeout: task.timeout.as_ref().map(|seconds| seconds.evaluate(&data)).transpose()?,
        heartbeat: task.heartbeat.as_ref().map(|seconds| seconds.evaluate(&data)).transpose()?,
    })
}

/// Returns the name of the error once the task is over its time, or has not told of itself for too long.
async fn out_of_patience(
    clock: &dyn Clock,
    timeout: Option<u64>,
    heartbeat: Option<u64>,
    mut beats: futures::channel::mpsc::Receiver<()>,
) -> &'static str {
    let sleep = |seconds: Option<u64>| match seconds {
        Some(seconds) => clock.sleep(Duration::from_secs(seconds)),
        None => pending().boxed(),
    };
    let mut deadline = sleep(timeout);
    let mut silence = sleep(heartbeat);
    loop {
        futures::select_biased! {
            () = (&mut deadline).fuse() => return names::TIMEOUT,
            // The task holds the sender as long as it runs.
            _ = beats.next() => silence = sleep(heartbeat),
            () = (&mut silence).fuse() => return names::HEARTBEAT_TIMEOUT,
        }
    }
}
