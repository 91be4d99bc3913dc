//! A state machine and its settings.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use asl::Machine;
use serde_json::Value;
use time::OffsetDateTime;

use super::StatesError;
use super::integration::Integration;
use super::logging::Logging;
use crate::services::{Services, ids};
use crate::wire::epoch_millis;

const PRINCIPAL: &str = "states.amazonaws.com";

/// Whether executions are kept and run for up to a year, or pass and run for up to five minutes.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineType {
    #[default]
    Standard,
    Express,
}

impl MachineType {
    /// `STANDARD` or `EXPRESS`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Standard, Self::Express].into_iter().find(|kind| kind.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Express => "EXPRESS",
        }
    }
}

/// What may change about a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// In the Amazon States Language, as it was given.
    pub definition: String,
    pub role_arn: String,
    pub logging: Logging,
    pub tracing: bool,
}

/// Settings that were found good, with the definition ready to run. Executions keep the revision that they began with.
pub struct Revision {
    pub settings: Settings,
    /// A new one with each change.
    pub id: String,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
    /// Where executions of this revision log.
    pub(super) log_stream: String,
    pub(super) definition: Machine,
}

/// A state machine.
pub struct StateMachine {
    pub name: String,
    pub arn: String,
    pub kind: MachineType,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    revision: Mutex<Arc<Revision>>,
    tags: Mutex<BTreeMap<String, String>>,
}

impl StateMachine {
    pub(super) fn new(name: &str, arn: String, kind: MachineType, revision: Revision) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            kind,
            created_at: revision.updated_at,
            revision: Mutex::new(Arc::new(revision)),
            tags: Mutex::default(),
        }
    }

    fn current(&self) -> MutexGuard<'_, Arc<Revision>> {
        self.revision.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What executions that start now run.
    #[must_use]
    pub fn revision(&self) -> Arc<Revision> {
        Arc::clone(&self.current())
    }

    pub(super) fn replace(&self, revision: Revision) {
        *self.current() = Arc::new(revision);
    }

    #[must_use]
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the tags in place.
    pub fn edit_tags(&self, edit: impl FnOnce(&mut BTreeMap<String, String>)) {
        edit(&mut self.tags.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Revision {
    /// Checks settings, which may take a few milliseconds for a large definition.
    pub(super) fn check(
        services: &Services,
        name: &str,
        kind: MachineType,
        settings: Settings,
    ) -> Result<Self, StatesError> {
        let definition = parse(&settings.definition, kind)
            .map_err(|problems| StatesError::InvalidDefinition { reasons: reasons(&problems) })?;
        if !services.iam.trusts(&settings.role_arn, PRINCIPAL) {
            return Err(StatesError::RoleNotAssumable);
        }
        settings.logging.check(services, &settings.role_arn)?;
        let now = OffsetDateTime::now_utc();
        let minute = format!(
            "{:04}-{:02}-{:02}-{:02}-{:02}",
            now.year(),
            u8::from(now.month()),
            now.day(),
            now.hour(),
            now.minute()
        );
        Ok(Self {
            settings,
            id: uuid::Uuid::new_v4().to_string(),
            updated_at: epoch_millis(),
            log_stream: format!("states/{name}/{minute}/{}", ids::hex(8)),
            definition,
        })
    }
}

/// One reason against a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `INVALID_JSON_DESCRIPTION` or `SCHEMA_VALIDATION_FAILED`.
    pub code: &'static str,
    pub message: String,
    /// A JSON pointer into the definition.
    pub location: String,
}

/// Reads a definition for a type of machine.
pub(super) fn parse(text: &str, kind: MachineType) -> Result<Machine, Vec<Problem>> {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let code = if document.is_object() { "SCHEMA_VALIDATION_FAILED" } else { "INVALID_JSON_DESCRIPTION" };
    let machine = Machine::parse(text).map_err(|problems| {
        let own =
            |problem: asl::Problem| Problem { code, message: problem.message, location: problem.location };
        problems.into_iter().map(own).collect::<Vec<_>>()
    })?;
    let mut unusable = Vec::new();
    for task in machine.task_uses() {
        if let Err(message) = Integration::parse(&task.resource, kind) {
            unusable.push(Problem { code, message, location: task.location.clone() });
        }
        let state = task.location.rsplit_once('/').map_or("", |(state, _)| state);
        if document.pointer(state).is_some_and(|state| state.get("Credentials").is_some()) {
            let message =
                "Credentials of other roles are not offered by this cloud; leave them out".to_owned();
            unusable.push(Problem { code, message, location: format!("{state}/Credentials") });
        }
    }
    if unusable.is_empty() { Ok(machine) } else { Err(unusable) }
}

fn reasons(problems: &[Problem]) -> String {
    let one = |problem: &Problem| {
        let location = if problem.location.is_empty() { "/" } else { &problem.location };
        format!("{}: {} at {location}", problem.code, problem.message)
    };
    problems.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(definition: &Value, kind: MachineType) -> Vec<(String, String)> {
        let problems = parse(&definition.to_string(), kind).err().unwrap_or_default();
        problems.into_iter().map(|problem| (problem.code.to_owned(), problem.location)).collect()
    }

    #[test]
    fn resources_are_looked_at_wherever_they_stand() {
        let task = |resource: &str| json!({"Type": "Task", "Resource": resource, "End": true});
        // The names of states are unique in a whole machine, branches included.
        let branch = |name: &str, task: Value| json!({"StartAt": name, "States": {name: task}});
        let good = task("arn:aws:states:::aws-sdk:dynamodb:query");
        assert_eq!(problems(&branch("One", good.clone()), MachineType::Express), []);
        let mut with_role = good.clone();
        with_role["Credentials"] = json!({"RoleArn": "arn:aws:iam::000000000000:role/other"});
        let branches = [
            branch("Good", good),
            branch("Run", task("arn:aws:states:::ecs:runTask.sync")),
            branch("Other", with_role),
        ];
        let nested = branch("One", json!({"Type": "Parallel", "Branches": branches, "End": true}));
        let code = || "SCHEMA_VALIDATION_FAILED".to_owned();
        assert_eq!(
            problems(&nested, MachineType::Standard),
            [
                (code(), "/States/One/Branches/1/States/Run/Resource".to_owned()),
                (code(), "/States/One/Branches/2/States/Other/Credentials".to_owned()),
            ]
        );
    }

    #[test]
    fn broken_definitions_are_refused_with_their_location() {
        let no_next = json!({"StartAt": "One", "States": {"One": {"Type": "Pass", "Next": "Two"}}});
        let found = problems(&no_next, MachineType::Standard);
        assert_eq!(found[0], ("SCHEMA_VALIDATION_FAILED".to_owned(), "/States/One/Next".to_owned()));
        let broken = parse("{", MachineType::Standard).unwrap_err();
        assert_eq!(broken[0].code, "INVALID_JSON_DESCRIPTION");
        assert!(reasons(&broken).starts_with("INVALID_JSON_DESCRIPTION: "), "{}", reasons(&broken));
    }
}
