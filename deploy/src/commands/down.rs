//! `deploy down`

use std::collections::BTreeSet;

use super::status::deployed;
use crate::context::Context;
use crate::failure::Failure;
use crate::local::{self, Presence};
use crate::settings::TargetKind;
use crate::takedown::{Takedown, doomed, inventory, take_down};
use crate::target::Target;

pub async fn run(context: &Context, selection: &[String]) -> Result<(), Failure> {
    let chosen: Option<BTreeSet<&str>> =
        if selection.is_empty() || selection.iter().any(|name| name == catalog::ALL) {
            None
        } else {
            Some(context.catalog.select(selection)?.into_iter().map(|variant| variant.id.as_str()).collect())
        };
    let _lock = context.lock("down").await?;
    let Some(target) = target(context).await? else {
        context.printer.step("Down", "nothing is up: no embedded cloud runs");
        context.printer.json(&serde_json::json!({"stacks": [], "left": []}));
        return Ok(());
    };
    let deployed = deployed(context, &target).await?;
    let doomed = doomed(&deployed, chosen.as_ref());
    if !doomed.is_empty() {
        let names: Vec<&str> = doomed.iter().map(|stack| stack.name.as_str()).collect();
        let facts = format!("{} stacks and all they hold will be deleted: {}", names.len(), names.join(", "));
        context.confirm(&target, &facts).await?;
    }
    let takedown = take_down(context, &target, &doomed, &context.cancel).await?;
    report(context, &takedown);
    takedown.conclude(context)?;
    stop_if_idle(context, &target).await
}

/// The target, or `None` where an embedded cloud is not there; what a dead one left is removed.
async fn target(context: &Context) -> Result<Option<Target>, Failure> {
    if context.settings.target == TargetKind::Local
        && let Presence::Died(record) = local::find(&context.state).await
    {
        context.printer.warn(&format!("{}; what was left of it is removed", local::died(&record)));
        local::sweep_dead(&context.state);
        return Ok(None);
    }
    Target::existing(&context.settings, &context.state, &context.printer).await
}

/// What was deleted, and the words for what is left.
pub fn report(context: &Context, takedown: &Takedown) {
    for reason in &takedown.blind {
        context.printer.warn(&format!("could not look for {reason}"));
    }
    for one in &takedown.unconfirmed {
        context.printer.warn(&format!(
            "{} is still listed by tag; the list lags behind, so look again in an hour",
            one.name
        ));
    }
    let left = match takedown.left.len() {
        0 => "left: nothing (looked for stacks, processes, ports, queues, buckets, log groups and tagged resources)".to_owned(),
        count => format!("left: {count}"),
    };
    context.printer.data(&format!("{}\n{left}", takedown.summary()));
    context.printer.json(takedown);
}

/// Stops an embedded cloud that holds no stack any more.
async fn stop_if_idle(context: &Context, target: &Target) -> Result<(), Failure> {
    if target.local_endpoint.is_none() || !inventory(target).await?.stacks.is_empty() {
        return Ok(());
    }
    let Presence::Serving(record) = local::find(&context.state).await else { return Ok(()) };
    if !local::stop(&context.state, &record).await {
        return Err(Failure::new(format!("left: the embedded cloud, process {}", record.pid))
            .hint(format!("its log is {}; end the process by hand", record.log.display())));
    }
    context.printer.step("Cloud", "stopped: no stack was left in it");
    Ok(())
}
