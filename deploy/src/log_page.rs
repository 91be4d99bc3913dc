//! Lines of a log group, an answer at a time.

use serde_json::{Value, json};
use signed_http::JsonVersion;

use crate::failure::{Failure, chain};
use crate::target::Target;

/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
const FILTER: &str = "Logs_20140328.FilterLogEvents";

/// What is asked of a log group.
#[derive(Clone, Copy, Debug)]
pub struct LogQuery<'a> {
    pub group: &'a str,
    /// Milliseconds since 1970, from which lines are wanted and, if that matters, until when.
    pub since: i64,
    pub until: Option<i64>,
}

/// One answer: events as the API gives them, and what the next question must carry where there are more.
#[derive(Debug)]
pub struct LogPage {
    pub events: Vec<Value>,
    pub next: Option<String>,
}

impl LogQuery<'_> {
    /// Asks once; `token` is what the last answer gave.
    pub async fn page(&self, target: &Target, token: Option<&str>) -> Result<LogPage, Failure> {
        let mut input = json!({"logGroupName": self.group, "startTime": self.since});
        if let Some(until) = self.until {
            input["endTime"] = Value::from(until);
        }
        if let Some(token) = token {
            input["nextToken"] = Value::from(token);
        }
        let mut answer =
            target.signed.json("logs", FILTER, JsonVersion::V1_1, input).await.map_err(|error| {
                Failure::new(format!("the log {} cannot be read: {}", self.group, chain(&error)))
            })?;
        let events = match answer["events"].take() {
            Value::Array(events) => events,
            _ => Vec::new(),
        };
        Ok(LogPage { events, next: answer["nextToken"].as_str().map(str::to_owned) })
    }
}
