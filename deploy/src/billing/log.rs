//! What a turn left in the logs: bytes, and the reports of functions about their calls.

use std::collections::BTreeMap;

use report::{FunctionUse, Resource};
use serde_json::Value;
use time::OffsetDateTime;

use super::Turn;
use crate::failure::Failure;
use crate::log_page::LogQuery;
use crate::target::Target;

/// Answers, of at most 10,000 lines each, that are read of one log: enough for a mean, and no long wait.
const MOST_ANSWERS: usize = 12;
/// Bytes that are billed for each line beside its text.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>
const LINE_BYTES: usize = 26;

/// A log group of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The logical id of the group.
    pub id: String,
    /// The group's name.
    pub group: String,
    /// The logical id of the function that writes to it.
    pub function: Option<String>,
}

/// The log groups among the resources that stand, and the functions that write to them.
pub fn functions_logs(resources: &[Resource], ids: &BTreeMap<String, String>) -> Vec<Log> {
    let groups = resources.iter().filter(|one| one.kind == "AWS::Logs::LogGroup");
    let functions = || resources.iter().filter(|one| one.kind == "AWS::Lambda::Function");
    groups
        .filter_map(|group| {
            let writes = |function: &&Resource| {
                let named = function.properties.pointer("/LoggingConfig/LogGroup").and_then(Value::as_str);
                named == Some(&format!("${{{}}}", group.id))
            };
            Some(Log {
                id: group.id.clone(),
                group: ids.get(&group.id)?.clone(),
                function: functions().find(writes).map(|function| function.id.clone()),
            })
        })
        .collect()
}

/// What was read of one log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// How many of the turn's requests the lines belong to; a part of them where the log was too long.
    requests: f64,
    bytes: usize,
    calls: u64,
    billed_ms: f64,
    cut: bool,
}

impl Reading {
    /// Reads what a turn left in a log group.
    pub async fn take(target: &Target, group: &str, turn: &Turn) -> Result<Self, Failure> {
        let mut reading = Self::default();
        let (mut token, mut last): (Option<String>, i64) = (None, millis(turn.began));
        let query = LogQuery { group, since: last, until: Some(millis(turn.ended) + 1) };
        for _ in 0..MOST_ANSWERS {
            let page = query.page(target, token.as_deref()).await?;
            for event in &page.events {
                reading.line(event["message"].as_str().unwrap_or_default());
                last = last.max(event["timestamp"].as_i64().unwrap_or(last));
            }
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        reading.cut = token.is_some();
        let share = if reading.cut { share(turn, last) } else { 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
        let requests = turn.requests as f64;
        reading.requests = requests * share;
        Ok(reading)
    }

    fn line(&mut self, line: &str) {
        self.bytes += line.len() + LINE_BYTES;
        if let Some(billed) = billed_ms(line) {
            self.calls += 1;
            self.billed_ms += billed;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody reads 2^52 bytes")]
    pub fn bytes_a_request(&self) -> f64 {
        if self.requests > 0.0 { self.bytes as f64 / self.requests } else { 0.0 }
    }

    /// What the reports say.
    #[expect(clippy::cast_precision_loss, reason = "nobody reads 2^52 reports")]
    pub fn function_use(&self) -> FunctionUse {
        let calls = self.calls as f64;
        if self.calls == 0 || self.requests <= 0.0 {
            return FunctionUse { calls: 0.0, billed_ms: 0.0 };
        }
        FunctionUse { calls: calls / self.requests, billed_ms: self.billed_ms / calls }
    }

    /// What is to be said of a reading that is not all.
    pub fn note(&self, id: &str) -> Option<String> {
        self.cut
            .then(|| format!("{id}: only the begin of the log was read, for {:.0} requests", self.requests))
    }
}

/// The part of a turn that had passed at a time, in milliseconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of one turn")]
fn share(turn: &Turn, at: i64) -> f64 {
    let length = turn.length().as_secs_f64() * 1000.0;
    let passed = (at - millis(turn.began)) as f64;
    if length > 0.0 { (passed / length).clamp(0.0, 1.0) } else { 1.0 }
}

fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// What a line of the platform says was billed for a call, in milliseconds, initialisation included, in both formats of logs.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html>
fn billed_ms(line: &str) -> Option<f64> {
    if let Some(report) = line.strip_prefix("REPORT ") {
        let (_, rest) = report.split_once("Billed Duration: ")?;
        return rest.split_once(" ms")?.0.parse().ok();
    }
    if !line.contains("\"platform.report\"") {
        return None;
    }
    let record: Value = serde_json::from_str(line).ok()?;
    if record["type"] != "platform.report" {
        return None;
    }
    record.pointer("/record/metrics/billedDurationMs")?.as_f64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reports_of_both_formats_are_read() {
        for (line, billed) in [
            (
                "REPORT RequestId: 1\tDuration: 1.20 ms\tBilled Duration: 52 ms\tMemory Size: 128 MB\tInit Duration: 50.1 ms\t",
                Some(52.0),
            ),
            (
                r#"{"time":"t","type":"platform.report","record":{"metrics":{"billedDurationMs":3,"durationMs":2.1}}}"#,
                Some(3.0),
            ),
            (r#"{"level":"INFO","message":"a \"platform.report\" of one's own"}"#, None),
            ("END RequestId: 1", None),
            ("REPORT of something else", None),
        ] {
            assert_eq!(billed_ms(line), billed, "{line}");
        }
    }

    #[test]
    fn a_log_belongs_to_the_function_that_names_it() {
        let resource =
            |id: &str, kind: &str, properties| Resource { id: id.into(), kind: kind.into(), properties };
        let resources = [
            resource("Function", "AWS::Lambda::Function", json!({"LoggingConfig": {"LogGroup": "${Logs}"}})),
            resource("Logs", "AWS::Logs::LogGroup", json!({})),
            resource("Access", "AWS::Logs::LogGroup", json!({})),
            resource("Absent", "AWS::Logs::LogGroup", json!({})),
        ];
        let ids =
            [("Logs", "l-1"), ("Access", "a-1")].map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        let logs = functions_logs(&resources, &ids);
        let found: Vec<_> = logs.iter().map(|log| (log.group.as_str(), log.function.as_deref())).collect();
        assert_eq!(found, [("l-1", Some("Function")), ("a-1", None)]);
    }

    #[test]
    fn what_was_read_is_counted_by_the_request() {
        let mut reading = Reading { requests: 4.0, ..Reading::default() };
        reading.line("REPORT RequestId: 1\tBilled Duration: 10 ms\t");
        reading.line("REPORT RequestId: 2\tBilled Duration: 30 ms\t");
        reading.line("else");
        assert_eq!(reading.function_use(), FunctionUse { calls: 0.5, billed_ms: 20.0 });
        assert!((reading.bytes_a_request() - f64::from(44_u8 * 2 + 4 + 78) / 4.0).abs() < 1.0, "{reading:?}");
        assert_eq!(Reading::default().function_use(), FunctionUse { calls: 0.0, billed_ms: 0.0 });
    }
}
