//! What an engine is given from outside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::signals::Signals;

/// Gives the text that is shown for the text of an output.
pub type PresentOutput = Arc<dyn Fn(&str) -> String + Send + Sync>;
/// Looks up a dynamic reference such as `resolve:ssm:/name:1`; the error says why it cannot.
pub type ResolveDynamic = Arc<dyn Fn(&str) -> Result<String, String> + Send + Sync>;
/// Tells the time.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;
/// Decides whether a call of a handler fails or lasts longer.
pub type FaultHook = Arc<dyn Fn(&Attempt) -> Option<Fault> + Send + Sync>;

/// The settings of an engine; [`Default`] is account 000000000000 in us-east-1 without faults.
#[derive(Clone)]
pub struct EngineOptions {
    pub account: String,
    pub region: String,
    pub partition: String,
    pub url_suffix: String,
    pub present_output: PresentOutput,
    pub resolve_dynamic: ResolveDynamic,
    pub clock: Clock,
    /// How many resources of one stack are worked on at the same time.
    pub concurrency: usize,
    /// How long a handler may go on after its result is no longer wanted.
    pub cancel_grace: Duration,
    /// How long creating, changing or deleting a resource lasts at least, by type.
    pub durations: BTreeMap<String, Duration>,
    pub fault: FaultHook,
    /// How many stacks may exist that are not deleted.
    pub max_stacks: usize,
    /// Where those who are waited for signal, if they do not call the API.
    pub signals: Signals,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            partition: "aws".to_owned(),
            url_suffix: "amazonaws.com".to_owned(),
            present_output: Arc::new(str::to_owned),
            resolve_dynamic: Arc::new(|reference| {
                Err(format!("Dynamic references are not supported here: {{{{{reference}}}}}"))
            }),
            clock: Arc::new(OffsetDateTime::now_utc),
            concurrency: 32,
            cancel_grace: Duration::from_secs(5),
            durations: BTreeMap::new(),
            fault: Arc::new(|_| None),
            max_stacks: 2000,
            signals: Signals::default(),
        }
    }
}

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    Create,
    Update,
    Delete,
}

/// One call of a handler, as the fault hook sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub stack_name: String,
    pub logical_id: String,
    pub type_name: String,
    pub action: Action,
    /// How many times this action was asked of this type before, in the whole engine.
    pub earlier: u32,
}

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call is not made and fails with this reason.
    Fail(String),
    /// The call is made after a delay.
    Delay(Duration),
    /// The call is never made and never ends; only a cancellation ends it.
    Hang,
}
