//! Work on single resources: create, change, replace, delete.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::call::{Call, Reporter};
use super::stack::{StackResource, Touch};
use super::view::View;
use super::{Inner, SharedStack, lock};
use crate::handler::{Failure, Resource};
use crate::status::ResourceStatus;
use crate::template::{DeletionPolicy, ResourceDefinition};

/// The reason that announces a replacement.
const REPLACING: &str =
    "Requested update requires the creation of a new physical resource; hence creating one.";

impl View {
    /// Makes one logical resource what the template says: creates, changes, replaces or leaves it. Tells whether that succeeded.
    pub(crate) async fn apply(&self, logical_id: &str, cancelled: &CancellationToken) -> bool {
        let Some(definition) = self.template.resources().get(logical_id) else { return true };
        let existing = lock(&self.stack).resources.get(logical_id).cloned();
        let wanted = self.wanted(definition);
        match existing {
            Some(existing) if existing.resource.is_some() => {
                let wanted_properties = self.properties(definition);
                self.change(existing, wanted, wanted_properties, cancelled).await
            }
            _ => self.create(wanted, cancelled, definition).await,
        }
    }

    /// The record of a resource as the template wants it, its properties not evaluated yet.
    fn wanted(&self, definition: &ResourceDefinition) -> StackResource {
        StackResource {
            logical_id: definition.logical_id.clone(),
            type_name: definition.type_name.clone(),
            status: ResourceStatus::CreateInProgress,
            reason: None,
            updated: self.inner.now(),
            properties: Map::new(),
            tags: self.tags.clone(),
            metadata: definition.metadata.clone(),
            deletion_policy: definition.deletion_policy,
            update_replace_policy: definition.update_replace_policy,
            creation_policy: definition.creation_policy,
            dependencies: self.dependencies(definition),
            resource: None,
        }
    }

    async fn create(
        &self,
        mut wanted: StackResource,
        cancelled: &CancellationToken,
        definition: &ResourceDefinition,
    ) -> bool {
        let logical_id = wanted.logical_id.clone();
        let properties = self.properties(definition);
        if let Ok(properties) = &properties {
            wanted.properties.clone_from(properties);
        }
        {
            let mut stack = lock(&self.stack);
            stack.resources.insert(logical_id.clone(), wanted.clone());
            if let Some(before) = &mut stack.before {
                before.touched.insert(logical_id.clone(), Touch::Created);
            }
        }
        let reporter = Arc::new(Reporter::new(&self.inner, &self.stack, wanted, true));
        reporter.emit(ResourceStatus::CreateInProgress, None, None);
        let result = match (properties, Call::new(&self.inner, &reporter, cancelled)) {
            (Ok(_), Some(call)) => call.create().await,
            (Err(reason), _) => Err(Failure::new(reason)),
            (_, None) => Err(Failure::new("Unrecognized resource type")),
        };
        match result {
            Ok(resource) => {
                self.keep(&logical_id, |own| own.resource = Some(resource.clone()));
                reporter.emit(ResourceStatus::CreateComplete, None, Some(&resource));
                true
            }
            Err(failure) => {
                self.keep(&logical_id, |own| own.resource.clone_from(&failure.left_behind));
                reporter.fail(ResourceStatus::CreateFailed, failure);
                false
            }
        }
    }

    async fn change(
        &self,
        existing: StackResource,
        mut wanted: StackResource,
        properties: Result<Map<String, Value>, String>,
        cancelled: &CancellationToken,
    ) -> bool {
        let properties = match properties {
            Ok(properties) => properties,
            Err(reason) => {
                let reporter = Reporter::new(&self.inner, &self.stack, existing, true);
                reporter.emit(ResourceStatus::UpdateInProgress, None, None);
                reporter.emit(ResourceStatus::UpdateFailed, Some(reason), None);
                return false;
            }
        };
        let Some(handler) = self.inner.registry.get(&wanted.type_name) else { return false };
        let retagged = handler.schema().is_taggable() && existing.tags != wanted.tags;
        let broken = existing.status == ResourceStatus::CreateFailed;
        wanted.properties = properties;
        wanted.resource.clone_from(&existing.resource);
        wanted.status = existing.status;
        wanted.reason.clone_from(&existing.reason);
        wanted.updated = existing.updated;
        let same = wanted.properties == existing.properties && !retagged;
        let unfinished = existing.status == ResourceStatus::UpdateFailed;
        if same && !broken && !unfinished {
            self.keep(&existing.logical_id.clone(), |own| *own = wanted);
            return true;
        }
        let replaces = broken
            || !handler.schema().create_only_changes(&existing.properties, &wanted.properties).is_empty()
            || (retagged && handler.schema().is_create_only("Tags"));
        let reporter = Arc::new(Reporter::new(&self.inner, &self.stack, wanted.clone(), true));
        let Some(call) = Call::new(&self.inner, &reporter, cancelled) else { return false };
        if replaces {
            self.replace(&call, &reporter, existing, wanted).await
        } else {
            self.update(&call, &reporter, existing, wanted).await
        }
    }

    async fn update(
        &self,
        call: &Call,
        reporter: &Reporter,
        existing: StackResource,
        mut wanted: StackResource,
    ) -> bool {
        reporter.emit(ResourceStatus::UpdateInProgress, None, None);
        self.touch(&wanted.logical_id, Touch::Updated);
        let current = existing.resource.clone().unwrap_or_default();
        match call.update(current, existing.properties).await {
            Ok(resource) => {
                wanted.resource = Some(resource.clone());
                self.keep(&wanted.logical_id.clone(), |own| *own = wanted);
                reporter.emit(ResourceStatus::UpdateComplete, None, Some(&resource));
                true
            }
            Err(failure) => {
                reporter.fail(ResourceStatus::UpdateFailed, failure);
                false
            }
        }
    }

    async fn replace(
        &self,
        call: &Call,
        reporter: &Reporter,
        existing: StackResource,
        mut wanted: StackResource,
    ) -> bool {
        reporter.emit(ResourceStatus::UpdateInProgress, Some(REPLACING.to_owned()), None);
        match call.create().await {
            Ok(resource) => {
                wanted.resource = Some(resource.clone());
                self.touch(&wanted.logical_id, Touch::Replaced);
                let mut old = existing;
                old.deletion_policy = wanted.update_replace_policy;
                {
                    let mut stack = lock(&self.stack);
                    stack.leftovers.push(old);
                    stack.resources.insert(wanted.logical_id.clone(), wanted);
                }
                reporter.emit(ResourceStatus::UpdateComplete, None, Some(&resource));
                true
            }
            Err(failure) => {
                if let Some(resource) = &failure.left_behind {
                    wanted.resource = Some(resource.clone());
                    wanted.deletion_policy = DeletionPolicy::Delete;
                    lock(&self.stack).leftovers.push(wanted);
                }
                reporter.fail(ResourceStatus::UpdateFailed, failure);
                false
            }
        }
    }

    fn touch(&self, logical_id: &str, touch: Touch) {
        if let Some(before) = &mut lock(&self.stack).before {
            before.touched.insert(logical_id.to_owned(), touch);
        }
    }

    fn keep(&self, logical_id: &str, change: impl FnOnce(&mut StackResource)) {
        if let Some(own) = lock(&self.stack).resources.get_mut(logical_id) {
            change(own);
        }
    }
}

impl Reporter {
    /// Records a failure, unless a cancellation has been recorded already.
    fn fail(&self, status: ResourceStatus, failure: Failure) {
        if self.is_in_progress() {
            self.emit(status, Some(failure.reason), failure.left_behind.as_ref());
        }
    }
}

/// How the deletion of a resource ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    Deleted,
    /// Its policy keeps it.
    Skipped,
    Failed,
}

/// Deletes a physical resource, or keeps it where `retained`. `attached` is as for [`Reporter`].
pub(crate) async fn delete(
    inner: &Arc<Inner>,
    stack: &SharedStack,
    resource: StackResource,
    retained: bool,
    attached: bool,
) -> Deletion {
    let existing = resource.resource.clone();
    let reporter = Arc::new(Reporter::new(inner, stack, resource, attached));
    let Some(existing) = existing else {
        reporter.emit(ResourceStatus::DeleteComplete, None, None);
        return Deletion::Deleted;
    };
    if retained {
        reporter.emit(ResourceStatus::DeleteSkipped, None, None);
        return Deletion::Skipped;
    }
    reporter.emit(ResourceStatus::DeleteInProgress, None, None);
    let result = match Call::new(inner, &reporter, &CancellationToken::new()) {
        Some(call) => call.delete(existing).await,
        None => Err(Failure::new("Unrecognized resource type")),
    };
    match result {
        Ok(()) => {
            reporter.emit(ResourceStatus::DeleteComplete, None, None);
            Deletion::Deleted
        }
        Err(failure) => {
            reporter.emit(ResourceStatus::DeleteFailed, Some(failure.reason), None);
            Deletion::Failed
        }
    }
}

/// Returns a resource to the properties that it had before.
pub(crate) async fn restore(
    inner: &Arc<Inner>,
    stack: &SharedStack,
    before: &StackResource,
    current: Resource,
) -> bool {
    let attempted =
        lock(stack).resources.get(&before.logical_id).map(|own| own.properties.clone()).unwrap_or_default();
    let reporter = Arc::new(Reporter::new(inner, stack, before.clone(), true));
    reporter.emit(ResourceStatus::UpdateInProgress, None, None);
    let result = match Call::new(inner, &reporter, &CancellationToken::new()) {
        Some(call) => call.update(current, attempted).await,
        None => Err(Failure::new("Unrecognized resource type")),
    };
    match result {
        Ok(resource) => {
            let mut restored = before.clone();
            restored.resource = Some(resource.clone());
            lock(stack).resources.insert(before.logical_id.clone(), restored);
            reporter.emit(ResourceStatus::UpdateComplete, None, Some(&resource));
            true
        }
        Err(failure) => {
            reporter.emit(ResourceStatus::UpdateFailed, Some(failure.reason), None);
            false
        }
    }
}
