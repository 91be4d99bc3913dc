//! Change sets: proposed deployments of a stack.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html>

use indexmap::IndexMap;
use time::OffsetDateTime;

use super::input::{ChangeSetInput, ChangeSetKind, ExecuteInput, OnFailure};
use super::plan::{Plan, ResourceChange};
use super::stack::{Deployment, Stack};
use super::view::View;
use super::{Engine, SharedStack, lock, prepare};
use crate::error::EngineError;
use crate::status::StackStatus;
use crate::template::TemplateError;

/// Why an empty change set failed.
const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";
/// How many change sets a stack may have.
const MAX_CHANGE_SETS: usize = 1000;

/// A change set.
#[derive(Clone)]
pub(crate) struct ChangeSet {
    pub id: String,
    pub name: String,
    pub kind: ChangeSetKind,
    pub description: Option<String>,
    pub created: OffsetDateTime,
    pub status: &'static str,
    pub execution_status: &'static str,
    pub reason: Option<String>,
    pub deployment: Deployment,
    pub changes: Vec<ResourceChange>,
    pub on_stack_failure: Option<OnFailure>,
    pub disable_rollback: Option<bool>,
    pub retain_except_on_create: bool,
    pub token: Option<String>,
}

/// What `DescribeChangeSet` and `ListChangeSets` show.
#[derive(Clone, Debug)]
pub struct ChangeSetDescription {
    pub id: String,
    pub name: String,
    pub stack_id: String,
    pub stack_name: String,
    pub description: Option<String>,
    pub created: OffsetDateTime,
    /// `CREATE_COMPLETE` or `FAILED`.
    pub status: &'static str,
    /// `AVAILABLE`, `UNAVAILABLE`, `EXECUTE_IN_PROGRESS`, `EXECUTE_COMPLETE`, `EXECUTE_FAILED` or `OBSOLETE`.
    pub execution_status: &'static str,
    pub reason: Option<String>,
    /// Parameters with their values; those of `NoEcho` are masked.
    pub parameters: IndexMap<String, String>,
    pub tags: std::collections::BTreeMap<String, String>,
    pub notification_arns: Vec<String>,
    pub capabilities: Vec<String>,
    pub changes: Vec<ResourceChange>,
    pub on_stack_failure: Option<OnFailure>,
}

impl Engine {
    /// Computes a change set. Gives its ARN and the ID of its stack; an empty one is `FAILED`, which is no error.
    pub fn create_change_set(&self, input: ChangeSetInput) -> Result<(String, String), EngineError> {
        super::check_name(&input.name, "changeSetName")?;
        let existing = self.inner.find(&input.stack.stack_name).ok();
        let shared = match (input.kind, existing) {
            (ChangeSetKind::Create, Some(shared)) => {
                let (status, name) = {
                    let stack = lock(&shared);
                    (stack.status, stack.name.clone())
                };
                if status != StackStatus::ReviewInProgress {
                    return Err(EngineError::Validation(format!(
                        "Stack [{name}] already exists and cannot be created again with the changeSet [{}].",
                        input.name
                    )));
                }
                shared
            }
            (ChangeSetKind::Create, None) => {
                super::check_name(&input.stack.stack_name, "stackName")?;
                prepare::deployment(&input.stack, None, &self.inner.registry, &self.inner.options)?;
                let shared = self.inner.insert(&input.stack, StackStatus::ReviewInProgress)?;
                lock(&shared).transition(
                    StackStatus::ReviewInProgress,
                    Some("User Initiated".to_owned()),
                    self.inner.now(),
                );
                shared
            }
            (ChangeSetKind::Update, None) => return Err(EngineError::no_stack(&input.stack.stack_name)),
            (ChangeSetKind::Update, Some(shared)) => {
                let stack = lock(&shared);
                if !stack.status.is_updatable() {
                    return Err(not_updatable(&stack));
                }
                drop(stack);
                shared
            }
        };
        self.add_change_set(&shared, input)
    }

    fn add_change_set(
        &self,
        shared: &SharedStack,
        input: ChangeSetInput,
    ) -> Result<(String, String), EngineError> {
        let (stack_id, current) = {
            let stack = lock(shared);
            if let Some(known) = stack.change_sets.values().find(|known| known.name == input.name) {
                let same = known.token.is_some() && known.token == input.stack.client_request_token;
                return if same {
                    Ok((known.id.clone(), stack.id.clone()))
                } else {
                    Err(EngineError::AlreadyExists(input.name.clone()))
                };
            }
            if stack.change_sets.len() >= MAX_CHANGE_SETS {
                return Err(EngineError::LimitExceeded(format!(
                    "A stack may have at most {MAX_CHANGE_SETS} change sets"
                )));
            }
            (stack.id.clone(), stack.deployed.clone())
        };
        let current_known = (input.kind == ChangeSetKind::Update).then_some(&current);
        let deployment =
            prepare::deployment(&input.stack, current_known, &self.inner.registry, &self.inner.options)?;
        super::refuse_type_changes(shared, &deployment)?;
        let plan = View::new(&self.inner, shared, &deployment)
            .and_then(|view| Plan::new(&view, &current).map_err(|error: TemplateError| error.into()));
        let (status, execution_status, reason, changes) = match plan {
            Ok(plan) if plan.is_empty() => ("FAILED", "UNAVAILABLE", Some(NO_CHANGES.to_owned()), Vec::new()),
            Ok(plan) => ("CREATE_COMPLETE", "AVAILABLE", None, plan.changes),
            Err(error) => ("FAILED", "UNAVAILABLE", Some(error.to_string()), Vec::new()),
        };
        let options = &self.inner.options;
        let id = format!(
            "arn:{}:cloudformation:{}:{}:changeSet/{}/{}",
            options.partition,
            options.region,
            options.account,
            input.name,
            uuid::Uuid::new_v4()
        );
        let change_set = ChangeSet {
            id: id.clone(),
            name: input.name,
            kind: input.kind,
            description: input.description,
            created: self.inner.now(),
            status,
            execution_status,
            reason,
            deployment,
            changes,
            on_stack_failure: input.stack.on_failure,
            disable_rollback: input.stack.disable_rollback,
            retain_except_on_create: input.stack.retain_except_on_create,
            token: input.stack.client_request_token,
        };
        lock(shared).change_sets.insert(id.clone(), change_set);
        Ok((id, stack_id))
    }

    /// Describes a change set, given by ARN or by name and stack.
    pub fn describe_change_set(
        &self,
        change_set: &str,
        stack: Option<&str>,
    ) -> Result<ChangeSetDescription, EngineError> {
        let (shared, id) = self.find_change_set(change_set, stack)?;
        let stack = lock(&shared);
        let found = stack
            .change_sets
            .get(&id)
            .ok_or_else(|| EngineError::ChangeSetNotFound(change_set.to_owned()))?;
        Ok(describe(&stack, found))
    }

    /// The template of a change set as it was given.
    pub fn change_set_template(&self, change_set: &str, stack: Option<&str>) -> Result<String, EngineError> {
        let (shared, id) = self.find_change_set(change_set, stack)?;
        let stack = lock(&shared);
        let template = stack.change_sets.get(&id).and_then(|found| found.deployment.template.as_ref());
        template
            .map(|template| template.text().to_owned())
            .ok_or_else(|| EngineError::ChangeSetNotFound(change_set.to_owned()))
    }

    /// The change sets of a stack, oldest first.
    pub fn list_change_sets(&self, stack: &str) -> Result<Vec<ChangeSetDescription>, EngineError> {
        let shared = self.inner.find(stack)?;
        let stack = lock(&shared);
        Ok(stack.change_sets.values().map(|one| describe(&stack, one)).collect())
    }

    /// Starts what a change set proposes.
    pub fn execute_change_set(&self, input: &ExecuteInput) -> Result<(), EngineError> {
        let (shared, id) = self.find_change_set(&input.change_set, input.stack_name.as_deref())?;
        let change_set = {
            let mut stack = lock(&shared);
            let Some(change_set) = stack.change_sets.get(&id).cloned() else {
                return Err(EngineError::ChangeSetNotFound(input.change_set.clone()));
            };
            let fingerprint = format!("ExecuteChangeSet {id}");
            if let Some(token) = &input.client_request_token {
                match stack.tokens.get(token) {
                    Some(known) if *known == fingerprint => return Ok(()),
                    Some(_) => return Err(EngineError::TokenAlreadyExists(token.clone())),
                    None => {}
                }
            }
            if change_set.execution_status != "AVAILABLE" {
                return Err(EngineError::InvalidChangeSetStatus(format!(
                    "ChangeSet [{id}] cannot be executed in its current execution status of [{}]",
                    change_set.execution_status
                )));
            }
            let ready = match change_set.kind {
                ChangeSetKind::Create => stack.status == StackStatus::ReviewInProgress,
                ChangeSetKind::Update => stack.status.is_updatable(),
            };
            if !ready {
                return Err(not_updatable(&stack));
            }
            if let Some(token) = &input.client_request_token {
                stack.tokens.insert(token.clone(), fingerprint);
            }
            stack.change_set_id = Some(id.clone());
            // One is executed; the others described a state that is no more.
            stack.change_sets.retain(|other, _| *other == id);
            if let Some(own) = stack.change_sets.get_mut(&id) {
                own.execution_status = "EXECUTE_COMPLETE";
            }
            stack.retain_except_on_create |= change_set.retain_except_on_create;
            change_set
        };
        let on_failure =
            match (input.disable_rollback.or(change_set.disable_rollback), change_set.on_stack_failure) {
                (Some(true), _) => OnFailure::DoNothing,
                (_, Some(on_failure)) => on_failure,
                (_, None) => OnFailure::Rollback,
            };
        let token = input.client_request_token.clone();
        match change_set.kind {
            ChangeSetKind::Create => {
                self.inner.start_create(&shared, change_set.deployment, on_failure, token)
            }
            ChangeSetKind::Update => {
                self.inner.start_update(&shared, change_set.deployment, on_failure, token)
            }
        }
    }

    /// Deletes a change set. One that does not exist is a success where its stack is known by name.
    pub fn delete_change_set(&self, change_set: &str, stack: Option<&str>) -> Result<(), EngineError> {
        let (shared, id) = match self.find_change_set(change_set, stack) {
            Err(EngineError::ChangeSetNotFound(_)) if stack.is_some() => return Ok(()),
            other => other?,
        };
        let mut stack = lock(&shared);
        if let Some(found) = stack.change_sets.get(&id)
            && found.execution_status.starts_with("EXECUTE")
        {
            return Err(EngineError::InvalidChangeSetStatus(format!(
                "ChangeSet [{id}] has been executed and cannot be deleted"
            )));
        }
        stack.change_sets.shift_remove(&id);
        Ok(())
    }

    fn find_change_set(
        &self,
        change_set: &str,
        stack: Option<&str>,
    ) -> Result<(SharedStack, String), EngineError> {
        let missing = || EngineError::ChangeSetNotFound(change_set.to_owned());
        let stacks = match stack {
            Some(name) => vec![self.inner.find(name)?],
            None if change_set.starts_with("arn:") => self.inner.all(),
            None => {
                return Err(EngineError::Validation(
                    "StackName must be specified if ChangeSetName is not specified as an ARN.".to_owned(),
                ));
            }
        };
        for shared in stacks {
            let found = {
                let stack = lock(&shared);
                let mut sets = stack.change_sets.values();
                sets.find(|one| one.id == change_set || one.name == change_set).map(|one| one.id.clone())
            };
            if let Some(id) = found {
                return Ok((shared, id));
            }
        }
        Err(missing())
    }
}

pub(crate) fn not_updatable(stack: &Stack) -> EngineError {
    EngineError::Validation(format!(
        "Stack:{} is in {} state and can not be updated.",
        stack.id, stack.status
    ))
}

fn describe(stack: &Stack, change_set: &ChangeSet) -> ChangeSetDescription {
    ChangeSetDescription {
        id: change_set.id.clone(),
        name: change_set.name.clone(),
        stack_id: stack.id.clone(),
        stack_name: stack.name.clone(),
        description: change_set.description.clone(),
        created: change_set.created,
        status: change_set.status,
        execution_status: change_set.execution_status,
        reason: change_set.reason.clone(),
        parameters: change_set.deployment.shown_parameters(),
        tags: change_set.deployment.tags.clone(),
        notification_arns: change_set.deployment.notification_arns.clone(),
        capabilities: change_set.deployment.capabilities.clone(),
        changes: change_set.changes.clone(),
        on_stack_failure: change_set.on_stack_failure,
    }
}
