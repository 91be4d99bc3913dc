//! Values by name, awaited by those who need them before those who know them have them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::watch;

/// A shared table of named values. Stacks put their outputs on it, the caller puts what it makes meanwhile (the key of
/// an uploaded artifact), and parameters and uploads wait for what they need. Cloning shares the table.
#[derive(Clone, Debug)]
pub struct Blackboard(Arc<watch::Sender<Entries>>);

#[derive(Clone, Debug, Default)]
struct Entries {
    values: BTreeMap<String, Result<String, Unavailable>>,
    promised: BTreeSet<String>,
}

/// Why a value will never stand on the blackboard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not available: {reason}")]
pub struct Unavailable {
    pub name: String,
    pub reason: String,
}

impl Default for Blackboard {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Entries::default())))
    }
}

impl Blackboard {
    /// Puts a value. The first one stays.
    pub fn put(&self, name: &str, value: impl Into<String>) {
        self.settle(name, Ok(value.into()));
    }

    /// Tells those who wait that the value will not come.
    pub fn fail(&self, name: &str, reason: impl Into<String>) {
        self.settle(name, Err(Unavailable { name: name.to_owned(), reason: reason.into() }));
    }

    fn settle(&self, name: &str, value: Result<String, Unavailable>) {
        self.0.send_if_modified(|entries| {
            let first = !entries.values.contains_key(name);
            if first {
                entries.values.insert(name.to_owned(), value);
            }
            first
        });
    }

    /// Announces that the caller supplies a value later. A promise that is dropped fails the value.
    #[must_use]
    pub fn promise(&self, name: &str) -> Promise {
        self.0.send_modify(|entries| {
            entries.promised.insert(name.to_owned());
        });
        Promise { board: self.clone(), name: name.to_owned() }
    }

    /// The value if it is settled by now.
    #[must_use]
    pub fn peek(&self, name: &str) -> Option<Result<String, Unavailable>> {
        self.0.borrow().values.get(name).cloned()
    }

    /// Whether the value stands on the board or is promised.
    #[must_use]
    pub fn expects(&self, name: &str) -> bool {
        let entries = self.0.borrow();
        entries.values.contains_key(name) || entries.promised.contains(name)
    }

    /// Waits for a value. It waits for ever where nobody puts, fails or promises the value; `apply` settles every
    /// output of its stacks.
    pub async fn get(&self, name: &str) -> Result<String, Unavailable> {
        let mut receiver = self.0.subscribe();
        let settled = receiver.wait_for(|entries| entries.values.contains_key(name)).await;
        match settled {
            Ok(entries) => entries.values.get(name).cloned().unwrap_or_else(|| Err(closed(name))),
            Err(_) => Err(closed(name)),
        }
    }

    /// Something that wakes whenever a value is settled.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

fn closed(name: &str) -> Unavailable {
    Unavailable { name: name.to_owned(), reason: "its source has gone".to_owned() }
}

/// Wakes whenever a value is settled.
pub(crate) struct Changes(watch::Receiver<Entries>);

impl Changes {
    /// Waits for the next change since the last call.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A value that the caller has promised to supply.
#[derive(Debug)]
pub struct Promise {
    board: Blackboard,
    name: String,
}

impl Promise {
    /// The promised value's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Supplies the value.
    pub fn keep(self, value: impl Into<String>) {
        self.board.put(&self.name, value);
    }

    /// Tells why the value will not come.
    pub fn fail(self, reason: impl Into<String>) {
        self.board.fail(&self.name, reason);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.board.fail(&self.name, "it was promised and never supplied");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_reaches_those_who_wait_for_it() {
        let board = Blackboard::default();
        let waiting = tokio::spawn({
            let board = board.clone();
            async move { board.get("TopicArn").await }
        });
        board.put("TopicArn", "arn:aws:sns:us-east-1:000000000000:t");
        board.put("TopicArn", "another");
        assert_eq!(waiting.await.unwrap().unwrap(), "arn:aws:sns:us-east-1:000000000000:t");
    }

    #[tokio::test]
    async fn a_dropped_promise_fails_its_value() {
        let board = Blackboard::default();
        assert!(!board.expects("lambda/publish"));
        let promise = board.promise("lambda/publish");
        assert!(board.expects("lambda/publish"));
        drop(promise);
        let error = board.get("lambda/publish").await.unwrap_err();
        assert_eq!(error.name, "lambda/publish");
        let kept = board.promise("container");
        kept.keep("repository:tag");
        assert_eq!(board.get("container").await.unwrap(), "repository:tag");
    }
}
