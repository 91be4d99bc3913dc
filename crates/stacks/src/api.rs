//! Calls to the endpoint, repeated while it refuses them for their rate.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::event::Event;
use crate::hooks::DeletionHooks;
use crate::inspect::DeployedStack;
use crate::pacing::{DeletionGate, Pacing, backoff};
use crate::poller::Watchers;

const THROTTLE_BASE: Duration = Duration::from_millis(500);
const THROTTLE_MOST: Duration = Duration::from_secs(20);
const THROTTLE_ATTEMPTS: u32 = 10;

/// What the operations of one `apply` or `delete` share.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) pacing: Pacing,
    pub(crate) hooks: Arc<dyn DeletionHooks>,
    pub(crate) cancel: CancellationToken,
    pub(crate) watchers: Watchers,
    pub(crate) gate: DeletionGate,
    pub(crate) events: UnboundedSender<Event>,
}

impl Session {
    /// Tells the caller of an event. A caller that no longer listens is no error.
    pub(crate) fn emit(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// Sends a call, and again with growing pauses while the endpoint refuses it for its rate.
    pub(crate) async fn call<T, E, R, F>(
        &self,
        stack: &str,
        operation: &'static str,
        mut send: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, R>>>,
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug + 'static,
    {
        let mut attempt = 0;
        loop {
            let answer = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(Error::Interrupted),
                answer = send() => answer,
            };
            let error = match answer {
                Ok(value) => return Ok(value),
                Err(error) => Error::from_sdk(operation, &error),
            };
            if !error.is_throttle() || attempt == THROTTLE_ATTEMPTS {
                return Err(error);
            }
            let pause = backoff(THROTTLE_BASE, attempt, THROTTLE_MOST);
            self.emit(Event::Throttled {
                stack: stack.to_owned(),
                operation: operation.to_owned(),
                pause_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            });
            self.pause(pause).await?;
            attempt += 1;
        }
    }

    /// The stack as it stands, by name or ID.
    pub(crate) async fn describe(&self, name: &str) -> Result<Option<DeployedStack>, Error> {
        let answer =
            self.call(name, "DescribeStacks", || self.client.describe_stacks().stack_name(name).send()).await;
        match answer {
            Ok(answer) => Ok(answer.stacks().first().map(DeployedStack::from)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ID of the latest event of a stack, behind which an operation's own events begin.
    pub(crate) async fn latest_event(&self, stack: &DeployedStack) -> Result<Option<String>, Error> {
        let answer = self
            .call(&stack.name, "DescribeStackEvents", || {
                self.client.describe_stack_events().stack_name(&stack.id).send()
            })
            .await?;
        Ok(answer.stack_events().first().and_then(|event| event.event_id()).map(str::to_owned))
    }

    /// Sleeps, unless the caller cancels.
    pub(crate) async fn pause(&self, duration: Duration) -> Result<(), Error> {
        tokio::select! {
            () = self.cancel.cancelled() => Err(Error::Interrupted),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }
}

/// A token that makes a repeated call the same operation.
pub(crate) fn client_token(operation: &str) -> String {
    format!("deploy-{operation}-{:032x}", rand::random::<u128>())
}
