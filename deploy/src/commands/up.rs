//! `deploy up`

use serde::Serialize;
use stacks::{Blackboard, StackReport, inspect};

use super::status::{Report, settings_of};
use super::table::columns;
use crate::access::let_in_the_caller;
use crate::cli::UpArgs;
use crate::context::Context;
use crate::deployment::{Deployment, deploy, unavailable};
use crate::domain;
use crate::failure::Failure;
use crate::plan::{Plan, Standing, given};
use crate::printer::seconds;
use crate::seeding;
use crate::settings::TargetKind;
use crate::target::{Identity, Target};
use crate::work;

/// The data of `up --json`.
#[derive(Serialize)]
struct Up<'a> {
    target: &'a str,
    prefix: &'a str,
    variants: Vec<Report>,
    stacks: &'a [StackReport],
}

pub async fn run(context: &Context, args: UpArgs) -> Result<(), Failure> {
    // What can be refused is refused before anything is started.
    let variants = context.select(&args.select.selection)?;
    let mut given = given(&context.settings, &context.catalog, &variants, &args.set)?;
    let_in_the_caller(context, &mut given).await?;
    domain::complete(context, &mut given)?;
    Plan::new(&context.catalog, &context.settings, variants.clone(), &given, Standing::default())?;
    let _lock = context.lock("up").await?;
    let (target, identity) = target(context).await?;
    context.printer.step("Target", &format!("{}   prefix {}", target.describe(), context.settings.prefix));
    let deployed = inspect::stacks(&target.cloudformation, &context.settings.prefix.stem()).await?;
    domain::settle(context, &target, &mut given).await?;
    let plan = Plan::new(&context.catalog, &context.settings, variants, &given, target.standing(&deployed))?;
    if let Some(identity) = &identity {
        context.confirm(&target, &facts(context, &target, identity, &plan)).await?;
    }
    let deployment = deploy(context, &target, &plan, Blackboard::default()).await?;
    for stack in &deployed {
        if let Some(report) =
            deployment.stacks.iter().find(|report| report.stack == stack.name && report.outcome.is_success())
        {
            domain::forget(context, &target, &stack.name, &stack.parameters, &report.parameters).await;
        }
    }
    let seeded = seeding::ensure(context, &target, &plan, &deployment).await;
    print(context, &plan, &deployment);
    deployment.conclude(context, &plan).and(seeded)
}

async fn target(context: &Context) -> Result<(Target, Option<Identity>), Failure> {
    if context.settings.target == TargetKind::Aws {
        let (target, identity) = Target::aws(&context.settings).await?;
        return Ok((target, Some(identity)));
    }
    Ok((Target::ensured(&context.settings, &context.state, &context.printer).await?, None))
}

/// What the user should know before money is spent.
pub fn facts(context: &Context, target: &Target, identity: &Identity, plan: &Plan<'_>) -> String {
    let account = &identity.account;
    let hidden = match (account.get(..4), account.get(account.len().saturating_sub(4)..)) {
        (Some(first), Some(last)) if account.len() > 8 => format!("{first}…{last}"),
        _ => account.clone(),
    };
    let role = identity.arn.splitn(6, ':').nth(5).unwrap_or(&identity.arn);
    format!(
        "Account {hidden}   region {}   as {role}   prefix {}\n{} variants: {} stacks, {} resources",
        target.region,
        context.settings.prefix,
        plan.variants.len(),
        plan.stacks(),
        plan.resources(),
    )
}

fn print(context: &Context, plan: &Plan<'_>, deployment: &Deployment) {
    let mut variants = Vec::new();
    for variant in &plan.variants {
        let stack = context.settings.stack_name(&variant.id);
        let Some(report) = deployment.stacks.iter().find(|report| report.stack == stack) else { continue };
        let path = work::path(&variant.workload).unwrap_or_default();
        variants.push((
            Report {
                variant: Some(variant.id.clone()),
                stack,
                region: None,
                state: unavailable(variant, &report.outcome).unwrap_or_else(|| state(report)),
                url: report.outputs.get("Url").map(|url| format!("{url}{path}")),
                settings: settings_of(variant, &report.parameters),
                drifted: Some(false),
            },
            report.elapsed_ms,
        ));
    }
    let rows = variants.iter().map(|(report, elapsed)| {
        [
            report.variant.clone().unwrap_or_default(),
            report.state.clone(),
            seconds(*elapsed),
            report.url.clone().unwrap_or_else(|| "–".to_owned()),
        ]
    });
    if !context.printer.rows_are_in_sight() {
        context.printer.data(&columns(["variant", "result", "time", "url"], rows));
    }
    context.printer.json(&Up {
        target: context.settings.target.name(),
        prefix: context.settings.prefix.as_str(),
        variants: variants.into_iter().map(|(report, _)| report).collect(),
        stacks: &deployment.stacks,
    });
}

fn state(report: &StackReport) -> String {
    use stacks::Outcome::{Absent, Created, Deleted, Failed, Interrupted, Skipped, Unchanged, Updated};
    match &report.outcome {
        Created => "created",
        Updated => "updated",
        Unchanged => "unchanged",
        Deleted => "deleted",
        Absent => "absent",
        Failed(_) => "failed",
        Skipped { .. } => "skipped",
        Interrupted => "interrupted",
    }
    .to_owned()
}
