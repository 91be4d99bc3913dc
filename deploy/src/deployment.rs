//! Applies a plan: stacks and artifacts side by side, drawn while they go on.

use std::collections::BTreeMap;

use catalog::Variant;
use futures::StreamExt;
use serde::Serialize;
use stacks::{ApplyOptions, Blackboard, Outcome, StackReport};

use crate::context::Context;
use crate::emptying::Emptying;
use crate::failure::{Exit, Failure};
use crate::groundwork;
use crate::plan::{Plan, Purpose, Wanted};
use crate::printer::{StackRow, count, seconds};
use crate::shipping;
use crate::target::Target;
use crate::work::{self, Outputs, Subject};

/// What became of a plan.
#[derive(Debug, Serialize)]
pub struct Deployment {
    /// Those in other regions first.
    pub stacks: Vec<StackReport>,
    /// What foundation stacks in other regions put out, by region.
    #[serde(skip)]
    elsewhere: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(skip)]
    built: Result<(), Failure>,
}

impl Deployment {
    /// The outputs of the foundation stacks that stand.
    pub fn foundation_outputs(&self, plan: &Plan<'_>) -> Outputs {
        let names: Vec<&str> = plan
            .specs
            .iter()
            .filter(|spec| !spec.outputs.is_empty())
            .map(|spec| spec.name.as_str())
            .collect();
        let foundation = self.stacks.iter().filter(|report| names.contains(&report.stack.as_str()));
        let home = foundation.flat_map(|report| report.outputs.clone()).collect();
        Outputs { home, elsewhere: self.elsewhere.clone() }
    }

    /// The variants of a workload that stand, to be asked.
    pub fn subjects(&self, context: &Context, plan: &Plan<'_>, workload: &str) -> Vec<Subject> {
        let variants = plan.variants.iter().filter(|variant| variant.workload == workload);
        variants
            .filter_map(|variant| {
                let stack = context.settings.stack_name(&variant.id);
                let report = self.stacks.iter().find(|report| report.stack == stack)?;
                Subject::new(variant, &report.outputs, &report.parameters)
                    .filter(|_| report.outcome.is_success())
            })
            .collect()
    }

    /// The variants that the account may not have, each with the reason.
    pub fn unavailable<'v>(&self, context: &Context, plan: &Plan<'v>) -> Vec<(&'v str, String)> {
        let of = |variant: &'v Variant| {
            let stack = context.settings.stack_name(&variant.id);
            let report = self.stacks.iter().find(|report| report.stack == stack)?;
            Some((variant.id.as_str(), unavailable(variant, &report.outcome)?))
        };
        plan.variants.iter().copied().filter_map(of).collect()
    }

    /// A sentence for each variant that has settings which CloudFormation did not take, since no resource changes by them
    /// as long as the other settings are as they are: the lifetime of a cache that is off.
    pub fn idle_settings(&self, context: &Context, plan: &Plan<'_>) -> Vec<String> {
        let of = |variant: &&Variant| {
            let stack = context.settings.stack_name(&variant.id);
            let spec = plan.specs.iter().find(|spec| spec.name == stack)?;
            let report = self.stacks.iter().find(|report| report.stack == stack)?;
            let lost = |name: &String, value: &String| report.parameters.get(name) != Some(value);
            let lost = spec.parameters.iter().filter(|(name, value)| lost(name, value));
            let lost: Vec<String> =
                lost.map(|(name, value)| format!("{} {value}", variant.flag(name).unwrap_or(name))).collect();
            let lost = if report.outcome == Outcome::Unchanged { lost } else { Vec::new() };
            (!lost.is_empty()).then(|| {
                format!(
                    "{} changes nothing of {} as long as its other settings are as they are, and is not kept",
                    lost.join(" and "),
                    variant.id
                )
            })
        };
        plan.variants.iter().filter_map(of).collect()
    }

    /// Reports each failure; the result is the command's. A variant that the account may not have is none.
    pub fn conclude(&self, context: &Context, plan: &Plan<'_>) -> Result<(), Failure> {
        let interrupted = self.stacks.iter().any(|report| report.outcome == Outcome::Interrupted);
        let failed: Vec<&StackReport> = self
            .stacks
            .iter()
            .filter(|report| matches!(report.outcome, Outcome::Failed(_) | Outcome::Skipped { .. }))
            .collect();
        let unavailable = self.unavailable(context, plan);
        for (variant, reason) in &unavailable {
            context.printer.warn(&format!("{variant} is {reason}; the others go on without it"));
        }
        let closed = |report: &StackReport| {
            unavailable.iter().any(|(variant, _)| report.stack == context.settings.stack_name(variant))
        };
        let failed: Vec<&StackReport> = failed.into_iter().filter(|report| !closed(report)).collect();
        if plan.purpose == Purpose::Up {
            self.idle_settings(context, plan).iter().for_each(|words| context.printer.warn(words));
        }
        for report in &failed {
            context.printer.stack_failed(&explain(context, plan, report));
        }
        if interrupted || context.cancel.is_cancelled() {
            return Err(Failure::interrupted("interrupted; what was begun goes on by itself")
                .hint("`deploy up` goes on where this stopped, `deploy down` takes everything down"));
        }
        if let Err(failure) = &self.built {
            return Err(Failure {
                exit: Exit::Fixable,
                message: failure.message.clone(),
                hint: failure.hint.clone(),
            });
        }
        if failed.is_empty() {
            return Ok(());
        }
        let variants = plan.variants.len();
        let up = plan
            .variants
            .iter()
            .filter(|variant| {
                let stack = context.settings.stack_name(&variant.id);
                !failed.iter().any(|report| report.stack == stack)
                    && !unavailable.iter().any(|(id, _)| *id == variant.id)
            })
            .count();
        Err(Failure::new(format!(
            "{} of {} stacks failed; {up} of {variants} variants are up and usable",
            failed.len(),
            self.stacks.len()
        ))
        .hint("`deploy up` tries again what failed and leaves the rest as it is"))
    }
}

/// Why a variant does not stand, where that is because the account may not have what it needs. The error which such an
/// account gets is not documented for every service, so any failure to make one of the resources counts.
pub fn unavailable(variant: &Variant, outcome: &Outcome) -> Option<String> {
    let (optional, Outcome::Failed(failure)) = (variant.optional.as_ref()?, outcome) else { return None };
    let cause = failure.cause.as_ref()?;
    let counts = cause.status == "CREATE_FAILED" && optional.resources.contains(&cause.logical_id);
    counts.then(|| {
        format!(
            "not available to this account: {} ({} {}: {})",
            optional.reason, cause.logical_id, cause.status, cause.reason
        )
    })
}

/// Applies the plan's stacks while its artifacts are built and uploaded, once their groundwork is laid.
pub async fn deploy(
    context: &Context,
    target: &Target,
    plan: &Plan<'_>,
    board: Blackboard,
) -> Result<Deployment, Failure> {
    let groundwork = groundwork::lay(context, target, plan, &board).await?;
    let wanted: Vec<Wanted> =
        plan.wanted.iter().filter(|wanted| board.peek(&wanted.name).is_none()).cloned().collect();
    let shipments = shipping::promise(&board, &wanted);
    let options = ApplyOptions {
        blackboard: board.clone(),
        hooks: Emptying::shared(target),
        cancel: context.cancel.clone(),
        ..ApplyOptions::new(target.pacing)
    };
    let foundation = plan.specs.len() - plan.variants.len();
    let variants = count(plan.variants.len(), "variant");
    let (verb, summary) = match plan.purpose {
        Purpose::Up if plan.variants.is_empty() => ("up", count(foundation, "foundation stack")),
        Purpose::Up => ("up", format!("{variants}, {}", count(foundation, "foundation stack"))),
        Purpose::Redeploy => ("redeploy", variants),
    };
    context.printer.begin(verb, &summary, &rows(context, plan));
    let (apply, mut events) = stacks::apply(target.cloudformation.clone(), plan.specs.clone(), options);
    let draw = async {
        while let Some(event) = events.next().await {
            context.printer.event(&event);
        }
    };
    // An interrupted build must not keep a program waiting for its compiler.
    let ship = async {
        tokio::select! {
            done = shipping::ship(&context.printer, target, &board, shipments) => done,
            () = context.cancel.cancelled() => Ok(()),
        }
    };
    let (reports, built, ()) = tokio::join!(apply, ship, draw);
    context.printer.end();
    let mut stacks = groundwork.stacks;
    stacks.extend(reports?);
    Ok(Deployment { stacks, elsewhere: groundwork.elsewhere, built })
}

fn rows(context: &Context, plan: &Plan<'_>) -> Vec<StackRow> {
    let foundation = plan.foundation.iter().map(|template| StackRow {
        stack: context.settings.stack_name(template.name()),
        label: template.name().to_owned(),
        settings: Vec::new(),
        path: None,
    });
    let variants = plan.variants.iter().map(|variant| StackRow {
        stack: context.settings.stack_name(&variant.id),
        label: variant.id.clone(),
        settings: settings(variant),
        path: work::path(&variant.workload).map(str::to_owned),
    });
    let known: Vec<&str> = plan.specs.iter().map(|spec| spec.name.as_str()).collect();
    foundation.chain(variants).filter(|row| known.contains(&row.stack.as_str())).collect()
}

/// The lines that tell why a stack does not stand.
fn explain(context: &Context, plan: &Plan<'_>, report: &StackReport) -> Vec<String> {
    let stem = report.stack.strip_prefix(&context.settings.prefix.stem()).unwrap_or(&report.stack);
    let variant = plan.variants.iter().find(|variant| variant.id == stem);
    let template = plan
        .foundation
        .iter()
        .copied()
        .chain(variant.map(|variant| &variant.template))
        .find(|template| template.name() == stem);
    let mut lines = Vec::new();
    match &report.outcome {
        Outcome::Failed(failure) => {
            let status = failure.status.as_deref().unwrap_or("refused");
            lines.push(format!("{stem}  {status} after {}", seconds(report.elapsed_ms)));
            match &failure.cause {
                Some(cause) => {
                    lines.push(format!("{}  {}  {}", cause.logical_id, cause.status, cause.reason));
                }
                None => lines.push(failure.message.clone()),
            }
            if let Some(template) = template {
                let again = match failure.status.as_deref() {
                    Some("UPDATE_ROLLBACK_COMPLETE") => " (the stack stands as it was before)",
                    Some(_) => " (the failed stack is replaced)",
                    None => "",
                };
                lines.push(
                    format!(
                        "hint: see to it in {}, then `deploy up {}`{again}",
                        template.file(),
                        variant.map_or("", |variant| variant.id.as_str())
                    )
                    .replace(" `deploy up `", " `deploy up`"),
                );
            }
        }
        Outcome::Skipped { cause } => {
            lines.push(format!("{stem}  skipped"));
            lines.push(cause.clone());
        }
        _ => {}
    }
    lines
}

/// Flag, parameter and default of each setting.
fn settings(variant: &Variant) -> Vec<(String, String, String)> {
    let each = variant.tunables.iter().map(|(flag, parameter)| {
        let default =
            variant.template.parameters().get(parameter).and_then(|parameter| parameter.default.clone());
        (flag.clone(), parameter.clone(), default.unwrap_or_default())
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use catalog::{Catalog, Optional};
    use stacks::{Cause, Failure};

    use super::*;

    fn failed(logical_id: &str, status: &str) -> Outcome {
        Outcome::Failed(Failure {
            status: Some("ROLLBACK_COMPLETE".to_owned()),
            message: "it failed".to_owned(),
            cause: Some(Cause {
                logical_id: logical_id.to_owned(),
                resource_type: "AWS::AppRunner::Service".to_owned(),
                physical_id: None,
                status: status.to_owned(),
                reason: "access denied".to_owned(),
                at: "2026-11-20T12:00:00Z".to_owned(),
            }),
        })
    }

    #[test]
    fn only_what_an_account_may_lack_is_no_failure() {
        let catalog = Catalog::builtin().unwrap();
        let plain = catalog.variants().next().unwrap().clone();
        let optional = Optional { resources: vec!["Service".to_owned()], reason: "it is closed".to_owned() };
        let variant = Variant { optional: Some(optional), ..plain.clone() };
        assert_eq!(
            unavailable(&variant, &failed("Service", "CREATE_FAILED")).as_deref(),
            Some("not available to this account: it is closed (Service CREATE_FAILED: access denied)")
        );
        assert_eq!(unavailable(&variant, &failed("Role", "CREATE_FAILED")), None);
        assert_eq!(unavailable(&variant, &failed("Service", "UPDATE_FAILED")), None);
        assert_eq!(unavailable(&variant, &Outcome::Created), None);
        assert_eq!(unavailable(&plain, &failed("Service", "CREATE_FAILED")), None);
    }
}
