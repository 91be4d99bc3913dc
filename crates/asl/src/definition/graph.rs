//! What the states of a machine have to do with each other.

use std::collections::BTreeSet;

use super::{Kind, Scope, State};
use crate::problem::{Problems, below};

/// The states that a state may go on to, each with the field that says so.
fn targets(state: &State) -> Vec<(String, &str)> {
    let mut targets: Vec<(String, &str)> =
        state.next.iter().map(|next| ("/Next".to_owned(), next.as_str())).collect();
    if let Kind::Choice(choice) = &state.kind {
        targets.extend(
            choice
                .rules
                .iter()
                .enumerate()
                .map(|(at, rule)| (format!("/Choices/{at}/Next"), rule.next.as_str())),
        );
        targets.extend(choice.default.iter().map(|next| ("/Default".to_owned(), next.as_str())));
    }
    targets.extend(
        state
            .catch
            .iter()
            .enumerate()
            .map(|(at, catcher)| (format!("/Catch/{at}/Next"), catcher.next.as_str())),
    );
    targets
}

/// Every transition leads to a state of the same scope, and every state is led to. States that were refused as a whole
/// (`refused`) count as there, so that one mistake is told once.
pub(super) fn check_transitions(
    scope: &Scope,
    location: &str,
    refused: &BTreeSet<String>,
    problems: &Problems,
) {
    let states = below(location, "States");
    let exists = |name: &str| scope.states.contains_key(name) || refused.contains(name);
    if !exists(&scope.start_at) {
        problems.add(&below(location, "StartAt"), format!("there is no state `{}` here", scope.start_at));
        return;
    }
    for (name, state) in &scope.states {
        for (field, target) in targets(state) {
            if !exists(target) && !target.is_empty() {
                let at = format!("{}{field}", below(&states, name));
                problems.add(&at, format!("there is no state `{target}` beside this one"));
            }
        }
    }
    if !refused.is_empty() {
        return;
    }
    let mut reached = BTreeSet::new();
    let mut open = vec![scope.start_at.as_str()];
    while let Some(name) = open.pop() {
        if reached.insert(name)
            && let Some(state) = scope.states.get(name)
        {
            open.extend(targets(state).into_iter().map(|(_, target)| target));
        }
    }
    for name in scope.states.keys().filter(|name| !reached.contains(name.as_str())) {
        problems.add(&below(&states, name), format!("no state leads to `{name}`"));
    }
}

/// Names of states are unique in the whole machine, and no scope assigns a variable of a scope around it.
pub(super) fn check(machine: &Scope, problems: &Problems) {
    let mut walk = Walk { names: BTreeSet::new(), problems };
    walk.scope(machine, "", &BTreeSet::new());
}

struct Walk<'a> {
    names: BTreeSet<&'a str>,
    problems: &'a Problems,
}

impl<'a> Walk<'a> {
    fn scope(&mut self, scope: &'a Scope, location: &str, outer: &BTreeSet<&'a str>) {
        let states = below(location, "States");
        let mut visible = outer.clone();
        for (name, state) in &scope.states {
            let location = below(&states, name);
            if !self.names.insert(name) {
                self.problems.add(&location, format!("another state of the machine is named `{name}`"));
            }
            for variable in assigned(state) {
                if outer.contains(variable) {
                    self.problems.add(
                        &below(&location, "Assign"),
                        format!(
                            "the variable `{variable}` belongs to a scope around this one; use another name"
                        ),
                    );
                }
                visible.insert(variable);
            }
        }
        for (name, state) in &scope.states {
            let location = below(&states, name);
            match &state.kind {
                Kind::Parallel { branches } => {
                    for (at, branch) in branches.iter().enumerate() {
                        self.scope(branch, &format!("{location}/Branches/{at}"), &visible);
                    }
                }
                Kind::Map(map) => {
                    // The iterations of a distributed map do not see the variables around them.
                    let outer = if map.is_distributed { BTreeSet::new() } else { visible.clone() };
                    self.scope(&map.processor, &format!("{location}/ItemProcessor"), &outer);
                }
                _ => {}
            }
        }
    }
}

fn assigned(state: &State) -> impl Iterator<Item = &str> {
    let rules = match &state.kind {
        Kind::Choice(choice) => choice.rules.as_slice(),
        _ => &[],
    };
    state
        .assign
        .iter()
        .chain(state.catch.iter().flat_map(|catcher| &catcher.assign))
        .chain(rules.iter().flat_map(|rule| &rule.assign))
        .map(|(name, _)| name.as_str())
}
