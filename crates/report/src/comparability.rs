//! The gate: variants are compared only where they did the same work under the same conditions.

use indexmap::IndexMap;

use crate::results::{Entry, Results};
use crate::{Origin, Reason};

/// What in the circumstances of a run forbids to compare its variants.
pub(crate) fn reasons(results: &Results) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for (workload, entries) in workloads(results) {
        if results.runs > 1 && entries.len() > 1 {
            let sentence = "the variants were measured in different runs, which share no rounds; `--compare` tells what changed between two runs";
            reasons.push(Reason::new(workload, sentence));
        }
        check(results, workload, &entries, &mut reasons);
        alike(&entries, workload, ["TLS", "plain HTTP"], |entry| Some(entry.setup.tls()), &mut reasons);
        let logs = ["a line of log for each request", "none"];
        alike(&entries, workload, logs, |entry| entry.setup.access_log, &mut reasons);
    }
    reasons
}

fn workloads(results: &Results) -> IndexMap<&str, Vec<&Entry>> {
    let mut workloads: IndexMap<&str, Vec<&Entry>> = IndexMap::new();
    for entry in &results.entries {
        workloads.entry(entry.sample.workload.as_str()).or_default().push(entry);
    }
    workloads
}

/// A workload that was deployed here must have been proved equal. Addresses of other people's services come with no proof,
/// so that theirs is for the reader to judge.
fn check(results: &Results, workload: &str, entries: &[&Entry], reasons: &mut Vec<Reason>) {
    let checks: Vec<_> = results.checks.iter().filter(|check| check.workload == workload).collect();
    for check in &checks {
        if let Some(first) = check.differences.first() {
            let more = match check.differences.len() {
                1 => String::new(),
                many => format!("; and {} more", many - 1),
            };
            reasons
                .push(Reason::new(workload, format!("the variants do not do the same work: {first}{more}")));
        }
    }
    let ours = results.place.origin != Origin::Address;
    for entry in entries.iter().filter(|_| ours) {
        let variant = &entry.sample.variant;
        if !checks.iter().any(|check| check.variants.contains(variant)) {
            reasons.push(Reason::new(variant, "it was not proved to do the same work as the others"));
        }
    }
}

/// Something that all variants of a workload have, or none.
fn alike(
    entries: &[&Entry],
    workload: &str,
    [with, without]: [&str; 2],
    has: impl Fn(&Entry) -> Option<bool>,
    reasons: &mut Vec<Reason>,
) {
    let names = |wanted| {
        let names: Vec<&str> = entries
            .iter()
            .filter(|entry| has(entry) == Some(wanted))
            .map(|entry| entry.sample.variant.as_str())
            .collect();
        names.join(", ")
    };
    let (having, lacking) = (names(true), names(false));
    if !having.is_empty() && !lacking.is_empty() {
        reasons.push(Reason::new(workload, format!("{having} had {with}, {lacking} had {without}")));
    }
}

/// What forbids to compare two runs of the same variants.
pub(crate) fn between(before: &Results, after: &Results) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for (name, results) in [("before", before), ("after", after)] {
        let own = results.comparison().reasons;
        reasons.extend(own.into_iter().map(|reason| Reason::new(name, reason.to_string())));
    }
    let circumstances = [
        ("target", &before.place.target, &after.place.target),
        ("load", &before.plan.shape, &after.plan.shape),
        ("machine", &before.machine.system, &after.machine.system),
    ];
    for (what, one, other) in circumstances {
        if one != other {
            reasons.push(Reason::new("both", format!("the {what} was `{one}` before and `{other}` after")));
        }
    }
    let region = |results: &Results| results.place.region.clone().unwrap_or_else(|| "none".to_owned());
    if before.place.region != after.place.region {
        let (one, other) = (region(before), region(after));
        reasons.push(Reason::new("both", format!("the region was {one} before and {other} after")));
    }
    if (before.machine.cores, &before.machine.processor) != (after.machine.cores, &after.machine.processor) {
        reasons.push(Reason::new("both", "the machines that measured are not alike"));
    }
    reasons
}
