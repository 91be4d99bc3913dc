//! The update of a stack, its cleanup and its rollback.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::create::{Forward, forward};
use super::delete::{self, Retention};
use super::graph::{self, AfterFailure, Graph};
use super::input::OnFailure;
use super::stack::{Snapshot, StackResource, Touch};
use super::view::View;
use super::work;
use super::{Inner, SharedStack, lock};
use crate::status::{ResourceStatus, StackStatus};

/// Updates a stack and ends in its final status.
pub(crate) async fn run(inner: Arc<Inner>, stack: SharedStack, view: View, cancel: CancellationToken) {
    match forward(&view, &cancel, None).await {
        Forward::Complete => complete(&inner, &stack, &view).await,
        Forward::Failed(reason) => {
            let (keep, never_stable) = {
                let stack = lock(&stack);
                let before = stack.before.as_ref().map(|before| before.status);
                (stack.on_failure == OnFailure::DoNothing, before == Some(StackStatus::CreateFailed))
            };
            if keep {
                let mut stack = lock(&stack);
                stack.before = None;
                stack.transition(StackStatus::UpdateFailed, Some(reason), inner.now());
            } else if never_stable {
                // There is no state to return to, so that everything goes, as after a failed creation.
                lock(&stack).transition(StackStatus::RollbackInProgress, Some(reason), inner.now());
                let retention = Retention::of_creation(&lock(&stack));
                let failed = delete::all(&inner, &stack, &retention).await;
                let (status, reason) = if failed.is_empty() {
                    (StackStatus::RollbackComplete, None)
                } else {
                    let names = failed.join(", ");
                    (
                        StackStatus::RollbackFailed,
                        Some(format!("The following resource(s) failed to delete: [{names}]. ")),
                    )
                };
                let mut stack = lock(&stack);
                stack.before = None;
                stack.transition(status, reason, inner.now());
            } else {
                lock(&stack).transition(StackStatus::UpdateRollbackInProgress, Some(reason), inner.now());
                roll_back(&inner, &stack, &BTreeSet::new()).await;
            }
        }
    }
}

/// Removes what the new template no longer has and what was replaced.
async fn complete(inner: &Arc<Inner>, stack: &SharedStack, view: &View) {
    let kept: BTreeSet<&str> = view.resources().map(|resource| resource.logical_id.as_str()).collect();
    let leftovers = {
        let mut stack = lock(stack);
        stack.transition(StackStatus::UpdateCompleteCleanupInProgress, None, inner.now());
        let mut leftovers = std::mem::take(&mut stack.leftovers);
        let removed: Vec<String> =
            stack.resources.keys().filter(|id| !kept.contains(id.as_str())).cloned().collect();
        for logical_id in removed {
            leftovers.extend(stack.resources.shift_remove(&logical_id).filter(|own| own.resource.is_some()));
        }
        leftovers
    };
    let failed = delete::cleanup(inner, stack, leftovers, &Retention::default()).await;
    let mut stack = lock(stack);
    stack.before = None;
    let reason = (!failed.is_empty())
        .then(|| "Update successful. One or more resources could not be deleted.".to_owned());
    stack.transition(StackStatus::UpdateComplete, reason, inner.now());
}

/// Returns every resource to what it was before the update, leaving out those in `skip`.
pub(crate) async fn roll_back(inner: &Arc<Inner>, stack: &SharedStack, skip: &BTreeSet<String>) {
    let Some(before) = lock(stack).before.clone() else {
        lock(stack).transition(StackStatus::UpdateRollbackComplete, None, inner.now());
        return;
    };
    let failed = restore_all(inner, stack, &before, skip).await;
    if !failed.is_empty() {
        let reason = format!("The following resource(s) failed to update: [{}]. ", failed.join(", "));
        lock(stack).transition(StackStatus::UpdateRollbackFailed, Some(reason), inner.now());
        return;
    }
    let (leftovers, name) = {
        let mut stack = lock(stack);
        stack.deployed = before.deployed.clone();
        stack.outputs.clone_from(&before.outputs);
        stack.transition(StackStatus::UpdateRollbackCompleteCleanupInProgress, None, inner.now());
        let mut leftovers = std::mem::take(&mut stack.leftovers);
        let created: Vec<String> =
            stack.resources.keys().filter(|id| !before.resources.contains_key(*id)).cloned().collect();
        for logical_id in created {
            leftovers.extend(stack.resources.shift_remove(&logical_id).filter(|own| own.resource.is_some()));
        }
        (leftovers, stack.name.clone())
    };
    inner.exports.set_imports(&name, before.imports.clone());
    let retention = { Retention::of_creation(&lock(stack)) };
    let failed = delete::cleanup(inner, stack, leftovers, &retention).await;
    let mut stack = lock(stack);
    stack.before = None;
    let reason = (!failed.is_empty()).then(|| {
        format!(
            "Rollback successful. The following resource(s) could not be deleted: [{}]. ",
            failed.join(", ")
        )
    });
    stack.transition(StackStatus::UpdateRollbackComplete, reason, inner.now());
}

/// Restores each changed resource, what others need first. Gives those that could not be restored.
async fn restore_all(
    inner: &Arc<Inner>,
    stack: &SharedStack,
    before: &Snapshot,
    skip: &BTreeSet<String>,
) -> Vec<String> {
    let touched: BTreeMap<String, (Touch, StackResource)> = before
        .touched
        .iter()
        .filter_map(|(id, touch)| Some((id.clone(), (*touch, before.resources.get(id)?.clone()))))
        .collect();
    let graph: Graph = touched.iter().map(|(id, (_, own))| (id.clone(), own.dependencies.clone())).collect();
    let restored = Mutex::new(BTreeSet::new());
    let work = |logical_id: String| {
        let (touch, own) = touched[&logical_id].clone();
        let restored = &restored;
        async move {
            let succeeded = if skip.contains(&logical_id) {
                skip_one(inner, stack, own);
                true
            } else {
                restore_one(inner, stack, touch, own).await
            };
            if succeeded {
                restored.lock().unwrap_or_else(PoisonError::into_inner).insert(logical_id);
            }
            succeeded
        }
    };
    let mut failed = graph::run(&graph, inner.options.concurrency, AfterFailure::GoOn, || false, work).await;
    let restored = restored.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = &mut lock(stack).before {
        before.touched.retain(|id, _| !restored.contains(id));
    }
    failed.sort();
    failed
}

async fn restore_one(inner: &Arc<Inner>, stack: &SharedStack, touch: Touch, own: StackResource) -> bool {
    match touch {
        Touch::Updated => {
            let current = lock(stack).resources.get(&own.logical_id).and_then(|now| now.resource.clone());
            let current = current.or_else(|| own.resource.clone()).unwrap_or_default();
            work::restore(inner, stack, &own, current).await
        }
        // The old physical resource still exists: it takes its place again and the new one goes in the cleanup.
        Touch::Replaced => {
            let mut stack = lock(stack);
            let old = own.physical_id();
            stack.leftovers.retain(|one| one.logical_id != own.logical_id || one.physical_id() != old);
            let mut back = own;
            back.status = ResourceStatus::UpdateComplete;
            back.updated = inner.now();
            if let Some(mut new) = stack.resources.insert(back.logical_id.clone(), back.clone()) {
                new.deletion_policy = crate::template::DeletionPolicy::Delete;
                stack.leftovers.push(new);
            }
            stack.record(&back);
            true
        }
        // A resource that stood without anything physical before the update: the cleanup of the rollback has nothing to keep.
        Touch::Created => {
            let mut stack = lock(stack);
            if let Some(new) = stack.resources.insert(own.logical_id.clone(), own) {
                stack.leftovers.extend(Some(new).filter(|new| new.resource.is_some()));
            }
            true
        }
    }
}

/// `ResourcesToSkip`: counts as restored although nothing was done.
fn skip_one(inner: &Inner, stack: &SharedStack, mut own: StackResource) {
    own.status = ResourceStatus::UpdateComplete;
    own.reason = Some("Resource skipped during rollback".to_owned());
    own.updated = inner.now();
    let mut stack = lock(stack);
    stack.record(&own);
    stack.resources.insert(own.logical_id.clone(), own);
}
