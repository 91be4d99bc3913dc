//! In which order stacks are worked on.

use std::collections::{BTreeSet, HashMap};

use tokio::task::{Id, JoinError, JoinSet};

use crate::outcome::{Failure, Outcome, StackReport};

/// For each node the length of the longest chain of nodes that wait for it. `needs[n]` are the nodes that `n` waits for.
///
/// A circle is returned as the nodes in it and behind it.
pub(crate) fn chain_lengths(needs: &[BTreeSet<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut lengths = vec![0; needs.len()];
    let mut waiting_for_me = vec![0_usize; needs.len()];
    for &need in needs.iter().flatten() {
        waiting_for_me[need] += 1;
    }
    let mut open: Vec<usize> = (0..needs.len()).filter(|&node| waiting_for_me[node] == 0).collect();
    let mut seen = vec![false; needs.len()];
    while let Some(node) = open.pop() {
        seen[node] = true;
        for &need in &needs[node] {
            lengths[need] = lengths[need].max(lengths[node] + 1);
            waiting_for_me[need] -= 1;
            if waiting_for_me[need] == 0 {
                open.push(need);
            }
        }
    }
    let circle: Vec<usize> = (0..needs.len()).filter(|&node| !seen[node]).collect();
    if circle.is_empty() { Ok(lengths) } else { Err(circle) }
}

/// The operations in progress, each on one stack of the set.
pub(crate) struct Crew {
    tasks: JoinSet<StackReport>,
    members: HashMap<Id, (usize, String)>,
    most: usize,
}

impl Crew {
    pub(crate) fn new(most: usize) -> Self {
        Self { tasks: JoinSet::new(), members: HashMap::new(), most: most.max(1) }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.tasks.len() < self.most
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(crate) fn start(
        &mut self,
        node: usize,
        stack: &str,
        operation: impl Future<Output = StackReport> + Send + 'static,
    ) {
        let handle = self.tasks.spawn(operation);
        self.members.insert(handle.id(), (node, stack.to_owned()));
    }

    /// Waits for the next operation to end; `None` where none is in progress.
    pub(crate) async fn next(&mut self) -> Option<(usize, StackReport)> {
        let (id, result) = match self.tasks.join_next_with_id().await? {
            Ok((id, report)) => (id, Ok(report)),
            Err(error) => (error.id(), Err(error)),
        };
        let (node, stack) = self.members.remove(&id)?;
        Some((node, result.unwrap_or_else(|error| lost(stack, &error))))
    }
}

/// A panic in one operation must not take the others down.
fn lost(stack: String, error: &JoinError) -> StackReport {
    let message = format!("the operation was lost: {error}");
    report(stack, Outcome::Failed(Failure { status: None, message, cause: None }))
}

/// A report of a stack on which nothing was done.
pub(crate) fn report(stack: String, outcome: Outcome) -> StackReport {
    StackReport {
        stack,
        stack_id: None,
        outcome,
        elapsed_ms: 0,
        outputs: std::collections::BTreeMap::new(),
        parameters: std::collections::BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_chain_counts() {
        // 0 <- 1 <- 2, 0 <- 3
        let needs = [BTreeSet::new(), BTreeSet::from([0]), BTreeSet::from([1]), BTreeSet::from([0])];
        assert_eq!(chain_lengths(&needs).unwrap(), [2, 1, 0, 0]);
    }

    #[test]
    fn a_circle_is_found() {
        let needs = [BTreeSet::from([1]), BTreeSet::from([0]), BTreeSet::new()];
        assert_eq!(chain_lengths(&needs).unwrap_err(), [0, 1]);
    }
}
