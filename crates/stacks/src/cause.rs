//! Which resource brought an operation down.

use crate::event::ResourceEvent;
use crate::outcome::Cause;

/// The earliest failure of a resource, without those that failed only because another one did.
///
/// `events` are those of one operation, oldest first. The stack's own failure counts only where no resource's does
/// (a template that is refused while the stack is being made).
pub(crate) fn first_cause(events: &[ResourceEvent]) -> Option<Cause> {
    let failures = || events.iter().filter(|event| event.status.ends_with("_FAILED"));
    failures()
        .find(|event| !event.of_stack && !is_consequence(event))
        .or_else(|| failures().find(|event| event.of_stack && event.reason.is_some()))
        .map(Cause::from)
}

/// CloudFormation cancels what is in progress when a resource fails, and reports that as a failure as well.
fn is_consequence(event: &ResourceEvent) -> bool {
    event.reason.as_deref().is_some_and(|reason| {
        reason.starts_with("Resource creation cancelled")
            || reason.starts_with("Resource update cancelled")
            || reason.starts_with("Resource deletion cancelled")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(logical_id: &str, status: &str, reason: Option<&str>) -> ResourceEvent {
        ResourceEvent {
            logical_id: logical_id.to_owned(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            of_stack: logical_id == "bakeoff-x",
            ..ResourceEvent::default()
        }
    }

    #[test]
    fn the_first_real_failure_counts() {
        let events = [
            event("bakeoff-x", "CREATE_IN_PROGRESS", Some("User Initiated")),
            event("Topic", "CREATE_FAILED", Some("Resource creation cancelled")),
            event("Role", "CREATE_FAILED", Some("no such principal")),
            event("Queue", "CREATE_FAILED", Some("another")),
            event(
                "bakeoff-x",
                "ROLLBACK_IN_PROGRESS",
                Some("The following resource(s) failed to create: [Role]"),
            ),
        ];
        let cause = first_cause(&events).unwrap();
        assert_eq!((cause.logical_id.as_str(), cause.reason.as_str()), ("Role", "no such principal"));
    }

    #[test]
    fn the_stack_is_named_where_no_resource_failed() {
        let events = [event("bakeoff-x", "ROLLBACK_FAILED", Some("the role was deleted"))];
        assert_eq!(first_cause(&events).unwrap().reason, "the role was deleted");
        assert_eq!(first_cause(&[event("Topic", "CREATE_COMPLETE", None)]), None);
    }
}
