//! The ARNs of state machines and executions.

use super::{MachineType, StatesError};
use crate::services::RegionContext;

/// The ARN of a state machine, `arn:aws:states:<region>:<account>:stateMachine:<name>`.
pub(super) fn machine(context: &RegionContext, name: &str) -> String {
    context.arn("states", &format!("stateMachine:{name}"))
}

/// The ARN of an execution. Those of Express machines end in an identifier of their own, as names may repeat.
pub(super) fn execution(context: &RegionContext, kind: MachineType, machine: &str, name: &str) -> String {
    match kind {
        MachineType::Standard => context.arn("states", &format!("execution:{machine}:{name}")),
        MachineType::Express => {
            let id = uuid::Uuid::new_v4();
            context.arn("states", &format!("express:{machine}:{name}:{id}"))
        }
    }
}

/// The machine's name in its ARN.
///
/// # Errors
/// `InvalidArn` for what is no ARN of a state machine; versions and aliases are not offered.
pub(super) fn machine_name(arn: &str) -> Result<&str, StatesError> {
    let name = resource(arn)?.strip_prefix("stateMachine:").filter(|name| !name.contains(':'));
    name.ok_or_else(|| StatesError::invalid_arn(arn))
}

/// Refuses what is no ARN of an execution of a Standard machine.
pub(super) fn check_execution(arn: &str) -> Result<(), StatesError> {
    match resource(arn)?.strip_prefix("execution:").map(|rest| rest.split(':').count()) {
        Some(2) => Ok(()),
        _ => Err(StatesError::invalid_arn(arn)),
    }
}

fn resource(arn: &str) -> Result<&str, StatesError> {
    let mut parts = arn.splitn(6, ':');
    let head = [parts.next(), parts.next(), parts.next()];
    match parts.nth(2) {
        Some(resource) if head == [Some("arn"), Some("aws"), Some("states")] => Ok(resource),
        _ => Err(StatesError::invalid_arn(arn)),
    }
}

/// Whether `name` may name a machine or an execution.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html#StepFunctions-CreateStateMachine-request-name>
pub(super) fn check_name(name: &str) -> Result<(), StatesError> {
    let illegal = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c)
            || ('\u{fffe}'..='\u{ffff}').contains(&c)
    };
    if name.is_empty() || name.chars().count() > 80 || name.contains(illegal) {
        return Err(StatesError::InvalidName { name: name.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_taken_apart() {
        assert_eq!(machine_name("arn:aws:states:us-east-1:000000000000:stateMachine:m"), Ok("m"));
        for arn in ["", "m", "arn:aws:sns:r:0:stateMachine:m", "arn:aws:states:r:0:stateMachine:m:1"] {
            assert_eq!(machine_name(arn), Err(StatesError::invalid_arn(arn)));
        }
        check_execution("arn:aws:states:us-east-1:000000000000:execution:m:e").unwrap();
        assert!(check_execution("arn:aws:states:us-east-1:000000000000:express:m:e:1").is_err());
    }

    #[test]
    fn names_are_checked() {
        for name in ["a", "a-b_c.d", "ümlaut", &"a".repeat(80)] {
            check_name(name).unwrap();
        }
        for name in ["", "a b", "a/b", "a:b", "a*", "a\u{7}", &"a".repeat(81)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
