//! Work on resources in the order of their dependencies, as parallel as these allow.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use indexmap::IndexMap;

/// What to do with the rest when one piece of work fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    /// Start nothing more; `on_failure` is called once.
    Stop,
    /// Go on with everything that does not come after it.
    GoOn,
}

/// Names with the names that must come before them.
pub(crate) type Graph = IndexMap<String, Vec<String>>;

/// The same graph with its arrows turned around: what comes first comes last.
pub(crate) fn reversed(graph: &Graph) -> Graph {
    let mut turned: Graph = graph.keys().rev().map(|name| (name.clone(), Vec::new())).collect();
    for (name, needed) in graph {
        for one in needed {
            if let Some(followers) = turned.get_mut(one) {
                followers.push(name.clone());
            }
        }
    }
    turned
}

/// Runs `work` for every name after what it needs; names that are not in the graph count as done. Gives the names whose work failed.
///
/// `stopped` is asked before anything new starts.
pub(crate) async fn run<W, F>(
    graph: &Graph,
    concurrency: usize,
    after_failure: AfterFailure,
    stopped: impl Fn() -> bool,
    work: W,
) -> Vec<String>
where
    W: Fn(String) -> F,
    F: Future<Output = bool>,
{
    let mut open: BTreeMap<&str, BTreeSet<&str>> = graph
        .iter()
        .map(|(name, needed)| {
            let needed = needed.iter().map(String::as_str).filter(|one| graph.contains_key(*one)).collect();
            (name.as_str(), needed)
        })
        .collect();
    let mut started: BTreeSet<&str> = BTreeSet::new();
    let mut failed: Vec<String> = Vec::new();
    let mut running = FuturesUnordered::new();
    loop {
        let halted = stopped() || (after_failure == AfterFailure::Stop && !failed.is_empty());
        if !halted {
            for name in graph.keys().map(String::as_str) {
                let free = running.len() < concurrency.max(1);
                if free && !started.contains(name) && open.get(name).is_some_and(BTreeSet::is_empty) {
                    started.insert(name);
                    let future = work(name.to_owned());
                    running.push(async move { (name, future.await) });
                }
            }
        }
        let Some((name, succeeded)) = running.next().await else { return failed };
        if succeeded {
            for needed in open.values_mut() {
                needed.remove(name);
            }
        } else {
            failed.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn graph(text: &[(&str, &[&str])]) -> Graph {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        text.iter().map(|(name, needed)| ((*name).to_owned(), owned(needed))).collect()
    }

    #[tokio::test]
    async fn what_is_needed_comes_first_and_last_when_turned_around() {
        let graph = graph(&[("c", &["b"]), ("b", &["a", "absent"]), ("a", &[])]);
        for (graph, expected) in [(graph.clone(), "abc"), (reversed(&graph), "cba")] {
            let order = Mutex::new(String::new());
            let failed = run(
                &graph,
                4,
                AfterFailure::Stop,
                || false,
                |name| {
                    order.lock().unwrap().push_str(&name);
                    async { true }
                },
            )
            .await;
            assert!(failed.is_empty());
            assert_eq!(*order.lock().unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_failure_holds_back_only_what_comes_after_it() {
        let graph = graph(&[("a", &[]), ("b", &["a"]), ("c", &[]), ("d", &["c"])]);
        let order = Mutex::new(Vec::new());
        let failed = run(
            &graph,
            1,
            AfterFailure::GoOn,
            || false,
            |name| {
                order.lock().unwrap().push(name.clone());
                async move { name != "a" }
            },
        )
        .await;
        assert_eq!(failed, ["a"]);
        assert_eq!(*order.lock().unwrap(), ["a", "c", "d"]);
    }
}
