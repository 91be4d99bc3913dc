//! Foundation stacks in other regions than the variants that use them: they stand, and hold what they should, before a
//! variant turns to them.

use std::collections::BTreeMap;

use futures::StreamExt;
use stacks::{ApplyOptions, Blackboard, StackReport, StackSpec, inspect};

use crate::commands::check::foundation_outputs;
use crate::commands::status::deployed;
use crate::context::Context;
use crate::emptying::Emptying;
use crate::failure::Failure;
use crate::plan::{HOME_TAG, Plan, STACK_TAG, output_in};
use crate::printer::{StackRow, count};
use crate::seeding;
use crate::target::Target;

/// What became of it.
#[derive(Debug, Default)]
pub struct Groundwork {
    pub stacks: Vec<StackReport>,
    /// The outputs of the stacks that stand, by region.
    pub elsewhere: BTreeMap<String, BTreeMap<String, String>>,
}

/// Brings up the plan's groundwork, fills its tables, and puts its outputs on the board, under names that tell the region. What
/// fails is told to those who wait for it.
pub async fn lay(
    context: &Context,
    target: &Target,
    plan: &Plan<'_>,
    board: &Blackboard,
) -> Result<Groundwork, Failure> {
    let mut laid = Groundwork::default();
    for region in plan.groundwork.keys() {
        target.has(region)?;
    }
    for (region, planned) in &plan.groundwork {
        let place = target.at(region);
        let specs: Vec<StackSpec> = planned.iter().map(|(_, spec)| spec.clone()).collect();
        for spec in &specs {
            refuse_others(&place, spec).await?;
        }
        context.remember(target, region)?;
        let reports = apply(context, &place, specs.clone()).await?;
        let outputs: BTreeMap<String, String> =
            reports.iter().flat_map(|report| report.outputs.clone()).collect();
        let stand = reports.iter().all(|report| report.outcome.is_success());
        for name in specs.iter().flat_map(|spec| &spec.outputs) {
            match outputs.get(name).filter(|_| stand) {
                Some(value) => board.put(&output_in(name, region), value),
                None => board.fail(&output_in(name, region), "its stack does not stand"),
            }
        }
        laid.stacks.extend(reports);
        if stand {
            let standing = foundation_outputs(&deployed(context, target).await?);
            let like = seeding::pattern(target, &standing).await?;
            seeding::fill_empty(context, &place, &plan.variants, &outputs, like).await?;
            laid.elsewhere.insert(region.clone(), outputs);
        }
    }
    Ok(laid)
}

/// A stack that variants of another region made is not theirs to share: it would go with theirs.
async fn refuse_others(place: &Target, spec: &StackSpec) -> Result<(), Failure> {
    let Some(stack) = inspect::stack(&place.cloudformation, &spec.name).await? else { return Ok(()) };
    match (stack.tags.get(HOME_TAG), spec.tags.get(HOME_TAG)) {
        (Some(theirs), Some(ours)) if theirs != ours => Err(Failure::new(format!(
            "the stack {} in {} belongs to variants in {theirs}, not to those in {ours}",
            spec.name, place.region
        ))
        .hint("choose another --prefix")),
        _ => Ok(()),
    }
}

async fn apply(
    context: &Context,
    place: &Target,
    specs: Vec<StackSpec>,
) -> Result<Vec<StackReport>, Failure> {
    let rows: Vec<StackRow> = specs
        .iter()
        .map(|spec| StackRow {
            stack: spec.name.clone(),
            label: spec.tags.get(STACK_TAG).cloned().unwrap_or_default(),
            settings: Vec::new(),
            path: None,
        })
        .collect();
    let summary = format!("{} in {}", count(specs.len(), "foundation stack"), place.region);
    context.printer.begin("up", &summary, &rows);
    let options = ApplyOptions {
        hooks: Emptying::shared(place),
        cancel: context.cancel.clone(),
        ..ApplyOptions::new(place.pacing)
    };
    let (apply, mut events) = stacks::apply(place.cloudformation.clone(), specs, options);
    let draw = async {
        while let Some(event) = events.next().await {
            context.printer.event(&event);
        }
    };
    let (reports, ()) = tokio::join!(apply, draw);
    context.printer.end();
    Ok(reports?)
}
