//! The engine: stacks in memory, and the operations on them.

mod call;
mod change_set;
mod create;
mod delete;
mod describe;
mod exports;
mod graph;
mod input;
mod operations;
mod options;
mod plan;
mod prepare;
mod signal;
mod stack;
mod update;
mod view;
mod work;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use change_set::ChangeSetDescription;
pub use describe::{ResourceDescription, StackDescription, TemplateSummary};
pub use exports::Export;
pub use input::{
    ChangeSetInput, ChangeSetKind, DeleteInput, ExecuteInput, OnFailure, ParameterInput, StackInput,
    TemplateSource,
};
pub use options::{Action, Attempt, Clock, EngineOptions, Fault, FaultHook, PresentOutput, ResolveDynamic};
pub use plan::{ChangeAction, ChangeDetail, Replacement, ResourceChange};
pub use stack::{Event, StackOutput};

use crate::error::EngineError;
use crate::handler::Registry;
use crate::status::StackStatus;
use exports::Exports;
use stack::{Deployment, Stack};

/// Stacks of one account and region. Clones share them.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// A stack; its lock is held briefly and never together with another.
pub(crate) type SharedStack = Arc<Mutex<Stack>>;

pub(crate) struct Inner {
    pub registry: Registry,
    pub options: EngineOptions,
    pub exports: Exports,
    stacks: Mutex<Stacks>,
    attempts: Mutex<BTreeMap<(String, Action), u32>>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

#[derive(Default)]
struct Stacks {
    /// Oldest first, deleted ones included.
    by_id: IndexMap<String, SharedStack>,
    /// IDs of those that are not deleted.
    by_name: BTreeMap<String, String>,
}

/// How many deleted stacks are remembered.
const MAX_DELETED: usize = 500;

pub(crate) fn lock(stack: &SharedStack) -> MutexGuard<'_, Stack> {
    stack.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An engine without stacks. Its operations run on the runtime from which they are called.
    #[must_use]
    pub fn new(registry: Registry, options: EngineOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                registry,
                options,
                exports: Exports::default(),
                stacks: Mutex::default(),
                attempts: Mutex::default(),
                tracker: TaskTracker::new(),
                shutdown: CancellationToken::new(),
            }),
        }
    }

    /// The resource types on offer.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// Waits until nothing works on a stack and describes it.
    pub async fn wait(&self, name: &str) -> Result<StackDescription, EngineError> {
        let shared = self.inner.find(name)?;
        loop {
            let done = lock(&shared).running.as_ref().map(|running| running.done.clone());
            match done {
                Some(done) if !done.is_cancelled() => done.cancelled().await,
                _ => break,
            }
        }
        let id = lock(&shared).id.clone();
        let mut found = self.describe_stacks(Some(&id))?;
        found.pop().ok_or_else(|| EngineError::no_stack(name))
    }

    /// Ends every running operation where it stands and waits until all have ended. Later operations are refused.
    pub async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        self.inner.tracker.close();
        self.inner.tracker.wait().await;
    }
}

impl Inner {
    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.options.clock)()
    }

    fn stacks(&self) -> MutexGuard<'_, Stacks> {
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stack by name, or by ID, deleted or not.
    pub(crate) fn find(&self, name: &str) -> Result<SharedStack, EngineError> {
        let stacks = self.stacks();
        let id = stacks.by_name.get(name).map_or(name, String::as_str);
        stacks.by_id.get(id).cloned().ok_or_else(|| EngineError::no_stack(name))
    }

    /// Every stack, oldest first.
    pub(crate) fn all(&self) -> Vec<SharedStack> {
        self.stacks().by_id.values().cloned().collect()
    }

    /// Frees the name of a deleted stack.
    pub(crate) fn forget_name(&self, name: &str, id: &str) {
        let mut stacks = self.stacks();
        if stacks.by_name.get(name).is_some_and(|owner| owner == id) {
            stacks.by_name.remove(name);
        }
        let live: Vec<String> = stacks.by_name.values().cloned().collect();
        let excess = stacks.by_id.len().saturating_sub(live.len() + MAX_DELETED);
        let old: Vec<String> =
            stacks.by_id.keys().filter(|id| !live.contains(id)).take(excess).cloned().collect();
        stacks.by_id.retain(|id, _| !old.contains(id));
    }

    /// How many times an action was asked of a type before, counting this one for the next.
    pub(crate) fn count(&self, type_name: &str, action: Action) -> u32 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = attempts.entry((type_name.to_owned(), action)).or_default();
        *count += 1;
        *count - 1
    }

    /// Adds an empty stack under a name that is free.
    pub(crate) fn insert(&self, input: &StackInput, status: StackStatus) -> Result<SharedStack, EngineError> {
        let mut stacks = self.stacks();
        if stacks.by_name.contains_key(&input.stack_name) {
            return Err(EngineError::AlreadyExists(input.stack_name.clone()));
        }
        if stacks.by_name.len() >= self.options.max_stacks {
            return Err(EngineError::LimitExceeded(format!(
                "Limit for stacks has been exceeded: {}",
                self.options.max_stacks
            )));
        }
        let options = &self.options;
        let id = format!(
            "arn:{}:cloudformation:{}:{}:stack/{}/{}",
            options.partition,
            options.region,
            options.account,
            input.stack_name,
            uuid::Uuid::new_v4()
        );
        let stack = Stack {
            id: id.clone(),
            name: input.stack_name.clone(),
            created: self.now(),
            updated: None,
            deleted: None,
            status,
            reason: None,
            deployed: Deployment::default(),
            before: None,
            resources: IndexMap::new(),
            leftovers: Vec::new(),
            events: std::collections::VecDeque::new(),
            outputs: Vec::new(),
            change_sets: IndexMap::new(),
            change_set_id: None,
            termination_protection: input.termination_protection.unwrap_or(false),
            on_failure: OnFailure::Rollback,
            retain_except_on_create: input.retain_except_on_create,
            timeout_minutes: input.timeout_minutes,
            tokens: BTreeMap::new(),
            running: None,
        };
        let shared: SharedStack = Arc::new(Mutex::new(stack));
        stacks.by_name.insert(input.stack_name.clone(), id.clone());
        stacks.by_id.insert(id, shared.clone());
        Ok(shared)
    }
}

/// Names of stacks and change sets: a letter, then letters, digits and hyphens; 128 at most.
pub(crate) fn check_name(name: &str, field: &str) -> Result<(), EngineError> {
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if !begins || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(EngineError::Validation(format!(
            "1 validation error detected: Value '{name}' at '{field}' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    if name.len() > 128 {
        return Err(EngineError::Validation(format!(
            "1 validation error detected: Value '{name}' at '{field}' failed to satisfy constraint: Member must have length less than or equal to 128"
        )));
    }
    Ok(())
}

/// A logical ID may not change its type while it exists.
pub(crate) fn refuse_type_changes(shared: &SharedStack, deployment: &Deployment) -> Result<(), EngineError> {
    let Some(template) = &deployment.template else { return Ok(()) };
    let stack = lock(shared);
    let changed: Vec<&str> = template
        .resources()
        .values()
        .filter(|new| {
            let old = stack.resources.get(&new.logical_id);
            old.is_some_and(|old| old.resource.is_some() && old.type_name != new.type_name)
        })
        .map(|new| new.logical_id.as_str())
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(EngineError::Validation(format!(
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
        changed.join(", ")
    )))
}
