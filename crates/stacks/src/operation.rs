//! Brings one stack to what its spec says.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudformation::types::{Capability, Parameter, Tag};
use tokio::time::Instant;

use crate::api::{Session, client_token};
use crate::cause::first_cause;
use crate::deletion::delete_stack;
use crate::error::Error;
use crate::event::{Event, Recovery, ResourceEvent};
use crate::inspect::DeployedStack;
use crate::outcome::{Failure, Outcome, StackReport};
use crate::spec::StackSpec;
use crate::status::{Sentiment, Step, is_settled, next_step};

/// More steps than any stuck stack needs; a stack that needs more is one that somebody else works on, too.
const MOST_STEPS: u32 = 8;
/// Rounds of the poller without news after which the stack itself is asked for its status.
const QUIET_ROUNDS: u32 = 10;

/// A stack with its events once nothing more happens to it; `None` where it is gone.
pub(crate) struct Settled {
    pub(crate) stack: Option<DeployedStack>,
    pub(crate) events: Vec<ResourceEvent>,
}

impl Settled {
    /// The failure that the events tell of.
    pub(crate) fn failure(&self) -> Failure {
        let status = self.stack.as_ref().map(|stack| stack.status.clone());
        let cause = first_cause(&self.events);
        let message = match (&cause, self.stack.as_ref().and_then(|stack| stack.reason.clone())) {
            (Some(cause), _) => format!("{} {}: {}", cause.logical_id, cause.status, cause.reason),
            (None, Some(reason)) => reason,
            (None, None) => format!("it ended as {}", status.as_deref().unwrap_or("deleted")),
        };
        Failure { status, message, cause }
    }
}

/// Creates or updates the stack and waits for the end. `values` are the spec's parameters and inputs together.
pub(crate) async fn apply_stack(
    session: &Session,
    spec: &StackSpec,
    values: &BTreeMap<String, String>,
) -> StackReport {
    let begin = Instant::now();
    let (outcome, stack) = match bring_up(session, spec, values).await {
        Ok(done) => done,
        Err(Error::Interrupted) => (Outcome::Interrupted, None),
        Err(error) => {
            (Outcome::Failed(Failure { status: None, message: refusal(&error), cause: None }), None)
        }
    };
    let stack = stack.unwrap_or_default();
    StackReport {
        stack: spec.name.clone(),
        stack_id: Some(stack.id).filter(|id| !id.is_empty()),
        outcome,
        elapsed_ms: millis(begin.elapsed()),
        outputs: stack.outputs,
        parameters: stack.parameters,
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The endpoint's own words where it refused a call: they name the parameter or the resource.
pub(crate) fn refusal(error: &Error) -> String {
    match error {
        Error::Refused { code, message, .. } if code == "ValidationError" => message.clone(),
        other => other.to_string(),
    }
}

async fn bring_up(
    session: &Session,
    spec: &StackSpec,
    values: &BTreeMap<String, String>,
) -> Result<(Outcome, Option<DeployedStack>), Error> {
    // What somebody else's operation, that was waited for, made of the stack.
    let mut adopted: Option<Outcome> = None;
    for _ in 0..MOST_STEPS {
        let current = session.describe(&spec.name).await?;
        let step = next_step(current.as_ref().map(|stack| stack.status.as_str()));
        match (step, current) {
            (Step::Create, _) | (_, None) => match create(session, spec, values).await {
                Ok(settled) => return Ok(conclude(Outcome::Created, settled)),
                Err(Error::Refused { code, .. }) if code == "AlreadyExistsException" => {}
                Err(error) => return Err(error),
            },
            (Step::Update, Some(stack)) => match update(session, spec, values, &stack).await {
                Ok(Some(settled)) => return Ok(conclude(Outcome::Updated, settled)),
                Ok(None) => return Ok((adopted.unwrap_or(Outcome::Unchanged), Some(stack))),
                Err(error) if error.is_wrong_state() => session.pause(session.pacing.interval).await?,
                Err(error) => return Err(error),
            },
            (Step::Adopt, Some(stack)) => {
                let creating = stack.status.starts_with("CREATE");
                let operation = stack.status.split('_').next().unwrap_or_default().to_lowercase();
                session.emit(Event::Started { stack: spec.name.clone(), operation, adopted: true });
                let settled = settle(session, &spec.name, &stack.id, None).await?;
                let good =
                    settled.stack.as_ref().is_some_and(|s| Sentiment::of(&s.status) == Sentiment::Good);
                adopted = good.then_some(if creating { Outcome::Created } else { Outcome::Updated });
            }
            (Step::Replace, Some(stack)) => {
                recovering(session, &stack, Recovery::Replace);
                let settled = delete_stack(session, &stack, spec.rest_apis).await?;
                if settled.stack.is_some() {
                    return Ok((Outcome::Failed(settled.failure()), settled.stack));
                }
            }
            (Step::ContinueRollback, Some(stack)) => {
                recovering(session, &stack, Recovery::ContinueRollback);
                let since = session.latest_event(&stack).await?;
                let token = client_token("rollback");
                session
                    .call(&stack.name, "ContinueUpdateRollback", || {
                        session
                            .client
                            .continue_update_rollback()
                            .stack_name(&stack.id)
                            .client_request_token(&token)
                            .send()
                    })
                    .await?;
                let settled = settle(session, &spec.name, &stack.id, since).await?;
                if settled.stack.as_ref().is_none_or(|s| s.status == "UPDATE_ROLLBACK_FAILED") {
                    return Ok((Outcome::Failed(settled.failure()), settled.stack));
                }
            }
        }
    }
    let message = format!("it did not come to rest in {MOST_STEPS} steps; something else works on it");
    Ok((Outcome::Failed(Failure { status: None, message, cause: None }), None))
}

fn recovering(session: &Session, stack: &DeployedStack, recovery: Recovery) {
    session.emit(Event::Recovering { stack: stack.name.clone(), status: stack.status.clone(), recovery });
}

fn conclude(success: Outcome, settled: Settled) -> (Outcome, Option<DeployedStack>) {
    let good = settled.stack.as_ref().is_some_and(|stack| Sentiment::of(&stack.status) == Sentiment::Good);
    if good { (success, settled.stack) } else { (Outcome::Failed(settled.failure()), settled.stack) }
}

async fn create(
    session: &Session,
    spec: &StackSpec,
    values: &BTreeMap<String, String>,
) -> Result<Settled, Error> {
    let token = client_token("create");
    session.emit(Event::Started { stack: spec.name.clone(), operation: "create".to_owned(), adopted: false });
    let answer = session
        .call(&spec.name, "CreateStack", || {
            session
                .client
                .create_stack()
                .stack_name(&spec.name)
                .template_body(&spec.template_body)
                .set_parameters(Some(values.iter().map(given).collect()))
                .set_capabilities(Some(capabilities(spec)))
                .set_tags(Some(tags(spec)))
                .disable_rollback(false)
                .enable_termination_protection(spec.termination_protection)
                .client_request_token(&token)
                .send()
        })
        .await?;
    settle(session, &spec.name, answer.stack_id().unwrap_or(&spec.name), None).await
}

/// `None` where there is nothing to update.
async fn update(
    session: &Session,
    spec: &StackSpec,
    values: &BTreeMap<String, String>,
    current: &DeployedStack,
) -> Result<Option<Settled>, Error> {
    let token = client_token("update");
    let kept = spec
        .keep
        .iter()
        .filter(|name| !values.contains_key(*name) && current.parameters.contains_key(*name))
        .map(|name| Parameter::builder().parameter_key(name).use_previous_value(true).build());
    let parameters: Vec<Parameter> = values.iter().map(given).chain(kept).collect();
    let since = session.latest_event(current).await?;
    let answer = session
        .call(&spec.name, "UpdateStack", || {
            session
                .client
                .update_stack()
                .stack_name(&current.id)
                .template_body(&spec.template_body)
                .set_parameters(Some(parameters.clone()))
                .set_capabilities(Some(capabilities(spec)))
                .set_tags(Some(tags(spec)))
                .disable_rollback(false)
                .client_request_token(&token)
                .send()
        })
        .await;
    match answer {
        Ok(_) => {}
        Err(error) if error.is_no_update() => return Ok(None),
        Err(error) => return Err(error),
    }
    session.emit(Event::Started { stack: spec.name.clone(), operation: "update".to_owned(), adopted: false });
    settle(session, &spec.name, &current.id, since).await.map(Some)
}

/// Follows a stack until nothing more happens to it. `since` is the latest event before the operation; `None` stands
/// for a new stack, or for an operation that somebody else began.
pub(crate) async fn settle(
    session: &Session,
    name: &str,
    stack_id: &str,
    since: Option<String>,
) -> Result<Settled, Error> {
    let begin = Instant::now();
    let mut findings = session.watchers.watch(stack_id, since);
    let mut events = Vec::new();
    let mut quiet = 0;
    let mut status = String::from("in progress");
    loop {
        let finding = tokio::select! {
            biased;
            () = session.cancel.cancelled() => return Err(Error::Interrupted),
            finding = findings.recv() => finding,
        };
        let mut ask = false;
        match finding {
            Some(Ok(found)) => {
                quiet = if found.is_empty() { quiet + 1 } else { 0 };
                for mut event in found {
                    name.clone_into(&mut event.stack);
                    if event.of_stack {
                        status.clone_from(&event.status);
                        ask = is_settled(&status);
                    }
                    session.emit(Event::Resource(event.clone()));
                    events.push(event);
                }
                ask |= quiet >= QUIET_ROUNDS;
            }
            // An endpoint may forget the events of a stack that is deleted.
            Some(Err(error)) if error.is_absent() => ask = true,
            Some(Err(error)) => return Err(error),
            None => return Err(Error::Interrupted),
        }
        if ask {
            quiet = 0;
            match session.describe(stack_id).await? {
                None => return Ok(Settled { stack: None, events }),
                Some(stack) if stack.status == "DELETE_COMPLETE" => {
                    return Ok(Settled { stack: None, events });
                }
                Some(stack) if is_settled(&stack.status) => {
                    return Ok(Settled { stack: Some(stack), events });
                }
                Some(stack) => status = stack.status,
            }
        }
        if begin.elapsed() > session.pacing.timeout {
            let seconds = begin.elapsed().as_secs();
            return Err(Error::Timeout { stack: name.to_owned(), status, seconds });
        }
    }
}

fn given((name, value): (&String, &String)) -> Parameter {
    Parameter::builder().parameter_key(name).parameter_value(value).build()
}

fn capabilities(spec: &StackSpec) -> Vec<Capability> {
    spec.capabilities.iter().map(|name| Capability::from(name.as_str())).collect()
}

fn tags(spec: &StackSpec) -> Vec<Tag> {
    spec.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
