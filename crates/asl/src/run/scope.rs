use std::collections::BTreeMap;

use futures::future::BoxFuture;
use serde_json::{Map, Value};

use super::Run;
use super::visit::{Visit, visit};
use crate::definition::Scope;
use crate::template::Variables;
use crate::{Details, Failure};

/// What a scope of states starts with.
pub(super) struct Launch<'a> {
    pub(super) scope: &'a Scope,
    pub(super) input: Value,
    /// The variables of the scope around.
    pub(super) outer: Option<&'a Variables<'a>>,
    /// The event that led here.
    pub(super) previous: u64,
}

/// The output or the failure of a scope, and the event that was its last.
pub(super) type Ended = Result<(Value, u64), (Failure, u64)>;

/// Where a state leads: its output, the variables it sets, and the state that follows.
pub(super) struct Step {
    pub(super) output: Value,
    pub(super) assigned: Map<String, Value>,
    pub(super) next: Option<String>,
}

/// Runs states from the first to one that ends the scope.
pub(super) fn run<'a>(run: &'a Run<'a>, launch: Launch<'a>) -> BoxFuture<'a, Ended> {
    Box::pin(states(run, launch))
}

async fn states<'a>(run: &'a Run<'a>, launch: Launch<'a>) -> Ended {
    let mut variables = Variables { outer: launch.outer, own: BTreeMap::new() };
    let mut input = launch.input;
    let mut last = launch.previous;
    let mut name = launch.scope.start_at.as_str();
    loop {
        run.breathe().await;
        let Some(state) = launch.scope.states.get(name) else {
            return Err((Failure::runtime(format!("There is no state '{name}'.")), last));
        };
        run.check_history().map_err(|failure| (failure, last))?;
        let kind = state.kind.name();
        let entered =
            run.emit(last, || Details::StateEntered { kind, name: state.name.clone(), input: input.clone() });
        let mut this = Visit::new(run, state, &variables, entered);
        let step = visit(&mut this, &input).await;
        last = this.last;
        let step = step.map_err(|failure| (failure, last))?;
        last = run.emit(last, || Details::StateExited {
            kind,
            name: state.name.clone(),
            output: step.output.clone(),
            assigned: step.assigned.clone(),
        });
        variables.own.extend(step.assigned);
        input = step.output;
        let Some(next) = step.next else { return Ok((input, last)) };
        let Some((next, _)) = launch.scope.states.get_key_value(&next) else {
            return Err((Failure::runtime(format!("There is no state '{next}'.")), last));
        };
        name = next;
    }
}
