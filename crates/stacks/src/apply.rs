//! Applies a set of stacks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use aws_sdk_cloudformation::Client;
use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::api::Session;
use crate::blackboard::Blackboard;
use crate::error::Error;
use crate::event::Event;
use crate::hooks::{DeletionHooks, NoHooks};
use crate::operation::apply_stack;
use crate::outcome::{Outcome, StackReport};
use crate::pacing::{DeletionGate, Pacing};
use crate::poller::Poller;
use crate::schedule::{Crew, chain_lengths, report};
use crate::spec::StackSpec;

/// How a set of stacks is applied.
#[derive(Clone)]
pub struct ApplyOptions {
    pub pacing: Pacing,
    /// Where inputs come from and outputs go to. The caller may put or promise values of its own.
    pub blackboard: Blackboard,
    /// Called before a stuck stack is deleted to be created again.
    pub hooks: Arc<dyn DeletionHooks>,
    /// Cancelling begins nothing more and stops following what is in progress.
    pub cancel: CancellationToken,
}

impl ApplyOptions {
    /// No hooks, an empty blackboard, and nobody who cancels.
    #[must_use]
    pub fn new(pacing: Pacing) -> Self {
        Self {
            pacing,
            blackboard: Blackboard::default(),
            hooks: Arc::new(NoHooks),
            cancel: CancellationToken::new(),
        }
    }
}

/// Creates or updates every stack as soon as its inputs stand on the blackboard; those that most others wait for go
/// first where not all may run at once. The future gives one report a stack, in the order of `specs`; a failed stack
/// fails its outputs, so those that need them are skipped, and the others go on.
///
/// The stream ends when the future is done. Dropping the future stops it like a cancellation.
///
/// # Errors
/// [`Error::NoSource`], [`Error::Circle`] and [`Error::Twice`], before any call. What happens to a stack is in its report.
pub fn apply(
    client: Client,
    specs: Vec<StackSpec>,
    options: ApplyOptions,
) -> (impl Future<Output = Result<Vec<StackReport>, Error>> + Send, impl Stream<Item = Event> + Send + Unpin)
{
    let (events, stream) = mpsc::unbounded_channel();
    let future = async move {
        let urgency = check(&specs, &options.blackboard)?;
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
        let run = Run { session, board: options.blackboard, specs, urgency, reports: BTreeMap::new() };
        tokio::select! {
            reports = run.complete() => Ok(reports),
            () = poller.run() => Err(Error::Interrupted),
        }
    };
    (future, UnboundedReceiverStream::new(stream))
}

/// Refuses sets that cannot be ordered; gives each stack's urgency.
fn check(specs: &[StackSpec], board: &Blackboard) -> Result<Vec<usize>, Error> {
    let mut sources: HashMap<&str, usize> = HashMap::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (node, spec) in specs.iter().enumerate() {
        if !names.insert(&spec.name) {
            let name = spec.name.clone();
            return Err(Error::Twice {
                what: "stack",
                name: name.clone(),
                first: name.clone(),
                second: name,
            });
        }
        for output in &spec.outputs {
            if let Some(first) = sources.insert(output, node) {
                return Err(Error::Twice {
                    what: "output",
                    name: output.clone(),
                    first: specs[first].name.clone(),
                    second: spec.name.clone(),
                });
            }
        }
    }
    let mut needs = vec![BTreeSet::new(); specs.len()];
    for (node, spec) in specs.iter().enumerate() {
        for (parameter, input) in &spec.inputs {
            match sources.get(input.as_str()) {
                Some(&source) => {
                    needs[node].insert(source);
                }
                None if board.expects(input) => {}
                None => {
                    return Err(Error::NoSource {
                        stack: spec.name.clone(),
                        parameter: parameter.clone(),
                        input: input.clone(),
                    });
                }
            }
        }
    }
    chain_lengths(&needs).map_err(|circle| Error::Circle {
        stacks: circle.into_iter().map(|node| specs[node].name.clone()).collect(),
    })
}

/// One `apply` in progress.
struct Run {
    session: Arc<Session>,
    board: Blackboard,
    specs: Vec<StackSpec>,
    urgency: Vec<usize>,
    reports: BTreeMap<usize, StackReport>,
}

/// Whether a stack's inputs are there.
enum Readiness {
    Ready(BTreeMap<String, String>),
    Waiting(Vec<String>),
    Hopeless(String),
}

impl Run {
    async fn complete(mut self) -> Vec<StackReport> {
        let mut crew = Crew::new(self.session.pacing.parallel);
        let mut changes = self.board.changes();
        let mut open: Vec<usize> = (0..self.specs.len()).collect();
        open.sort_by_key(|&node| std::cmp::Reverse(self.urgency[node]));
        let mut told = vec![Vec::new(); self.specs.len()];
        loop {
            let cancelled = self.session.cancel.is_cancelled();
            let mut still_open = Vec::new();
            for node in std::mem::take(&mut open) {
                if cancelled {
                    self.finish(node, report(self.specs[node].name.clone(), Outcome::Interrupted));
                    continue;
                }
                match self.readiness(&self.specs[node]) {
                    Readiness::Hopeless(cause) => {
                        self.finish(node, report(self.specs[node].name.clone(), Outcome::Skipped { cause }));
                    }
                    Readiness::Ready(values) if crew.has_room() => self.start(&mut crew, node, values),
                    Readiness::Ready(_) => still_open.push(node),
                    Readiness::Waiting(on) => {
                        if told[node] != on {
                            self.session.emit(Event::Waiting {
                                stack: self.specs[node].name.clone(),
                                on: on.clone(),
                            });
                            told[node] = on;
                        }
                        still_open.push(node);
                    }
                }
            }
            open = still_open;
            if open.is_empty() && crew.is_idle() {
                break;
            }
            tokio::select! {
                Some((node, done)) = crew.next() => self.finish(node, done),
                () = changes.next(), if !open.is_empty() => {}
                () = self.session.cancel.cancelled(), if !cancelled => {}
            }
        }
        self.reports.into_values().collect()
    }

    fn readiness(&self, spec: &StackSpec) -> Readiness {
        let mut values = spec.parameters.clone();
        let mut waiting = Vec::new();
        for (parameter, input) in &spec.inputs {
            // A value that the caller gives outright wins over the one that another stack would supply.
            if values.contains_key(parameter) {
                continue;
            }
            match self.board.peek(input) {
                Some(Ok(value)) => {
                    values.insert(parameter.clone(), value);
                }
                Some(Err(unavailable)) => return Readiness::Hopeless(unavailable.to_string()),
                None => waiting.push(input.clone()),
            }
        }
        if waiting.is_empty() { Readiness::Ready(values) } else { Readiness::Waiting(waiting) }
    }

    fn start(&self, crew: &mut Crew, node: usize, values: BTreeMap<String, String>) {
        let session = Arc::clone(&self.session);
        let spec = self.specs[node].clone();
        let name = spec.name.clone();
        crew.start(node, &name, async move { apply_stack(&session, &spec, &values).await });
    }

    fn finish(&mut self, node: usize, done: StackReport) {
        for output in &self.specs[node].outputs {
            match (&done.outcome, done.outputs.get(output)) {
                (outcome, Some(value)) if outcome.is_success() => self.board.put(output, value),
                (outcome, None) if outcome.is_success() => {
                    self.board.fail(output, format!("the stack {} has no such output", done.stack));
                }
                (Outcome::Failed(failure), _) => {
                    self.board.fail(output, format!("{} failed: {}", done.stack, failure.message));
                }
                (Outcome::Skipped { cause }, _) => self.board.fail(output, cause.clone()),
                _ => self.board.fail(output, format!("{} was interrupted", done.stack)),
            }
        }
        self.session.emit(Event::Finished(done.clone()));
        self.reports.insert(node, done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &str, inputs: &[&str], outputs: &[&str]) -> StackSpec {
        StackSpec {
            name: name.to_owned(),
            inputs: inputs.iter().map(|&input| (input.to_owned(), input.to_owned())).collect(),
            outputs: outputs.iter().map(|&output| output.to_owned()).collect(),
            ..StackSpec::default()
        }
    }

    #[test]
    fn a_set_without_a_source_or_with_a_circle_is_refused() {
        let board = Blackboard::default();
        let error = check(&[spec("a", &["TopicArn"], &[])], &board).unwrap_err();
        assert!(
            error.to_string().contains("nothing supplies TopicArn for the parameter TopicArn"),
            "{error}"
        );
        let circle = [spec("a", &["X"], &["Y"]), spec("b", &["Y"], &["X"])];
        assert!(matches!(check(&circle, &board), Err(Error::Circle { stacks }) if stacks == ["a", "b"]));
        let twice = [spec("a", &[], &["X"]), spec("b", &[], &["X"])];
        assert!(matches!(check(&twice, &board), Err(Error::Twice { name, .. }) if name == "X"));
    }

    #[test]
    fn a_promise_is_a_source_and_foundations_are_urgent() {
        let board = Blackboard::default();
        let _promise = board.promise("lambda/publish");
        let mut lambda = spec("b", &["TopicArn"], &[]);
        lambda.inputs.insert("CodeKey".to_owned(), "lambda/publish".to_owned());
        assert_eq!(check(&[spec("a", &[], &["TopicArn"]), lambda], &board).unwrap(), [1, 0]);
    }
}
