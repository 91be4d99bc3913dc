//! One loop that looks at every stack in progress.

use aws_sdk_cloudformation::Client;
use futures::StreamExt;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::error::Error;
use crate::event::ResourceEvent;
use crate::pacing::{Pacing, jittered};

/// How many stacks are asked about at the same time.
const CONCURRENT: usize = 4;
/// How many rounds in a row may fail before those who wait are told.
const FAILURES: u32 = 3;
/// How far throttling may slow the rounds down.
const SLOWEST: u32 = 12;

/// What a round found for one stack: its new events, oldest first; perhaps none.
pub(crate) type Finding = Result<Vec<ResourceEvent>, Error>;

/// Registers stacks with the poller.
#[derive(Clone)]
pub(crate) struct Watchers(UnboundedSender<Watch>);

struct Watch {
    stack_id: String,
    /// The latest event that is known already; `None` reads back to the start of the operation in progress.
    since: Option<String>,
    failures: u32,
    findings: UnboundedSender<Finding>,
}

impl Watchers {
    /// Follows a stack until the receiver is dropped. Events up to and including `since` are left out.
    pub(crate) fn watch(&self, stack_id: &str, since: Option<String>) -> UnboundedReceiver<Finding> {
        let (findings, receiver) = mpsc::unbounded_channel();
        let _ = self.0.send(Watch { stack_id: stack_id.to_owned(), since, failures: 0, findings });
        receiver
    }
}

/// The loop itself.
pub(crate) struct Poller {
    client: Client,
    pacing: Pacing,
    incoming: UnboundedReceiver<Watch>,
}

impl Poller {
    pub(crate) fn new(client: Client, pacing: Pacing) -> (Watchers, Self) {
        let (sender, incoming) = mpsc::unbounded_channel();
        (Watchers(sender), Self { client, pacing, incoming })
    }

    /// Runs until every [`Watchers`] is dropped.
    pub(crate) async fn run(mut self) {
        let mut watches: Vec<Watch> = Vec::new();
        let mut slowness = 1;
        loop {
            if watches.is_empty() {
                match self.incoming.recv().await {
                    Some(watch) => watches.push(watch),
                    None => return,
                }
            }
            tokio::time::sleep(jittered(self.pacing.interval * slowness)).await;
            while let Ok(watch) = self.incoming.try_recv() {
                watches.push(watch);
            }
            watches.retain(|watch| !watch.findings.is_closed());
            let looks = watches.drain(..).map(|watch| look(self.client.clone(), watch)).collect::<Vec<_>>();
            let looked: Vec<(Watch, bool)> =
                futures::stream::iter(looks).buffer_unordered(CONCURRENT).collect().await;
            let throttled = looked.iter().any(|(_, throttled)| *throttled);
            watches.extend(looked.into_iter().map(|(watch, _)| watch));
            slowness = if throttled { (slowness * 2).min(SLOWEST) } else { (slowness / 2).max(1) };
        }
    }
}

/// Looks at one stack once; says whether the endpoint refused the call for its rate.
async fn look(client: Client, mut watch: Watch) -> (Watch, bool) {
    let throttled = match new_events(&client, &mut watch).await {
        Ok(events) => {
            watch.failures = 0;
            let _ = watch.findings.send(Ok(events));
            false
        }
        Err(error) if error.is_throttle() => true,
        Err(error) => {
            watch.failures += 1;
            if watch.failures >= FAILURES || error.is_absent() {
                let _ = watch.findings.send(Err(error));
            }
            false
        }
    };
    (watch, throttled)
}

/// Reads back from the newest event to the one that is known, or to the start of the operation in progress.
async fn new_events(client: &Client, watch: &mut Watch) -> Result<Vec<ResourceEvent>, Error> {
    let mut newest_first: Vec<ResourceEvent> = Vec::new();
    let mut newest_id = None;
    let mut token = None;
    'pages: loop {
        let answer = client
            .describe_stack_events()
            .stack_name(&watch.stack_id)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| Error::from_sdk("DescribeStackEvents", &error))?;
        for event in answer.stack_events() {
            if watch.since.is_some() && event.event_id() == watch.since.as_deref() {
                break 'pages;
            }
            newest_id = newest_id.or_else(|| event.event_id().map(str::to_owned));
            let event = ResourceEvent::from(event);
            let starts = watch.since.is_none() && begins_operation(&event);
            newest_first.push(event);
            if starts {
                break 'pages;
            }
        }
        match answer.next_token() {
            Some(next) if !next.is_empty() => token = Some(next.to_owned()),
            _ => break,
        }
    }
    if newest_id.is_some() {
        watch.since = newest_id;
    }
    newest_first.reverse();
    Ok(newest_first)
}

fn begins_operation(event: &ResourceEvent) -> bool {
    event.of_stack
        && matches!(event.status.as_str(), "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" | "DELETE_IN_PROGRESS")
}
