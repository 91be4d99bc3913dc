use serde_json::Value;

use super::fields::{Fields, shown};
use super::state::{assignments, result_path};
use super::templates::Templates;
use super::{Language, ResultPath};
use crate::failure::{Failure, names};
use crate::problem::below;
use crate::template::Template;

/// Retries a state after some errors.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error>
#[derive(Debug)]
pub(crate) struct Retrier {
    errors: Vec<String>,
    pub(crate) interval_seconds: u64,
    pub(crate) max_attempts: u64,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: Option<u64>,
    pub(crate) full_jitter: bool,
}

/// Goes on in another state after some errors.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-fallback-states>
#[derive(Debug)]
pub(crate) struct Catcher {
    errors: Vec<String>,
    pub(crate) next: String,
    pub(crate) result_path: ResultPath,
    pub(crate) output: Option<Template>,
    pub(crate) assign: Vec<(String, Template)>,
}

const MAX_SECONDS: u64 = 99_999_999;
const MAX_DELAY_SECONDS: u64 = 31_622_400;

impl Retrier {
    pub(crate) fn handles(&self, failure: &Failure, in_parallel: bool) -> bool {
        matches(&self.errors, failure, in_parallel)
    }

    /// How long to wait before the retry of this number, from 0, in seconds and without jitter.
    pub(crate) fn delay(&self, retries: u64) -> f64 {
        let exponent = i32::try_from(retries).unwrap_or(i32::MAX);
        #[expect(clippy::cast_precision_loss, reason = "at most 99,999,999")]
        let (interval, most) =
            (self.interval_seconds as f64, self.max_delay_seconds.unwrap_or(MAX_SECONDS) as f64);
        (interval * self.backoff_rate.powi(exponent)).min(most)
    }
}

impl Catcher {
    pub(crate) fn handles(&self, failure: &Failure, in_parallel: bool) -> bool {
        matches(&self.errors, failure, in_parallel)
    }
}

/// Whether an error is named. `States.Runtime` is never handled, and `States.DataLimitExceeded` only by its name.
fn matches(errors: &[String], failure: &Failure, in_parallel: bool) -> bool {
    let error = failure.error_name();
    let is_timeout = matches!(error, names::TIMEOUT | names::HEARTBEAT_TIMEOUT);
    error != names::RUNTIME
        && errors.iter().any(|name| match name.as_str() {
            name if name == error => true,
            names::ALL => error != names::DATA_LIMIT_EXCEEDED,
            names::TASK_FAILED => error != names::DATA_LIMIT_EXCEEDED && !is_timeout,
            names::TIMEOUT => is_timeout,
            names::BRANCH_FAILED => in_parallel && error != names::DATA_LIMIT_EXCEEDED,
            _ => false,
        })
}

pub(super) fn retriers(templates: Templates<'_>, fields: &Fields<'_>) -> Vec<Retrier> {
    let Some(entries) = fields.array("Retry") else { return Vec::new() };
    let mut retriers = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let location = below(&fields.at("Retry"), at);
        let Some(entry) = Fields::new(entry, &location, fields.problems) else { continue };
        let errors = error_names(&entry, at + 1 == entries.len());
        entry.text("Comment");
        let interval_seconds = entry.whole("IntervalSeconds", 1..=MAX_SECONDS).unwrap_or(1);
        let max_delay_seconds = entry.whole("MaxDelaySeconds", 1..=MAX_DELAY_SECONDS);
        if let Some(most) = max_delay_seconds
            && most <= interval_seconds
        {
            entry.add(
                "MaxDelaySeconds",
                format!("{most} must be greater than IntervalSeconds, {interval_seconds}"),
            );
        }
        let jitter = entry.text("JitterStrategy").unwrap_or("NONE");
        if !matches!(jitter, "FULL" | "NONE") {
            entry.add("JitterStrategy", format!("`{jitter}` must be FULL or NONE"));
        }
        retriers.push(Retrier {
            errors,
            interval_seconds,
            max_attempts: entry.whole("MaxAttempts", 0..=MAX_SECONDS).unwrap_or(3),
            backoff_rate: backoff_rate(&entry),
            max_delay_seconds,
            full_jitter: jitter == "FULL",
        });
        entry.finish(templates.language);
    }
    retriers
}

fn backoff_rate(entry: &Fields<'_>) -> f64 {
    let Some(value) = entry.take("BackoffRate") else { return 2.0 };
    value.as_f64().filter(|rate| *rate >= 1.0).unwrap_or_else(|| {
        entry.add("BackoffRate", format!("{} must be a number of at least 1.0", shown(value)));
        2.0
    })
}

pub(super) fn catchers(templates: Templates<'_>, fields: &Fields<'_>) -> Vec<Catcher> {
    let templates = templates.with_error_output();
    let Some(entries) = fields.array("Catch") else { return Vec::new() };
    let mut catchers = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let location = below(&fields.at("Catch"), at);
        let Some(entry) = Fields::new(entry, &location, fields.problems) else { continue };
        let errors = error_names(&entry, at + 1 == entries.len());
        entry.text("Comment");
        let next = entry.required_text("Next").unwrap_or_default().to_owned();
        let (mut place, mut output) = (ResultPath::Whole, None);
        match templates.language {
            Language::JsonPath => place = result_path(&entry),
            Language::Jsonata => output = templates.field(&entry, "Output"),
        }
        let assign = assignments(templates, &entry);
        catchers.push(Catcher { errors, next, result_path: place, output, assign });
        entry.finish(templates.language);
    }
    catchers
}

/// `ErrorEquals`. `States.ALL` stands alone and last.
fn error_names(entry: &Fields<'_>, is_last: bool) -> Vec<String> {
    if entry.require("ErrorEquals").is_none() {
        return Vec::new();
    }
    let Some(values) = entry.array("ErrorEquals") else { return Vec::new() };
    let errors: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if errors.is_empty() || errors.len() != values.len() {
        entry.add("ErrorEquals", "must be an array of at least one error name");
    }
    if errors.iter().any(|error| error == names::ALL) {
        if errors.len() > 1 {
            entry.add("ErrorEquals", "States.ALL must appear alone");
        }
        if !is_last {
            entry.add("ErrorEquals", "States.ALL must be in the last entry");
        }
    }
    errors
}
