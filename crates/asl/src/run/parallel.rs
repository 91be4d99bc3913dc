use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;

use super::scope::{self, Launch};
use super::visit::Visit;
use crate::definition::Scope;
use crate::template::Data;
use crate::{Details, Failure, payload};

/// Runs all branches at once; the first that fails ends the others.
pub(super) async fn run(visit: &mut Visit<'_>, branches: &[Scope], input: &Value) -> Result<Value, Failure> {
    let arguments = {
        let data = Data::new(input, &visit.context, visit.variables);
        visit.state.effective_input(&data).and_then(|effective| {
            let arguments = visit.state.arguments(&data.with_dollar(&effective))?;
            payload::check(&arguments, "input of the branches")?;
            Ok(arguments)
        })
    };
    let arguments = arguments.map_err(|failure| visit.located(failure))?;
    let started = visit.emit(|| Details::ParallelStateStarted);
    let mut results = vec![Value::Null; branches.len()];
    let mut running: FuturesUnordered<_> = branches
        .iter()
        .enumerate()
        .map(|(at, branch)| {
            let launch = Launch {
                scope: branch,
                input: arguments.clone(),
                outer: Some(visit.variables),
                previous: started,
            };
            let ended = scope::run(visit.run, launch);
            async move { (at, ended.await) }
        })
        .collect();
    while let Some((at, ended)) = running.next().await {
        match ended {
            Ok((output, last)) => {
                results[at] = output;
                visit.last = last;
            }
            Err((failure, last)) => {
                drop(running);
                visit.last = last;
                visit.emit(|| Details::ParallelStateFailed(failure.clone()));
                return Err(failure);
            }
        }
    }
    drop(running);
    visit.emit(|| Details::ParallelStateSucceeded);
    Ok(Value::Array(results))
}
