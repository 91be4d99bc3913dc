//! `deploy logs`

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::status::deployed;
use crate::cli::LogsArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::log_page::LogQuery;
use crate::plan::STACK_TAG;
use crate::target::Target;

/// How far back the first look goes, in milliseconds.
const BACK: i128 = 60 * 60 * 1000;
/// The time between two looks while following.
const PAUSE: Duration = Duration::from_secs(1);

/// A line of a variant's log.
#[derive(Debug, Serialize)]
struct Line {
    variant: String,
    /// Milliseconds since 1970.
    at: i64,
    stream: String,
    message: String,
    #[serde(skip)]
    id: String,
}

pub async fn run(context: &Context, args: &LogsArgs) -> Result<(), Failure> {
    let selected = context.select(&args.select.selection)?;
    let none = || {
        Failure::new(format!("nothing with a log is deployed under the prefix {}", context.settings.prefix))
            .hint("`deploy up` deploys it")
    };
    let Some(target) = Target::existing(&context.settings, &context.state, &context.printer).await? else {
        return Err(none());
    };
    let stacks = deployed(context, &target).await?;
    let groups: Vec<(String, String)> = selected
        .iter()
        .filter_map(|variant| {
            let stack = stacks.iter().find(|stack| stack.tags.get(STACK_TAG) == Some(&variant.id))?;
            Some((variant.id.clone(), stack.outputs.get("LogGroupName")?.clone()))
        })
        .collect();
    if groups.is_empty() {
        return Err(none());
    }
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    let mut since = i64::try_from(now - BACK).unwrap_or(0);
    let mut seen = BTreeSet::new();
    let mut first = true;
    loop {
        let mut lines = Vec::new();
        for (variant, group) in &groups {
            let found = read(&target, variant, group, since).await?;
            let skip = if first { found.len().saturating_sub(args.last) } else { 0 };
            lines.extend(found.into_iter().skip(skip));
        }
        lines.retain(|line| seen.insert(line.id.clone()));
        lines.sort_by_key(|line| line.at);
        since = lines.last().map_or(since, |line| line.at);
        for line in &lines {
            context.printer.data(&text(line));
            context.printer.json(line);
        }
        first = false;
        if !args.follow {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = context.cancel.cancelled() => return Ok(()),
        }
    }
}

async fn read(target: &Target, variant: &str, group: &str, since: i64) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    let mut token: Option<String> = None;
    let query = LogQuery { group, since, until: None };
    loop {
        let page = query.page(target, token.as_deref()).await?;
        for event in page.events {
            lines.push(Line {
                variant: variant.to_owned(),
                at: event["timestamp"].as_i64().unwrap_or_default(),
                stream: event["logStreamName"].as_str().unwrap_or_default().to_owned(),
                message: event["message"].as_str().unwrap_or_default().trim_end().to_owned(),
                id: event["eventId"].as_str().map_or_else(|| event.to_string(), str::to_owned),
            });
        }
        token = page.next;
        if token.is_none() {
            return Ok(lines);
        }
    }
}

fn text(line: &Line) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(line.at) * 1_000_000).ok();
    let at = at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default();
    format!("{at} {} {}", line.variant, line.message)
}
