//! What a stack's status means for what may be done with it.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>

use serde::{Deserialize, Serialize};

/// How a status reads at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    /// Done, as wanted.
    Good,
    /// Done, and not as wanted.
    Bad,
    /// Still moving.
    Moving,
    /// Gone.
    Gone,
}

impl Sentiment {
    /// Reads the status of a stack or of a resource.
    #[must_use]
    pub fn of(status: &str) -> Self {
        if status == "DELETE_COMPLETE" {
            Self::Gone
        } else if status.ends_with("_FAILED") || status.ends_with("ROLLBACK_COMPLETE") {
            Self::Bad
        } else if status.ends_with("_COMPLETE") {
            Self::Good
        } else {
            Self::Moving
        }
    }
}

/// What `apply` does next with a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Create,
    Update,
    /// Somebody is at work on it: wait, then look again.
    Adopt,
    /// Delete it and look again.
    Replace,
    /// `ContinueUpdateRollback`, wait, then look again.
    ContinueRollback,
}

/// The next step towards a stack that stands, from its status; `None` where there is no stack.
pub(crate) fn next_step(status: Option<&str>) -> Step {
    match status {
        None | Some("DELETE_COMPLETE") => Step::Create,
        Some(
            "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "ROLLBACK_FAILED" | "REVIEW_IN_PROGRESS"
            | "DELETE_FAILED",
        ) => Step::Replace,
        Some("UPDATE_ROLLBACK_FAILED") => Step::ContinueRollback,
        Some(moving) if moving.ends_with("_IN_PROGRESS") => Step::Adopt,
        Some(_) => Step::Update,
    }
}

/// Whether nothing more happens to a stack by itself.
pub(crate) fn is_settled(status: &str) -> bool {
    !status.ends_with("_IN_PROGRESS") || status == "REVIEW_IN_PROGRESS"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_a_stack_leads_somewhere() {
        let steps = [
            ("CREATE_COMPLETE", Step::Update),
            ("CREATE_FAILED", Step::Replace),
            ("CREATE_IN_PROGRESS", Step::Adopt),
            ("DELETE_COMPLETE", Step::Create),
            ("DELETE_FAILED", Step::Replace),
            ("DELETE_IN_PROGRESS", Step::Adopt),
            ("IMPORT_COMPLETE", Step::Update),
            ("IMPORT_ROLLBACK_COMPLETE", Step::Update),
            ("REVIEW_IN_PROGRESS", Step::Replace),
            ("ROLLBACK_COMPLETE", Step::Replace),
            ("ROLLBACK_FAILED", Step::Replace),
            ("ROLLBACK_IN_PROGRESS", Step::Adopt),
            ("UPDATE_COMPLETE", Step::Update),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Step::Adopt),
            ("UPDATE_FAILED", Step::Update),
            ("UPDATE_IN_PROGRESS", Step::Adopt),
            ("UPDATE_ROLLBACK_COMPLETE", Step::Update),
            ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", Step::Adopt),
            ("UPDATE_ROLLBACK_FAILED", Step::ContinueRollback),
            ("UPDATE_ROLLBACK_IN_PROGRESS", Step::Adopt),
        ];
        for (status, step) in steps {
            assert_eq!(next_step(Some(status)), step, "{status}");
        }
        assert_eq!(next_step(None), Step::Create);
    }

    #[test]
    fn a_rollback_is_bad_and_a_deletion_is_gone() {
        assert_eq!(Sentiment::of("UPDATE_ROLLBACK_COMPLETE"), Sentiment::Bad);
        assert_eq!(Sentiment::of("UPDATE_COMPLETE"), Sentiment::Good);
        assert_eq!(Sentiment::of("DELETE_COMPLETE"), Sentiment::Gone);
        assert_eq!(Sentiment::of("CREATE_FAILED"), Sentiment::Bad);
        assert_eq!(Sentiment::of("ROLLBACK_IN_PROGRESS"), Sentiment::Moving);
    }

    #[test]
    fn a_stack_under_review_waits_for_ever() {
        assert!(is_settled("REVIEW_IN_PROGRESS"));
        assert!(!is_settled("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"));
    }
}
