//! `deploy check`

use std::collections::BTreeMap;

use catalog::Variant;
use stacks::DeployedStack;
use workload::Workload;

use super::status::{absence, deployed, region};
use crate::context::Context;
use crate::failure::Failure;
use crate::plan::{KIND_TAG, STACK_TAG};
use crate::target::Target;
use crate::work::{self, Outputs, Subject, Surroundings, Verdict};

pub async fn run(context: &Context, selection: &[String]) -> Result<(), Failure> {
    let selected = context.select(selection)?;
    let nothing = || {
        Failure::new(format!("nothing to check is deployed under the prefix {}", context.settings.prefix))
            .hint("`deploy up` deploys it")
    };
    let Some(target) = Target::existing(&context.settings, &context.state, &context.printer).await? else {
        return Err(nothing());
    };
    let _lock = context.lock("check").await?;
    let stacks = deployed(context, &target).await?;
    let outputs = foundation_outputs(&stacks);
    let subjects = standing(context, &selected, selection, &stacks)?;
    if subjects.is_empty() {
        return Err(nothing());
    }
    let verdicts = check_all(context, &target, &subjects, &outputs).await?;
    context.printer.json(&verdicts);
    for verdict in &verdicts {
        context.printer.data(&text(verdict));
    }
    conclude(&verdicts)
}

/// The selected variants that stand, by workload. Who names a variant wants it to stand; who names none wants what stands.
pub fn standing<'v>(
    context: &Context,
    selected: &[&'v Variant],
    selection: &[String],
    stacks: &[DeployedStack],
) -> Result<BTreeMap<&'v str, Vec<Subject>>, Failure> {
    let mut subjects: BTreeMap<&str, Vec<Subject>> = BTreeMap::new();
    for variant in selected {
        let stack = stacks.iter().find(|stack| stack.tags.get(STACK_TAG) == Some(&variant.id));
        match stack.and_then(|stack| Subject::new(variant, &stack.outputs, &stack.parameters)) {
            Some(subject) => subjects.entry(&variant.workload).or_default().push(subject),
            None if let Some(reason) = stack.and_then(|stack| absence(variant, &stack.status)) => {
                context.printer.warn(&format!("{} is skipped: it {reason}", variant.id));
            }
            None if selection.contains(&variant.id) => {
                return Err(Failure::new(format!("{} is not up", variant.id))
                    .hint(format!("`deploy up {}` deploys it", variant.id)));
            }
            None => {}
        }
    }
    Ok(subjects)
}

/// The outputs of all foundation stacks.
pub fn foundation_outputs(stacks: &[DeployedStack]) -> Outputs {
    let mut outputs = Outputs::default();
    let foundation =
        stacks.iter().filter(|stack| stack.tags.get(KIND_TAG).is_some_and(|kind| kind == "foundation"));
    for stack in foundation {
        let there = match region(stack) {
            Some(region) => outputs.elsewhere.entry(region.to_owned()).or_default(),
            None => &mut outputs.home,
        };
        there.extend(stack.outputs.clone());
    }
    outputs
}

/// Checks each workload's subjects.
pub async fn check_all(
    context: &Context,
    target: &Target,
    subjects: &BTreeMap<&str, Vec<Subject>>,
    outputs: &Outputs,
) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Vec::new();
    for (name, subjects) in subjects {
        let workload: Workload = name.parse().map_err(|error: workload::UnknownWorkload| {
            Failure::new(format!("it cannot be checked: {error}"))
        })?;
        let busy = context.printer.busy("Check", &format!("{name} …"));
        let surroundings = Surroundings { target, outputs };
        let verdict = tokio::select! {
            verdict = work::check(workload, subjects, &surroundings) => verdict,
            () = context.cancel.cancelled() => Err(Failure::interrupted("interrupted while checking")),
        };
        busy.finish();
        let verdict = verdict?;
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

/// The line of a verdict, and one of each difference.
pub fn text(verdict: &Verdict) -> String {
    let lines = verdict.differences.iter().map(|difference| format!("  {difference}"));
    std::iter::once(verdict.to_string()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// Differences are a failure.
pub fn conclude(verdicts: &[Verdict]) -> Result<(), Failure> {
    let unequal: Vec<&str> = verdicts
        .iter()
        .filter(|verdict| !verdict.is_equal())
        .map(|verdict| verdict.workload.as_str())
        .collect();
    if unequal.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("the variants of {} do not do the same work", unequal.join(", ")))
        .hint("each line above names a variant, the input, what was expected and what came"))
}
