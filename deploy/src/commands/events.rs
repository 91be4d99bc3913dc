//! `deploy events`

use stacks::{ResourceEvent, inspect};

use super::status::{deployed, place, stem};
use crate::cli::EventsArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::plan::STACK_TAG;
use crate::target::Target;

pub async fn run(context: &Context, args: &EventsArgs) -> Result<(), Failure> {
    let selection = &args.select.selection;
    let selected = context.catalog.select(selection)?;
    let mut events: Vec<ResourceEvent> = Vec::new();
    if let Some(target) = Target::existing(&context.settings, &context.state, &context.printer).await? {
        for stack in deployed(context, &target).await? {
            let chosen = selected.iter().any(|variant| stack.tags.get(STACK_TAG) == Some(&variant.id));
            if selection.is_empty() || chosen {
                events.extend(
                    inspect::events(&place(&target, &stack).cloudformation, &stack.id, args.last).await?,
                );
            }
        }
    }
    // The sort keeps the order of events of one stack with the same time.
    events.sort_by(|a, b| a.at.cmp(&b.at));
    let lines: Vec<String> = events.iter().map(|event| line(context, event)).collect();
    if lines.is_empty() {
        context.printer.data("no events");
    } else {
        context.printer.data(&lines.join("\n"));
    }
    context.printer.json(&events);
    Ok(())
}

fn line(context: &Context, event: &ResourceEvent) -> String {
    let reason = event.reason.as_ref().map(|reason| format!("  {reason}")).unwrap_or_default();
    let kind = if event.of_stack { "" } else { &event.resource_type };
    let resource = if event.of_stack { "" } else { &event.logical_id };
    let words = [event.at.as_str(), stem(context, &event.stack), &event.status, resource, kind];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    format!("{}{reason}", words.join(" "))
}
