//! What an execution writes to CloudWatch Logs.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>

use std::sync::Arc;

use asl::Event;
use serde_json::{Map, Value, json};

use super::StatesError;
use super::history::{Data, located};
use super::machine::{Revision, Settings};
use crate::services::Services;
use crate::services::logs::LogGroup;
use crate::wire::epoch_millis;

/// Payloads longer than this are left out of a log event and marked as truncated, since CloudWatch Logs takes no larger event.
const MAX_LOGGED_DATA: usize = 248 * 1024;

/// Which events are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    #[default]
    Off,
    /// Executions that did not end well.
    Fatal,
    /// Those, and whatever failed on the way.
    Error,
    /// Everything.
    All,
}

impl LogLevel {
    /// `OFF`, `FATAL`, `ERROR` or `ALL`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Off, Self::Fatal, Self::Error, Self::All].into_iter().find(|level| level.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::All => "ALL",
        }
    }

    /// The least level that logs an event of a type.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-log-level>
    fn of(type_name: &str) -> Self {
        let bad = |name: &str| ["Failed", "TimedOut", "Aborted"].iter().any(|end| name.ends_with(end));
        match type_name {
            "FailStateEntered" => Self::Error,
            name if name.starts_with("Execution") && bad(name) => Self::Fatal,
            name if bad(name) => Self::Error,
            _ => Self::All,
        }
    }
}

/// `loggingConfiguration` of a state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    pub level: LogLevel,
    pub include_execution_data: bool,
    /// The ARN of a log group with `:*` at its end.
    pub destination: Option<String>,
}

impl Logging {
    /// Refuses a level without a group, and a group that does not exist or that the role may not write to.
    pub(super) fn check(&self, services: &Services, role: &str) -> Result<(), StatesError> {
        let refuse = |reason: String| Err(StatesError::InvalidLoggingConfiguration { reason });
        let Some(arn) = &self.destination else {
            return if self.level == LogLevel::Off {
                Ok(())
            } else {
                refuse("Must specify exactly one Log Destination.".to_owned())
            };
        };
        if !arn.ends_with(":*") {
            return refuse(format!("Log Destination {arn} must end with ':*'."));
        }
        if services.logs.group_by_identifier(arn).is_err() {
            return refuse(format!("Log Destination {arn} does not exist."));
        }
        // Step Functions delivers logs in the role's name, and asks for this when the machine is made.
        if services.iam.allows(role, "logs:CreateLogDelivery", None) {
            Ok(())
        } else {
            Err(StatesError::LogDestinationDenied)
        }
    }

    /// As the API tells it.
    pub(super) fn to_json(&self) -> Value {
        let mut json = json!({
            "level": self.level.as_str(),
            "includeExecutionData": self.include_execution_data,
        });
        if let Some(arn) = &self.destination {
            json["destinations"] = json!([{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]);
        }
        json
    }
}

/// Writes the events of one execution.
pub(super) struct ExecutionLog {
    group: Arc<LogGroup>,
    stream: String,
    logging: Logging,
    execution_arn: String,
    role_arn: String,
    region: String,
}

impl ExecutionLog {
    /// `None` where nothing is to be logged, or the group is gone.
    pub(super) fn new(services: &Services, revision: &Revision, execution_arn: &str) -> Option<Self> {
        let Settings { logging, role_arn, .. } = &revision.settings;
        let destination = logging.destination.as_ref().filter(|_| logging.level > LogLevel::Off)?;
        let group = services.logs.group_by_identifier(destination).ok()?;
        Some(Self {
            group,
            stream: revision.log_stream.clone(),
            logging: logging.clone(),
            execution_arn: execution_arn.to_owned(),
            role_arn: role_arn.clone(),
            region: services.context.region.clone(),
        })
    }

    /// Writes an event, where the level asks for it.
    pub(super) fn write(&self, event: &Event) {
        let type_name = event.details.type_name();
        if LogLevel::of(&type_name) > self.logging.level {
            return;
        }
        let data =
            if self.logging.include_execution_data { Data::UpTo(MAX_LOGGED_DATA) } else { Data::Without };
        let members = located(&event.details, &self.role_arn, &self.region, data);
        let millis = i64::try_from(event.time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        self.append(event.id, event.previous, millis, (&type_name, members));
    }

    /// Writes that the execution was stopped, which the interpreter does not tell; `event` is that of its history.
    pub(super) fn write_aborted(&self, event: &Value) {
        let number = |name: &str| event[name].as_u64().unwrap_or_default();
        let members = event["executionAbortedEventDetails"].as_object().cloned().unwrap_or_default();
        self.append(number("id"), number("previousEventId"), epoch_millis(), ("ExecutionAborted", members));
    }

    fn append(&self, id: u64, previous: u64, millis: i64, (type_name, members): (&str, Map<String, Value>)) {
        let line = json!({
            "id": id.to_string(),
            "type": type_name,
            "details": members,
            "redrive_count": "0",
            "previous_event_id": previous.to_string(),
            "event_timestamp": millis.to_string(),
            "execution_arn": self.execution_arn,
        });
        self.group.ensure_stream(&self.stream).append(millis, epoch_millis(), line.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_log_what_the_table_says() {
        for (type_name, level) in [
            ("ExecutionStarted", LogLevel::All),
            ("ExecutionSucceeded", LogLevel::All),
            ("ExecutionFailed", LogLevel::Fatal),
            ("ExecutionTimedOut", LogLevel::Fatal),
            ("ExecutionAborted", LogLevel::Fatal),
            ("FailStateEntered", LogLevel::Error),
            ("TaskFailed", LogLevel::Error),
            ("LambdaFunctionTimedOut", LogLevel::Error),
            ("MapIterationFailed", LogLevel::Error),
            ("EvaluationFailed", LogLevel::Error),
            ("TaskStateEntered", LogLevel::All),
            ("TaskSucceeded", LogLevel::All),
        ] {
            assert_eq!(LogLevel::of(type_name), level, "{type_name}");
        }
        assert_eq!(LogLevel::parse("ALL"), Some(LogLevel::All));
        assert_eq!(LogLevel::parse("all"), None);
    }
}
