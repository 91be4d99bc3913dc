//! Words for stacks and what happens to them.

use stacks::{Event, Outcome, Recovery, ResourceEvent, StackReport};

/// A row of the tree.
#[derive(Clone, Debug)]
pub struct StackRow {
    /// The stack's name.
    pub stack: String,
    /// What the row is called: the template's stem.
    pub label: String,
    /// The settings to show behind a success: flag, parameter and default.
    pub settings: Vec<(String, String, String)>,
    /// The path below the stack's `Url` that its workload serves.
    pub path: Option<String>,
}

/// `up` as `Up`.
pub fn heading(verb: &str) -> String {
    let mut letters = verb.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `0.4 s`, `41 s`, `6m 12s`.
pub fn seconds(millis: u64) -> String {
    let whole = millis / 1000;
    match whole {
        0..10 => format!("{}.{} s", whole, millis % 1000 / 100),
        10..120 => format!("{whole} s"),
        _ => format!("{}m {:02}s", whole / 60, whole % 60),
    }
}

/// What a stack came to, in a few words.
pub fn outcome(report: &StackReport) -> String {
    match &report.outcome {
        Outcome::Created => "created".to_owned(),
        Outcome::Updated => "updated".to_owned(),
        Outcome::Unchanged => "unchanged".to_owned(),
        Outcome::Deleted => "deleted".to_owned(),
        Outcome::Absent => "was not there".to_owned(),
        Outcome::Failed(failure) => match &failure.status {
            Some(status) => format!("{status}: {}", failure.message),
            None => format!("refused: {}", failure.message),
        },
        Outcome::Skipped { cause } => format!("skipped: {cause}"),
        Outcome::Interrupted => "interrupted".to_owned(),
    }
}

/// The settings that differ from their defaults: `memory 1024, count 2`.
pub fn settings(row: &StackRow, report: &StackReport) -> String {
    let changed = row.settings.iter().filter_map(|(flag, parameter, default)| {
        let value = report.parameters.get(parameter).filter(|value| *value != default)?;
        Some(format!("{flag} {value}"))
    });
    changed.collect::<Vec<_>>().join(", ")
}

/// What a stack is doing, for its row in the tree, where stacks are called by `label`; `None` where the event changes
/// nothing there.
pub fn activity<'n>(event: &'n Event, label: impl Fn(&'n str) -> &'n str) -> Option<String> {
    match event {
        Event::Waiting { on, .. } => {
            let names: Vec<&str> = on.iter().map(|name| label(name)).collect();
            Some(format!("waiting for {}", names.join(", ")))
        }
        Event::Started { operation, adopted, .. } => {
            Some(if *adopted { format!("{operation} in progress already") } else { operation.clone() })
        }
        Event::Recovering { status, recovery, .. } => {
            Some(format!("{status}: {}", recovery_words(*recovery)))
        }
        Event::Resource(resource) if resource.of_stack => None,
        Event::Resource(resource) => Some(resource_words(resource)),
        Event::Throttled { operation, pause_ms, .. } => {
            Some(format!("{operation} was throttled; again in {}", seconds(*pause_ms)))
        }
        Event::Finished(report) => Some(outcome(report)),
    }
}

pub fn recovery_words(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Replace => "it is deleted and created again",
        Recovery::ContinueRollback => "its rollback goes on",
        Recovery::DeleteAgain => "it is emptied and deleted once more",
    }
}

/// `Service: waiting for 2 of 2 tasks`, or `Service CREATE_FAILED: reason`.
fn resource_words(resource: &ResourceEvent) -> String {
    let id = &resource.logical_id;
    match (&resource.reason, resource.status.ends_with("_IN_PROGRESS")) {
        (Some(reason), true) => format!("{id}: {reason}"),
        (Some(reason), false) => format!("{id} {}: {reason}", resource.status),
        (None, _) => format!("{id} {}", resource.status),
    }
}

/// Reasons that CloudFormation gives where nothing is to be told.
const ROUTINE: [&str; 2] = ["Resource creation Initiated", "User Initiated"];

/// The reason of an event, unless it is routine.
pub fn reason(resource: &ResourceEvent) -> Option<&str> {
    resource.reason.as_deref().filter(|reason| !ROUTINE.contains(reason))
}

/// Whether an event is news without `--verbose`: the stack's own way, a failure, or word of what is waited for. That a
/// stack is done is told by its end.
pub fn is_news(resource: &ResourceEvent) -> bool {
    let moving = resource.status.ends_with("_IN_PROGRESS");
    resource.status.ends_with("_FAILED") || (moving && (resource.of_stack || reason(resource).is_some()))
}

/// `1 variant`, `2 variants`
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        let words = [seconds(0), seconds(449), seconds(9_999), seconds(41_200), seconds(372_000)];
        assert_eq!(words, ["0.0 s", "0.4 s", "9.9 s", "41 s", "6m 12s"]);
    }

    #[test]
    fn routine_is_no_news() {
        let event = |status: &str, reason: Option<&str>| ResourceEvent {
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            ..ResourceEvent::default()
        };
        assert!(!is_news(&event("CREATE_IN_PROGRESS", Some("Resource creation Initiated"))));
        assert!(!is_news(&event("CREATE_COMPLETE", None)));
        assert!(is_news(&event("CREATE_IN_PROGRESS", Some("waiting for 1 of 2 tasks"))));
        assert!(is_news(&event("UPDATE_FAILED", Some("no"))));
        let of_stack =
            |status: &str| ResourceEvent { of_stack: true, ..event(status, Some("User Initiated")) };
        assert!(is_news(&of_stack("CREATE_IN_PROGRESS")) && !is_news(&of_stack("CREATE_COMPLETE")));
    }
}
