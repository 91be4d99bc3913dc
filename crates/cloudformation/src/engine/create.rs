//! The creation of a stack, and what follows where it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::delete::{self, Retention};
use super::graph::{self, AfterFailure, Graph};
use super::input::OnFailure;
use super::stack::{CancelCause, Stack};
use super::view::View;
use super::{Inner, SharedStack, lock};
use crate::status::StackStatus;

/// How the forward part of an operation ended.
pub(crate) enum Forward {
    Complete,
    /// The sentences that say why, without what follows.
    Failed(String),
}

/// Creates all resources of a new stack and ends in its final status.
pub(crate) async fn run(inner: Arc<Inner>, stack: SharedStack, view: View, cancel: CancellationToken) {
    let minutes = lock(&stack).timeout_minutes;
    let timer = minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let outcome = forward(&view, &cancel, timer).await;
    let on_failure = {
        let mut stack = lock(&stack);
        if taken_over(&stack) {
            return;
        }
        match outcome {
            Forward::Complete => {
                stack.transition(StackStatus::CreateComplete, None, inner.now());
                return;
            }
            Forward::Failed(reason) => {
                let (status, follows) = match stack.on_failure {
                    OnFailure::DoNothing => (StackStatus::CreateFailed, ""),
                    OnFailure::Rollback => (StackStatus::RollbackInProgress, "Rollback requested by user."),
                    OnFailure::Delete => (StackStatus::DeleteInProgress, "Delete requested by user."),
                };
                stack.transition(status, Some(format!("{reason}{follows}")), inner.now());
            }
        }
        stack.on_failure
    };
    match on_failure {
        OnFailure::DoNothing => {}
        OnFailure::Rollback => {
            let retention = Retention::of_creation(&lock(&stack));
            let failed = delete::all(&inner, &stack, &retention).await;
            let name = lock(&stack).name.clone();
            inner.exports.set_imports(&name, BTreeSet::new());
            let mut stack = lock(&stack);
            if failed.is_empty() {
                stack.transition(StackStatus::RollbackComplete, None, inner.now());
            } else {
                let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
                stack.transition(StackStatus::RollbackFailed, Some(reason), inner.now());
            }
        }
        OnFailure::Delete => {
            let retention = Retention::of_creation(&lock(&stack));
            delete::finish(&inner, &stack, &retention).await;
        }
    }
}

/// Whether a deletion has begun meanwhile, which then decides what becomes of the stack.
fn taken_over(stack: &Stack) -> bool {
    let cause = stack.running.as_ref().and_then(|running| running.cause);
    stack.status != StackStatus::CreateInProgress || cause == Some(CancelCause::Delete)
}

/// Applies every resource of the view, then the outputs and exports.
pub(crate) async fn forward(view: &View, cancel: &CancellationToken, timer: Option<Duration>) -> Forward {
    let graph: Graph =
        view.resources().map(|resource| (resource.logical_id.clone(), view.dependencies(resource))).collect();
    // Cancelling the siblings of a failed resource is not cancelling the operation.
    let siblings = cancel.child_token();
    let work = graph::run(
        &graph,
        view.inner.options.concurrency,
        AfterFailure::Stop,
        || siblings.is_cancelled(),
        |logical_id| {
            let siblings = &siblings;
            async move {
                let succeeded = view.apply(&logical_id, siblings).await;
                if !succeeded {
                    siblings.cancel();
                }
                succeeded
            }
        },
    );
    tokio::pin!(work);
    let failed = match timer {
        None => work.await,
        Some(limit) => tokio::select! {
            failed = &mut work => failed,
            () = tokio::time::sleep(limit) => {
                if let Some(running) = &mut lock(&view.stack).running {
                    running.cause.get_or_insert(CancelCause::Timeout);
                }
                siblings.cancel();
                work.await
            }
        },
    };
    let cause = lock(&view.stack).running.as_ref().and_then(|running| running.cause);
    match cause {
        Some(CancelCause::User) => return Forward::Failed("Cancelled by user. ".to_owned()),
        Some(CancelCause::Timeout) => {
            return Forward::Failed("Stack creation time exceeded the specified timeout. ".to_owned());
        }
        Some(CancelCause::Delete) => return Forward::Failed(String::new()),
        None => {}
    }
    if !failed.is_empty() {
        return Forward::Failed(failures(view, failed));
    }
    match publish(view) {
        Ok(()) => Forward::Complete,
        Err(reason) => Forward::Failed(format!("{}. ", reason.trim_end_matches('.'))),
    }
}

/// `The following resource(s) failed to create: [A, B]. `, and the same for updates.
fn failures(view: &View, mut failed: Vec<String>) -> String {
    failed.sort();
    let stack = lock(&view.stack);
    let created = |logical_id: &String| {
        use crate::status::ResourceStatus::{CreateFailed, CreateInProgress};
        stack
            .resources
            .get(logical_id)
            .is_some_and(|own| matches!(own.status, CreateFailed | CreateInProgress))
    };
    let (create, update): (Vec<String>, Vec<String>) = failed.into_iter().partition(created);
    let sentence = |what: &str, names: &[String]| {
        if names.is_empty() {
            return String::new();
        }
        format!("The following resource(s) failed to {what}: [{}]. ", names.join(", "))
    };
    sentence("create", &create) + &sentence("update", &update)
}

/// Evaluates the outputs and takes over the exports.
fn publish(view: &View) -> Result<(), String> {
    let outputs = view.outputs().map_err(|error| error.to_string())?;
    let mut exports = BTreeMap::new();
    for output in &outputs {
        if let Some(name) = &output.export_name
            && exports.insert(name.clone(), output.raw.clone()).is_some()
        {
            return Err(format!("Duplicate Export names. Export {name} is given by more than one output"));
        }
    }
    let stack_id = lock(&view.stack).id.clone();
    view.inner.exports.replace(&stack_id, &exports)?;
    lock(&view.stack).outputs = outputs;
    Ok(())
}
