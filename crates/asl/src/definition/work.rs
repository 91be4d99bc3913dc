use super::fields::{Fields, shown};
use super::templates::Templates;
use super::{Language, Quantity};
use crate::template::Template;

/// What a Task state calls.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) resource: String,
    pub(crate) timeout: Option<Quantity>,
    pub(crate) heartbeat: Option<Quantity>,
    pub(crate) credentials: Option<Template>,
}

/// How long a Wait state waits.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html>
#[derive(Debug)]
pub(crate) enum Pause {
    Seconds(Quantity),
    Until(Template),
}

/// The longest time in seconds that a field may hold.
const MAX_SECONDS: u64 = 99_999_999;

pub(super) fn task(templates: Templates<'_>, fields: &Fields<'_>) -> Task {
    let resource = fields.required_text("Resource").unwrap_or_default().to_owned();
    if fields.has("Resource") && !resource.starts_with("arn:") {
        fields.add("Resource", format!("`{resource}` must be an ARN"));
    }
    let timeout = Quantity::parse(templates, fields, "TimeoutSeconds", 1..=MAX_SECONDS);
    let heartbeat = Quantity::parse(templates, fields, "HeartbeatSeconds", 1..=MAX_SECONDS);
    if let (Some(timeout), Some(heartbeat)) =
        (timeout.as_ref().and_then(Quantity::literal), heartbeat.as_ref().and_then(Quantity::literal))
        && heartbeat >= timeout
    {
        fields.add("HeartbeatSeconds", format!("{heartbeat} must be smaller than TimeoutSeconds, {timeout}"));
    }
    Task { resource, timeout, heartbeat, credentials: templates.object_field(fields, "Credentials") }
}

pub(super) fn pause(templates: Templates<'_>, fields: &Fields<'_>) -> Option<Pause> {
    let seconds = Quantity::parse(templates, fields, "Seconds", 0..=MAX_SECONDS).map(Pause::Seconds);
    let until = templates.text_or_path(fields, "Timestamp", false).inspect(|template| {
        if let Some(literal) = template.literal()
            && super::choice::timestamp(literal).is_none()
        {
            fields.add(
                "Timestamp",
                format!("{} must be a timestamp such as 2016-03-14T01:59:00Z", shown(literal)),
            );
        }
    });
    let names: &[&str] = match templates.language {
        Language::JsonPath => &["Seconds", "SecondsPath", "Timestamp", "TimestampPath"],
        Language::Jsonata => &["Seconds", "Timestamp"],
    };
    if names.iter().filter(|name| fields.has(name)).count() != 1 {
        fields
            .problems
            .add(&fields.location, format!("a Wait state has exactly one of {}", names.join(", ")));
    }
    seconds.or(until.map(Pause::Until))
}
