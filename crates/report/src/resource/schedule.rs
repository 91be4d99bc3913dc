//! What runs by a schedule rather than for a request.

use serde_json::Value;

use super::{MB, Resource, mentions};
use crate::Bill;

impl Resource {
    /// Whether a schedule starts it, so that no request does.
    pub(super) fn is_scheduled(&self, all: &[Self]) -> bool {
        all.iter().any(|one| one.kind == "AWS::Scheduler::Schedule" && one.starts(&self.id))
    }

    fn starts(&self, id: &str) -> bool {
        self.properties.pointer("/Target/Arn").is_some_and(|target| mentions(target, id))
    }

    /// The starts of a schedule and of the state machine behind it. The calls that this makes take about a millisecond each,
    /// of which only their number costs anything that can be seen.
    pub(super) fn schedule(&self, all: &[Self], bill: &mut Bill) {
        let id = &self.id;
        let expression = self.text("ScheduleExpression").unwrap_or_default();
        let Some(runs) = hourly_runs(&expression) else {
            bill.unpriced.push(format!("{id}: how often `{expression}` comes is not known"));
            return;
        };
        bill.hourly("scheduler-invocation", runs, format!("{id}: {runs} starts an hour"));
        if all.iter().any(|one| one.kind == "AWS::StepFunctions::StateMachine" && self.starts(&one.id)) {
            bill.hourly("express-workflow-request", runs, format!("{id}: {runs} executions an hour"));
            let seconds = 0.1 * 64.0 / MB;
            bill.hourly(
                "express-workflow-duration",
                runs * seconds,
                format!("{id}: 64 MB for 0.1 s an execution"),
            );
        }
        if let Some(calls) = self.properties.pointer("/Target/Input").and_then(environments) {
            bill.hourly(
                "lambda-request",
                runs * calls,
                format!("{id}: calls that keep {calls} environments warm"),
            );
        }
    }
}

/// How often `rate(4 minutes)` comes in an hour.
fn hourly_runs(expression: &str) -> Option<f64> {
    let (count, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let count: f64 = count.parse().ok().filter(|count| *count > 0.0)?;
    let hours = match unit.trim_end_matches('s') {
        "minute" => 1.0 / 60.0,
        "hour" => 1.0,
        "day" => 24.0,
        _ => return None,
    };
    Some(1.0 / (count * hours))
}

/// The number of environments in the input, which is JSON once its references are resolved.
fn environments(input: &Value) -> Option<f64> {
    let input: Value = serde_json::from_str(input.as_str()?).ok()?;
    input.get("environments")?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_turned_into_runs_an_hour() {
        let runs =
            ["rate(4 minutes)", "rate(1 hour)", "rate(2 days)", "rate(0 minutes)", "cron(0 * * * ? *)"];
        let expected = [Some(15.0), Some(1.0), Some(1.0 / 48.0), None, None];
        for (expression, expected) in runs.into_iter().zip(expected) {
            let close = match (hourly_runs(expression), expected) {
                (Some(runs), Some(expected)) => (runs - expected).abs() < 1e-9,
                (runs, expected) => runs == expected,
            };
            assert!(close, "{expression}");
        }
    }
}
