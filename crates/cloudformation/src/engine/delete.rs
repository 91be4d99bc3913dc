//! The deletion of a stack's resources.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::graph::{self, AfterFailure, Graph};
use super::stack::{Stack, StackResource};
use super::work::{self, Deletion};
use super::{Inner, SharedStack, lock};
use crate::status::{ResourceStatus, StackStatus};
use crate::template::DeletionPolicy;

/// Which resources stay behind when a stack goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retention {
    /// Logical IDs that the caller wants to keep.
    pub named: BTreeSet<String>,
    /// Keep what cannot be deleted.
    pub force: bool,
    /// The resources are being deleted because their creation is rolled back.
    pub creating: bool,
    /// Delete on rollback of the creation even what is to be retained.
    pub except_on_create: bool,
}

impl Retention {
    /// For rolling back the creation of a stack.
    pub(crate) fn of_creation(stack: &Stack) -> Self {
        Self { creating: true, except_on_create: stack.retain_except_on_create, ..Self::default() }
    }

    pub(crate) fn keeps(&self, resource: &StackResource) -> bool {
        let by_policy = match resource.deletion_policy {
            DeletionPolicy::Retain => !(self.creating && self.except_on_create),
            DeletionPolicy::RetainExceptOnCreate => !self.creating,
            DeletionPolicy::Delete | DeletionPolicy::Snapshot => false,
        };
        by_policy || self.named.contains(&resource.logical_id)
    }
}

/// Deletes every resource of a stack, what depends on others first. Gives the logical IDs that could not be deleted.
pub(crate) async fn all(inner: &Arc<Inner>, stack: &SharedStack, retention: &Retention) -> Vec<String> {
    let leftovers = std::mem::take(&mut lock(stack).leftovers);
    let mut failed = cleanup(inner, stack, leftovers, retention).await;
    let resources: BTreeMap<String, StackResource> = {
        let stack = lock(stack);
        let left = |own: &StackResource| {
            own.resource.is_some()
                && !matches!(own.status, ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped)
        };
        stack
            .resources
            .iter()
            .filter(|(_, own)| left(own))
            .map(|(id, own)| (id.clone(), own.clone()))
            .collect()
    };
    let order: Vec<String> =
        lock(stack).resources.keys().filter(|id| resources.contains_key(*id)).cloned().collect();
    let graph: Graph =
        order.into_iter().map(|id| (id.clone(), resources[&id].dependencies.clone())).collect();
    let work = |logical_id: String| {
        let resource = resources[&logical_id].clone();
        async move {
            let retained = retention.keeps(&resource);
            work::delete(inner, stack, resource, retained, true).await != Deletion::Failed || retention.force
        }
    };
    let concurrency = inner.options.concurrency;
    failed
        .extend(graph::run(&graph::reversed(&graph), concurrency, AfterFailure::GoOn, || false, work).await);
    // What never existed is gone as well.
    for own in lock(stack).resources.values_mut().filter(|own| own.resource.is_none()) {
        own.status = ResourceStatus::DeleteComplete;
    }
    failed.sort();
    failed.dedup();
    failed
}

/// Deletes physical resources that belong to no logical one any more. Gives the logical IDs of those that could not be deleted.
pub(crate) async fn cleanup(
    inner: &Arc<Inner>,
    stack: &SharedStack,
    resources: Vec<StackResource>,
    retention: &Retention,
) -> Vec<String> {
    // One logical ID may have several leftovers, so the nodes are numbered.
    let nodes: BTreeMap<String, StackResource> =
        resources.into_iter().enumerate().map(|(index, one)| (format!("{index:04}"), one)).collect();
    let graph: Graph = nodes
        .iter()
        .map(|(node, resource)| {
            let needed = nodes.iter().filter(|(_, other)| resource.dependencies.contains(&other.logical_id));
            (node.clone(), needed.map(|(node, _)| node.clone()).collect())
        })
        .collect();
    let failed = Mutex::new(Vec::new());
    let work = |node: String| {
        let resource = nodes[&node].clone();
        let failed = &failed;
        async move {
            let retained = retention.keeps(&resource);
            let logical_id = resource.logical_id.clone();
            let deleted = work::delete(inner, stack, resource, retained, false).await != Deletion::Failed;
            if !deleted {
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(logical_id);
            }
            deleted
        }
    };
    graph::run(&graph::reversed(&graph), inner.options.concurrency, AfterFailure::GoOn, || false, work).await;
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Deletes everything and ends the stack, or leaves it in `DELETE_FAILED`.
pub(crate) async fn finish(inner: &Arc<Inner>, stack: &SharedStack, retention: &Retention) {
    let failed = all(inner, stack, retention).await;
    let (id, name) = {
        let stack = lock(stack);
        (stack.id.clone(), stack.name.clone())
    };
    if failed.is_empty() {
        inner.exports.set_imports(&name, BTreeSet::new());
        // Nothing imports them: that was checked before the deletion began.
        if let Err(reason) = inner.exports.replace(&id, &BTreeMap::new()) {
            lock(stack).transition(StackStatus::DeleteFailed, Some(reason), inner.now());
            return;
        }
        inner.forget_name(&name, &id);
        lock(stack).transition(StackStatus::DeleteComplete, None, inner.now());
    } else {
        let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
        lock(stack).transition(StackStatus::DeleteFailed, Some(reason), inner.now());
    }
}
