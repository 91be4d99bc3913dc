//! Signals that resources wait for before they count as created.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-creationpolicy.html>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

/// How many signals a resource waits for, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreationPolicy {
    /// At least 1.
    pub count: u32,
    pub timeout: Duration,
}

/// What a new resource says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Tells signals apart: one for each counts. That of an EC2 instance is its ID.
    pub unique_id: String,
    pub success: bool,
    /// What went wrong, where the one who signals knows; AWS has nothing of the kind.
    pub detail: Option<String>,
}

/// Nobody waits for a signal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Resource {logical_id} of stack {stack} waits for no signal and cannot be signaled")]
pub struct NotAwaited {
    pub stack: String,
    pub logical_id: String,
}

/// Brings signals to the resources that wait for them. Clones share what waits.
#[derive(Clone, Default)]
pub struct Signals(Arc<Mutex<Waiting>>);

/// Who waits, by stack and logical ID.
type Waiting = BTreeMap<(String, String), mpsc::UnboundedSender<Signal>>;

impl Signals {
    /// Passes a signal on.
    ///
    /// # Errors
    /// The resource waits for none.
    pub fn send(&self, stack: &str, logical_id: &str, signal: Signal) -> Result<(), NotAwaited> {
        let key = (stack.to_owned(), logical_id.to_owned());
        let sent = self.lock().get(&key).is_some_and(|waiting| waiting.send(signal).is_ok());
        if sent { Ok(()) } else { Err(NotAwaited { stack: key.0, logical_id: key.1 }) }
    }

    /// Takes signals from now on, before the resource exists that sends them.
    pub(crate) fn expect(&self, stack: &str, logical_id: &str) -> Awaited {
        let (sender, received) = mpsc::unbounded_channel();
        let key = (stack.to_owned(), logical_id.to_owned());
        self.lock().insert(key.clone(), sender);
        Awaited { signals: self.clone(), key, received }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Signals of one resource; dropping it refuses later ones.
pub(crate) struct Awaited {
    signals: Signals,
    key: (String, String),
    received: mpsc::UnboundedReceiver<Signal>,
}

impl Awaited {
    /// Waits for as many successes as the policy wants. Each signal is told to `tell`.
    ///
    /// # Errors
    /// The reason, in CloudFormation's words: a failure was signalled, or too few came in time.
    pub(crate) async fn fulfilled(
        &mut self,
        policy: CreationPolicy,
        tell: impl Fn(String),
    ) -> Result<(), String> {
        let count = policy.count;
        let mut seen = BTreeSet::new();
        let all = async {
            while seen.len() < count as usize {
                let Some(signal) = self.received.recv().await else { break };
                let kind = if signal.success { "SUCCESS" } else { "FAILURE" };
                tell(format!("Received {kind} signal with UniqueId {}", signal.unique_id));
                if !signal.success {
                    let detail = signal.detail.map(|detail| format!("; {detail}")).unwrap_or_default();
                    return Err(format!(
                        "Received 1 FAILURE signal(s) out of {count}. Unable to satisfy 100% MinSuccessfulInstancesPercent requirement{detail}"
                    ));
                }
                seen.insert(signal.unique_id);
            }
            Ok(())
        };
        match tokio::time::timeout(policy.timeout, all).await {
            Ok(result) => result,
            Err(_) => Err(format!(
                "Failed to receive {} resource signal(s) within the specified duration",
                count as usize - seen.len()
            )),
        }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.signals.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(unique_id: &str, success: bool) -> Signal {
        Signal { unique_id: unique_id.to_owned(), success, detail: Some("no disk".to_owned()) }
    }

    const TWO: CreationPolicy = CreationPolicy { count: 2, timeout: Duration::from_mins(1) };

    #[tokio::test(start_paused = true)]
    async fn each_unique_id_counts_once() {
        let signals = Signals::default();
        let mut awaited = signals.expect("s", "Host");
        for id in ["i-1", "i-1", "i-2"] {
            signals.send("s", "Host", signal(id, true)).unwrap();
        }
        awaited.fulfilled(TWO, |_| {}).await.unwrap();
        drop(awaited);
        let refused = signals.send("s", "Host", signal("i-3", true)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Resource Host of stack s waits for no signal and cannot be signaled"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_or_too_few_in_time_fail() {
        let signals = Signals::default();
        let mut awaited = signals.expect("s", "Host");
        signals.send("s", "Host", signal("i-1", true)).unwrap();
        assert_eq!(
            awaited.fulfilled(TWO, |_| {}).await.unwrap_err(),
            "Failed to receive 1 resource signal(s) within the specified duration"
        );
        signals.send("s", "Host", signal("i-1", false)).unwrap();
        let failed = awaited.fulfilled(TWO, |_| {}).await.unwrap_err();
        assert!(failed.starts_with("Received 1 FAILURE signal(s) out of 2."), "{failed}");
        assert!(failed.ends_with("; no disk"), "{failed}");
    }
}
