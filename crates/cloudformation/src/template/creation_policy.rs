//! The attribute `CreationPolicy` of a resource.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-creationpolicy.html>

use std::time::Duration;

use serde_json::Value;

use super::TemplateError;
use super::shape::{format_error, known_keys};
use crate::signals::CreationPolicy;

/// The types of this cloud that may wait for signals.
const TYPES: [&str; 1] = ["AWS::EC2::Instance"];
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(5);
/// The longest that CloudFormation waits.
const LONGEST: Duration = Duration::from_hours(12);

pub(super) fn read(
    policy: Option<&Value>,
    type_name: &str,
    path: &str,
) -> Result<Option<CreationPolicy>, TemplateError> {
    let Some(policy) = policy else { return Ok(None) };
    if !TYPES.contains(&type_name) {
        return Err(format_error(format!(
            "[{path}] CreationPolicy is not supported for {type_name}; remove it."
        )));
    }
    let wrong = |what: &str| format_error(format!("[{path}/CreationPolicy] {what}"));
    let object = policy.as_object().ok_or_else(|| wrong("CreationPolicy must be an object."))?;
    known_keys(object, &["ResourceSignal"], "CreationPolicy", path)?;
    let signal = object
        .get("ResourceSignal")
        .and_then(Value::as_object)
        .ok_or_else(|| wrong("CreationPolicy needs an object ResourceSignal."))?;
    known_keys(signal, &["Count", "Timeout"], "ResourceSignal", path)?;
    let count = match signal.get("Count") {
        None => Some(1),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64().and_then(|count| u32::try_from(count).ok()),
    };
    let count = count.filter(|count| *count > 0).ok_or_else(|| wrong("Count must be a number from 1."))?;
    let timeout = match signal.get("Timeout") {
        None => Some(DEFAULT_TIMEOUT),
        Some(value) => value.as_str().and_then(duration),
    };
    let timeout = timeout
        .filter(|timeout| *timeout <= LONGEST)
        .ok_or_else(|| wrong("Timeout must be an ISO 8601 duration of at most 12 hours, such as PT5M."))?;
    Ok(Some(CreationPolicy { count, timeout }))
}

/// `PT1H30M10S`: hours, minutes and seconds in this order, each at most once.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    let mut seconds: u64 = 0;
    for (unit, length) in [('H', 3600), ('M', 60), ('S', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(length)?)?;
            rest = after;
        }
    }
    rest.is_empty().then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_instance(policy: &Value) -> Result<Option<CreationPolicy>, String> {
        read(Some(policy), TYPES[0], "/Resources/Host").map_err(|error| error.to_string())
    }

    #[test]
    fn counts_and_durations_are_read() {
        let policy = of_instance(&json!({"ResourceSignal": {"Count": "2", "Timeout": "PT1H1M1S"}}));
        assert_eq!(policy, Ok(Some(CreationPolicy { count: 2, timeout: Duration::from_secs(3661) })));
        let policy = of_instance(&json!({"ResourceSignal": {}}));
        assert_eq!(policy, Ok(Some(CreationPolicy { count: 1, timeout: DEFAULT_TIMEOUT })));
    }

    #[test]
    fn what_cannot_be_waited_for_is_refused() {
        for (policy, words) in [
            (json!("x"), "must be an object"),
            (json!({}), "needs an object ResourceSignal"),
            (json!({"ResourceSignal": {"Count": 0}}), "Count must be"),
            (json!({"ResourceSignal": {"Timeout": "PT13H"}}), "at most 12 hours"),
            (json!({"ResourceSignal": {"Timeout": "5M"}}), "ISO 8601"),
            (json!({"ResourceSignal": {"Timeout": {"Ref": "T"}}}), "ISO 8601"),
            (json!({"AutoScalingCreationPolicy": {}}), "AutoScalingCreationPolicy"),
        ] {
            let error = of_instance(&policy).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        let error = read(Some(&json!({})), "AWS::SNS::Topic", "/Resources/T").unwrap_err().to_string();
        assert!(error.contains("CreationPolicy is not supported for AWS::SNS::Topic"), "{error}");
    }
}
