//! Deletes a set of stacks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cloudformation::Client;
use futures::Stream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::api::Session;
use crate::deletion::delete_stack;
use crate::error::Error;
use crate::event::Event;
use crate::hooks::{DeletionHooks, NoHooks};
use crate::operation::{millis, refusal};
use crate::outcome::{Failure, Outcome, StackReport};
use crate::pacing::{DeletionGate, Pacing};
use crate::poller::Poller;
use crate::schedule::{Crew, chain_lengths, report};
use crate::spec::DeleteSpec;

/// How a set of stacks is deleted.
#[derive(Clone)]
pub struct DeleteOptions {
    pub pacing: Pacing,
    /// Called before each `DeleteStack`.
    pub hooks: Arc<dyn DeletionHooks>,
    /// Cancelling begins nothing more and stops following what is in progress.
    pub cancel: CancellationToken,
}

impl DeleteOptions {
    /// No hooks, and nobody who cancels.
    #[must_use]
    pub fn new(pacing: Pacing) -> Self {
        Self { pacing, hooks: Arc::new(NoHooks), cancel: CancellationToken::new() }
    }
}

/// Deletes every stack as soon as those that use it are gone. The future gives one report a stack, in the order of
/// `specs`. A stack that cannot be deleted is tried again after the hooks have emptied what is in the way; those that
/// it uses are skipped.
///
/// # Errors
/// [`Error::Circle`], before any call. What happens to a stack is in its report.
pub fn delete(
    client: Client,
    specs: Vec<DeleteSpec>,
    options: DeleteOptions,
) -> (impl Future<Output = Result<Vec<StackReport>, Error>> + Send, impl Stream<Item = Event> + Send + Unpin)
{
    let (events, stream) = mpsc::unbounded_channel();
    let future = async move {
        let needs = predecessors(&specs);
        let urgency = chain_lengths(&needs).map_err(|circle| Error::Circle {
            stacks: circle.into_iter().map(|node| specs[node].name.clone()).collect(),
        })?;
        let (watchers, poller) = Poller::new(client.clone(), options.pacing);
        let session = Arc::new(Session {
            client,
            pacing: options.pacing,
            hooks: options.hooks,
            cancel: options.cancel,
            watchers,
            gate: DeletionGate::new(options.pacing.rest_api_deletion),
            events,
        });
        let run = Run { session, specs, needs, urgency, reports: BTreeMap::new() };
        tokio::select! {
            reports = run.complete() => Ok(reports),
            () = poller.run() => Err(Error::Interrupted),
        }
    };
    (future, UnboundedReceiverStream::new(stream))
}

fn predecessors(specs: &[DeleteSpec]) -> Vec<BTreeSet<usize>> {
    specs
        .iter()
        .map(|spec| (0..specs.len()).filter(|&node| spec.after.contains(&specs[node].name)).collect())
        .collect()
}

/// One `delete` in progress.
struct Run {
    session: Arc<Session>,
    specs: Vec<DeleteSpec>,
    needs: Vec<BTreeSet<usize>>,
    urgency: Vec<usize>,
    reports: BTreeMap<usize, StackReport>,
}

impl Run {
    async fn complete(mut self) -> Vec<StackReport> {
        let mut crew = Crew::new(self.session.pacing.parallel);
        let mut open: Vec<usize> = (0..self.specs.len()).collect();
        open.sort_by_key(|&node| std::cmp::Reverse(self.urgency[node]));
        let mut told = BTreeSet::new();
        loop {
            let cancelled = self.session.cancel.is_cancelled();
            let mut still_open = Vec::new();
            for node in std::mem::take(&mut open) {
                let name = self.specs[node].name.clone();
                let waiting: Vec<String> = self.needs[node]
                    .iter()
                    .filter(|need| !self.reports.contains_key(need))
                    .map(|&need| self.specs[need].name.clone())
                    .collect();
                let blocker = self.needs[node]
                    .iter()
                    .find(|need| self.reports.get(need).is_some_and(|report| !report.outcome.is_success()));
                if cancelled {
                    self.finish(node, report(name, Outcome::Interrupted));
                } else if let Some(&blocker) = blocker {
                    let cause = format!("{} still uses it", self.specs[blocker].name);
                    self.finish(node, report(name, Outcome::Skipped { cause }));
                } else if !waiting.is_empty() {
                    if told.insert(node) {
                        self.session.emit(Event::Waiting { stack: name, on: waiting });
                    }
                    still_open.push(node);
                } else if crew.has_room() {
                    let session = Arc::clone(&self.session);
                    let spec = self.specs[node].clone();
                    crew.start(node, &name, async move { take_down(&session, &spec).await });
                } else {
                    still_open.push(node);
                }
            }
            // A stack that was skipped or interrupted just now may settle others.
            let progressed = still_open.iter().any(|&node| {
                self.needs[node].iter().all(|need| self.reports.contains_key(need)) && crew.has_room()
            });
            open = still_open;
            if open.is_empty() && crew.is_idle() {
                break;
            }
            if progressed {
                continue;
            }
            tokio::select! {
                Some((node, done)) = crew.next() => self.finish(node, done),
                () = self.session.cancel.cancelled(), if !cancelled => {}
            }
        }
        self.reports.into_values().collect()
    }

    fn finish(&mut self, node: usize, done: StackReport) {
        self.session.emit(Event::Finished(done.clone()));
        self.reports.insert(node, done);
    }
}

async fn take_down(session: &Session, spec: &DeleteSpec) -> StackReport {
    let begin = Instant::now();
    let mut stack_id = None;
    let outcome = match session.describe(&spec.name).await {
        Ok(None) => Ok(Outcome::Absent),
        Ok(Some(stack)) => {
            stack_id = Some(stack.id.clone());
            delete_stack(session, &stack, spec.rest_apis).await.map(|settled| match settled.stack {
                None => Outcome::Deleted,
                Some(_) => Outcome::Failed(settled.failure()),
            })
        }
        Err(error) => Err(error),
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(Error::Interrupted) => Outcome::Interrupted,
        Err(error) => Outcome::Failed(Failure { status: None, message: refusal(&error), cause: None }),
    };
    StackReport { stack_id, elapsed_ms: millis(begin.elapsed()), ..report(spec.name.clone(), outcome) }
}
