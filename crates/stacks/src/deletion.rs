//! Deletes one stack.

use crate::api::{Session, client_token};
use crate::error::Error;
use crate::event::{Event, Recovery};
use crate::inspect::DeployedStack;
use crate::operation::{Settled, settle};
use crate::status::is_settled;

/// How often a deletion that failed is tried again, each time after the hooks have emptied what is in the way.
const ATTEMPTS: u32 = 3;

/// Deletes the stack and waits until it is gone. The result has a stack where it is not.
pub(crate) async fn delete_stack(
    session: &Session,
    stack: &DeployedStack,
    rest_apis: u32,
) -> Result<Settled, Error> {
    let mut current = stack.clone();
    let mut attempt = 0;
    loop {
        if current.status == "DELETE_IN_PROGRESS" {
            started(session, &current, true);
            let settled = settle(session, &current.name, &current.id, None).await?;
            match settled.stack {
                Some(standing) if attempt + 1 < ATTEMPTS => current = standing,
                _ => return Ok(settled),
            }
        } else if !is_settled(&current.status) && !may_be_deleted(&current.status) {
            let settled = settle(session, &current.name, &current.id, None).await?;
            match settled.stack {
                Some(standing) => current = standing,
                None => return Ok(settled),
            }
        }
        let emptied = session.hooks.before_delete(&current.name).await;
        session.gate.pass(rest_apis).await;
        let since = session.latest_event(&current).await?;
        let token = client_token("delete");
        let answer = session
            .call(&current.name, "DeleteStack", || {
                session.client.delete_stack().stack_name(&current.id).client_request_token(&token).send()
            })
            .await;
        match answer {
            Ok(_) => {}
            Err(error) if error.is_wrong_state() && attempt + 1 < ATTEMPTS => {
                attempt += 1;
                session.pause(session.pacing.interval).await?;
                match session.describe(&current.id).await? {
                    Some(standing) => current = standing,
                    None => return Ok(Settled { stack: None, events: Vec::new() }),
                }
                continue;
            }
            Err(error) => return Err(error),
        }
        started(session, &current, false);
        let mut settled = settle(session, &current.name, &current.id, since).await?;
        attempt += 1;
        let Some(standing) = &mut settled.stack else { return Ok(settled) };
        if attempt == ATTEMPTS {
            if let Err(message) = emptied {
                let reason = standing.reason.take().unwrap_or_default();
                standing.reason = Some(format!("{reason} ({message})"));
            }
            return Ok(settled);
        }
        session.emit(Event::Recovering {
            stack: standing.name.clone(),
            status: standing.status.clone(),
            recovery: Recovery::DeleteAgain,
        });
        current = standing.clone();
    }
}

/// `DeleteStack` stops a creation and its rollback, but not an update.
fn may_be_deleted(status: &str) -> bool {
    matches!(status, "CREATE_IN_PROGRESS" | "ROLLBACK_IN_PROGRESS")
}

fn started(session: &Session, stack: &DeployedStack, adopted: bool) {
    session.emit(Event::Started { stack: stack.name.clone(), operation: "delete".to_owned(), adopted });
}
