//! The calls that change stacks. Each returns once the operation has begun.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::change_set::not_updatable;
use super::delete::{self, Retention};
use super::input::{DeleteInput, OnFailure, StackInput};
use super::plan::Plan;
use super::stack::{CancelCause, Deployment, Running, Snapshot, Stack};
use super::view::View;
use super::{Engine, Inner, SharedStack, check_name, create, lock, prepare, refuse_type_changes, update};
use crate::error::EngineError;
use crate::status::StackStatus;

const USER: &str = "User Initiated";

impl Engine {
    /// Creates a stack and gives its ID.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>
    pub fn create_stack(&self, input: &StackInput) -> Result<String, EngineError> {
        check_name(&input.stack_name, "stackName")?;
        let fingerprint = input.fingerprint("CreateStack");
        if let Ok(existing) = self.inner.find(&input.stack_name) {
            let stack = lock(&existing);
            if repeats(&stack, input.client_request_token.as_deref(), &fingerprint)? {
                return Ok(stack.id.clone());
            }
            return Err(EngineError::AlreadyExists(stack.name.clone()));
        }
        if input.on_failure.is_some() && input.disable_rollback.is_some() {
            return Err(EngineError::Validation(
                "You can specify either DisableRollback or OnFailure, but not both.".to_owned(),
            ));
        }
        let deployment = prepare::deployment(input, None, &self.inner.registry, &self.inner.options)?;
        let on_failure = match (input.on_failure, input.disable_rollback) {
            (Some(on_failure), _) => on_failure,
            (None, Some(true)) => OnFailure::DoNothing,
            (None, _) => OnFailure::Rollback,
        };
        let shared = self.inner.insert(input, StackStatus::CreateInProgress)?;
        let id = {
            let mut stack = lock(&shared);
            remember(&mut stack, input.client_request_token.as_ref(), fingerprint);
            stack.id.clone()
        };
        self.inner.start_create(&shared, deployment, on_failure, input.client_request_token.clone())?;
        Ok(id)
    }

    /// Updates a stack and gives its ID. An update without changes is refused.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html>
    pub fn update_stack(&self, input: &StackInput) -> Result<String, EngineError> {
        let shared = self.inner.find(&input.stack_name)?;
        let fingerprint = input.fingerprint("UpdateStack");
        let (id, current) = {
            let stack = lock(&shared);
            if repeats(&stack, input.client_request_token.as_deref(), &fingerprint)? {
                return Ok(stack.id.clone());
            }
            if stack.status == StackStatus::DeleteComplete {
                return Err(EngineError::no_stack(&input.stack_name));
            }
            if !stack.status.is_updatable() {
                return Err(not_updatable(&stack));
            }
            (stack.id.clone(), stack.deployed.clone())
        };
        let deployment =
            prepare::deployment(input, Some(&current), &self.inner.registry, &self.inner.options)?;
        refuse_type_changes(&shared, &deployment)?;
        let view = View::new(&self.inner, &shared, &deployment)?;
        let plan = Plan::new(&view, &current)?;
        if plan.is_empty() && deployment.notification_arns == current.notification_arns {
            return Err(EngineError::Validation("No updates are to be performed.".to_owned()));
        }
        remember(&mut lock(&shared), input.client_request_token.as_ref(), fingerprint);
        let on_failure =
            if input.disable_rollback == Some(true) { OnFailure::DoNothing } else { OnFailure::Rollback };
        self.inner.start_update(&shared, deployment, on_failure, input.client_request_token.clone())?;
        Ok(id)
    }

    /// Deletes a stack. One that does not exist, or is deleted already, is a success.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html>
    pub fn delete_stack(&self, input: &DeleteInput) -> Result<(), EngineError> {
        let Ok(shared) = self.inner.find(&input.stack_name) else { return Ok(()) };
        let in_use = self.check_exports(&shared);
        let (waits, reviewed) = {
            let mut stack = lock(&shared);
            let fingerprint =
                format!("DeleteStack {} {:?} {}", input.stack_name, input.retain_resources, input.force);
            let repeated = repeats(&stack, input.client_request_token.as_deref(), &fingerprint)?;
            if repeated || matches!(stack.status, StackStatus::DeleteComplete | StackStatus::DeleteInProgress)
            {
                return Ok(());
            }
            check_deletable(&stack, input)?;
            in_use?;
            let mut running = None;
            if let Some(now) = &mut stack.running {
                now.cause = Some(CancelCause::Delete);
                now.cancel.cancel();
                running = Some(now.done.clone());
            }
            remember(&mut stack, input.client_request_token.as_ref(), fingerprint);
            let reviewed = stack.status == StackStatus::ReviewInProgress;
            stack.status = StackStatus::DeleteInProgress;
            (running, reviewed)
        };
        if reviewed {
            let (id, name) = {
                let mut stack = lock(&shared);
                stack.transition(StackStatus::DeleteComplete, Some(USER.to_owned()), self.inner.now());
                (stack.id.clone(), stack.name.clone())
            };
            self.inner.forget_name(&name, &id);
            return Ok(());
        }
        let retention = Retention {
            named: input.retain_resources.iter().cloned().collect(),
            force: input.force,
            ..Retention::default()
        };
        let (inner, stack) = (self.inner.clone(), shared.clone());
        self.inner.start(
            &shared,
            input.client_request_token.clone(),
            StackStatus::DeleteInProgress,
            |_| async move {
                if let Some(done) = waits {
                    done.cancelled().await;
                }
                delete::finish(&inner, &stack, &retention).await;
            },
        )
    }

    fn check_exports(&self, shared: &SharedStack) -> Result<(), EngineError> {
        let id = lock(shared).id.clone();
        for export in self.inner.exports.list().into_iter().filter(|export| export.stack_id == id) {
            let importers = self.inner.exports.importers(&export.name).unwrap_or_default();
            if !importers.is_empty() {
                return Err(EngineError::Validation(format!(
                    "Export {} cannot be deleted as it is in use by {}",
                    export.name,
                    importers.join(" and ")
                )));
            }
        }
        Ok(())
    }

    /// Turns termination protection on or off and gives the ID of the stack.
    pub fn set_termination_protection(&self, name: &str, enabled: bool) -> Result<String, EngineError> {
        let shared = self.inner.find(name)?;
        let mut stack = lock(&shared);
        if stack.status == StackStatus::DeleteComplete {
            return Err(EngineError::no_stack(name));
        }
        stack.termination_protection = enabled;
        Ok(stack.id.clone())
    }

    /// Cancels a running update, which is then rolled back.
    pub fn cancel_update_stack(&self, name: &str, token: Option<&str>) -> Result<(), EngineError> {
        let shared = self.inner.find(name)?;
        let mut stack = lock(&shared);
        let fingerprint = "CancelUpdateStack".to_owned();
        if repeats(&stack, token, &fingerprint)? {
            return Ok(());
        }
        if stack.status != StackStatus::UpdateInProgress {
            return Err(EngineError::Validation(
                "CancelUpdateStack cannot be called from current stack status".to_owned(),
            ));
        }
        remember(&mut stack, token.map(str::to_owned).as_ref(), fingerprint);
        if let Some(running) = &mut stack.running {
            running.cause.get_or_insert(CancelCause::User);
            running.cancel.cancel();
        }
        Ok(())
    }

    /// Goes on with a rollback that failed. The resources in `skip` count as rolled back.
    pub fn continue_update_rollback(
        &self,
        name: &str,
        skip: &[String],
        token: Option<&str>,
    ) -> Result<(), EngineError> {
        let shared = self.inner.find(name)?;
        let skip: BTreeSet<String> = skip.iter().cloned().collect();
        {
            let mut stack = lock(&shared);
            let fingerprint = format!("ContinueUpdateRollback {skip:?}");
            if repeats(&stack, token, &fingerprint)? {
                return Ok(());
            }
            if stack.status != StackStatus::UpdateRollbackFailed {
                return Err(EngineError::Validation(format!(
                    "Stack:{} is in {} state and can not continue its update rollback.",
                    stack.id, stack.status
                )));
            }
            let failed =
                |id: &String| stack.before.as_ref().is_some_and(|before| before.touched.contains_key(id));
            if let Some(wrong) = skip.iter().find(|id| !failed(id)) {
                return Err(EngineError::Validation(format!(
                    "Resource {wrong} is not in UPDATE_FAILED state and cannot be skipped"
                )));
            }
            remember(&mut stack, token.map(str::to_owned).as_ref(), fingerprint);
            stack.status = StackStatus::UpdateRollbackInProgress;
        }
        let (inner, stack) = (self.inner.clone(), shared.clone());
        let status = StackStatus::UpdateRollbackInProgress;
        self.inner.start(&shared, token.map(str::to_owned), status, |_| async move {
            update::roll_back(&inner, &stack, &skip).await;
        })
    }
}

impl Inner {
    pub(crate) fn start_create(
        self: &Arc<Self>,
        shared: &SharedStack,
        deployment: Deployment,
        on_failure: OnFailure,
        token: Option<String>,
    ) -> Result<(), EngineError> {
        let mut view = View::new(self, shared, &deployment)?;
        view.records_imports = true;
        {
            let mut stack = lock(shared);
            stack.deployed = deployment;
            stack.on_failure = on_failure;
        }
        let (inner, stack) = (self.clone(), shared.clone());
        self.start(shared, token, StackStatus::CreateInProgress, |cancel| {
            create::run(inner, stack, view, cancel)
        })
    }

    pub(crate) fn start_update(
        self: &Arc<Self>,
        shared: &SharedStack,
        deployment: Deployment,
        on_failure: OnFailure,
        token: Option<String>,
    ) -> Result<(), EngineError> {
        let mut view = View::new(self, shared, &deployment)?;
        view.records_imports = true;
        let name = lock(shared).name.clone();
        let imports = self.exports.imports_of(&name);
        {
            let mut stack = lock(shared);
            // Checked again where the stack is claimed, so that of two updates at once one is refused.
            if !stack.status.is_updatable() {
                return Err(not_updatable(&stack));
            }
            stack.before = Some(Snapshot {
                status: stack.status,
                deployed: stack.deployed.clone(),
                resources: stack.resources.clone(),
                outputs: stack.outputs.clone(),
                touched: std::collections::BTreeMap::new(),
                imports,
            });
            stack.status = StackStatus::UpdateInProgress;
            stack.deployed = deployment;
            stack.on_failure = on_failure;
            stack.updated = Some(self.now());
        }
        self.exports.set_imports(&name, BTreeSet::new());
        let (inner, stack) = (self.clone(), shared.clone());
        self.start(shared, token, StackStatus::UpdateInProgress, |cancel| {
            update::run(inner, stack, view, cancel)
        })
    }

    /// Puts the stack in a status and runs an operation on it until it ends or the engine shuts down.
    fn start<F>(
        self: &Arc<Self>,
        shared: &SharedStack,
        token: Option<String>,
        status: StackStatus,
        operation: impl FnOnce(CancellationToken) -> F,
    ) -> Result<(), EngineError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.shutdown.is_cancelled() {
            return Err(EngineError::Validation("The engine is shutting down".to_owned()));
        }
        let (cancel, done) = (CancellationToken::new(), CancellationToken::new());
        {
            let mut stack = lock(shared);
            stack.running = Some(Running { token, cancel: cancel.clone(), cause: None, done: done.clone() });
            stack.transition(status, Some(USER.to_owned()), self.now());
        }
        let (future, shutdown, shared) = (operation(cancel), self.shutdown.clone(), shared.clone());
        self.tracker.spawn(async move {
            let end = done.clone().drop_guard();
            tokio::select! {
                () = future => {}
                () = shutdown.cancelled() => {}
            }
            let mut stack = lock(&shared);
            // A deletion may have taken over meanwhile; then the field is its own.
            if stack.running.as_ref().is_some_and(|running| running.done == done) {
                stack.running = None;
            }
            drop(stack);
            drop(end);
        });
        Ok(())
    }
}

fn check_deletable(stack: &Stack, input: &DeleteInput) -> Result<(), EngineError> {
    if stack.termination_protection {
        return Err(EngineError::Validation(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    if stack.status.is_running() && stack.status != StackStatus::CreateInProgress {
        return Err(EngineError::Validation(format!(
            "Stack [{}] cannot be deleted while in status {}",
            stack.name, stack.status
        )));
    }
    let from_failed = stack.status == StackStatus::DeleteFailed;
    if !input.retain_resources.is_empty() && !from_failed {
        return Err(EngineError::Validation(format!(
            "Invalid operation on stack [{}]. Specify which resources to retain only when the stack is in the DELETE_FAILED state.",
            stack.id
        )));
    }
    if input.force && !from_failed {
        return Err(EngineError::Validation(format!(
            "Invalid operation on stack [{}]. FORCE_DELETE_STACK can only be specified when the stack is in the DELETE_FAILED state.",
            stack.id
        )));
    }
    if let Some(unknown) = input.retain_resources.iter().find(|id| !stack.resources.contains_key(*id)) {
        return Err(EngineError::Validation(format!(
            "The specified resources to retain must be in a valid state. Resource {unknown} does not exist."
        )));
    }
    Ok(())
}

/// Whether a token was used for the same call before; used for another one, it is refused.
fn repeats(stack: &Stack, token: Option<&str>, fingerprint: &str) -> Result<bool, EngineError> {
    match token.and_then(|token| stack.tokens.get_key_value(token)) {
        None => Ok(false),
        Some((_, known)) if known == fingerprint => Ok(true),
        Some((token, _)) => Err(EngineError::TokenAlreadyExists(token.clone())),
    }
}

fn remember(stack: &mut Stack, token: Option<&String>, fingerprint: String) {
    if let Some(token) = token {
        stack.tokens.insert(token.clone(), fingerprint);
    }
}
