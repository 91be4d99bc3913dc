//! `deploy run`

use std::collections::BTreeMap;
use std::path::PathBuf;

use report::Comparison;
use serde::Serialize;
use stacks::{Blackboard, inspect};
use tokio_util::sync::CancellationToken;
use workload::Workload;

use super::bench::{command_lines, origin, random_seed};
use super::check::{check_all, conclude, text};
use super::up::facts;
use crate::access::let_in_the_caller;
use crate::billing;
use crate::cli::RunArgs;
use crate::context::Context;
use crate::deployment::deploy;
use crate::domain;
use crate::failure::Failure;
use crate::load_plan::LoadPlan;
use crate::local::{Embedded, Geography};
use crate::measurement::{Recording, check_place, groups, measure};
use crate::plan::{Given, Plan, Standing, given};
use crate::seeding;
use crate::settings::TargetKind;
use crate::takedown::{doomed, take_down};
use crate::target::Target;
use crate::work::{Subject, Surroundings, Verdict};

/// What `--json` prints.
#[derive(Serialize)]
struct Results<'r> {
    target: &'static str,
    region: Option<&'r str>,
    /// What a call to another region of the embedded cloud takes longer.
    distance_ms: u16,
    prefix: String,
    version: &'static str,
    /// Variants that the account may not have, with the reason.
    unavailable: &'r BTreeMap<String, String>,
    check: &'r [Verdict],
    measurement: &'r report::Plan,
    comparison: Comparison,
}

/// What is wanted.
struct Wish<'w> {
    variants: Vec<&'w catalog::Variant>,
    given: Given,
    plan: LoadPlan,
    out: Option<PathBuf>,
}

/// What came of it.
struct Baked {
    recording: Recording,
    check: Vec<Verdict>,
}

pub async fn run(context: &Context, args: RunArgs) -> Result<(), Failure> {
    let variants = context.select(&args.up.select.selection)?;
    for variant in &variants {
        variant.workload.parse::<Workload>().map_err(|error| {
            Failure::new(format!(
                "{} serves the workload {}, which cannot be checked: {error}",
                variant.id, variant.workload
            ))
        })?;
    }
    let mut given = given(&context.settings, &context.catalog, &variants, &args.up.set)?;
    let_in_the_caller(context, &mut given).await?;
    domain::complete(context, &mut given)?;
    Plan::new(&context.catalog, &context.settings, variants.clone(), &given, Standing::default())?;
    if let Some(out) = &args.out {
        check_place(out)?;
    }
    let mut plan = LoadPlan::quick()?;
    plan.load.seed = args.seed.unwrap_or_else(random_seed);
    let wish = Wish { variants, given, plan, out: args.out };
    let Baked { recording, check } = if context.settings.target == TargetKind::Local {
        Box::pin(in_process(context, &wish)).await?
    } else {
        Box::pin(remote(context, &wish)).await?
    };
    let results = &recording.results;
    let comparison = results.comparison();
    context.printer.data(&comparison.text(results.place.origin));
    context.printer.json(&Results {
        target: context.settings.target.name(),
        region: results.place.region.as_deref(),
        distance_ms: results.place.distance_ms,
        prefix: context.settings.prefix.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        unavailable: &results.unavailable,
        check: &check,
        measurement: &results.plan,
        comparison,
    });
    if let Some(file) = recording.saved()? {
        context.printer.step("Saved", &file.display().to_string());
    }
    if recording.is_cut_short() {
        return Err(Failure::interrupted("interrupted while measuring; what was made is taken down"));
    }
    conclude(&check)
}

/// On a cloud of this process, which ends with it.
async fn in_process(context: &Context, wish: &Wish<'_>) -> Result<Baked, Failure> {
    let region = context.settings.region.as_ref().map(crate::settings::Region::as_str);
    let geography = Geography::of(&context.settings);
    let cloud = Embedded::start(&context.state, 0, &geography).await?;
    let target = Target::local(cloud.endpoint(), cloud.authority_file(), region, &geography);
    let baked = Box::pin(bake(context, &target, wish)).await;
    let leftovers = cloud.stop().await;
    let results = baked?;
    let remaining = leftovers.remaining;
    if remaining.is_empty() {
        return Ok(results);
    }
    let processes: Vec<String> =
        remaining.processes.iter().map(|one| format!("{} ({})", one.pid, one.name)).collect();
    Err(Failure::new(format!("left: processes {}; ports {:?}", processes.join(", "), remaining.ports))
        .hint("end the processes by hand"))
}

/// On AWS or another endpoint.
async fn remote(context: &Context, wish: &Wish<'_>) -> Result<Baked, Failure> {
    let (target, identity) = Target::aws(&context.settings).await?;
    let _lock = context.lock("run").await?;
    let plan = Plan::new(
        &context.catalog,
        &context.settings,
        wish.variants.clone(),
        &wish.given,
        target.standing(&[]),
    )?;
    context.confirm(&target, &facts(context, &target, &identity, &plan)).await?;
    Box::pin(bake(context, &target, wish)).await
}

/// Up, check, measure; then down, whatever came before.
async fn bake(context: &Context, target: &Target, wish: &Wish<'_>) -> Result<Baked, Failure> {
    context.printer.step("Target", &format!("{}   prefix {}", target.describe(), context.settings.prefix));
    let results = compare(context, target, wish).await;
    if context.cancel.is_cancelled() {
        context.printer.step("Down", "interrupted: taking down what was made");
    }
    // The first Ctrl-C stops the measuring; what was made is taken down all the same. A second one ends the program.
    let deployed = super::status::deployed(context, target).await?;
    let takedown = take_down(context, target, &doomed(&deployed, None), &CancellationToken::new()).await?;
    context.printer.step("Down", &format!("{}, {} left", takedown.summary(), takedown.left.len()));
    let results = results?;
    takedown.conclude(context)?;
    Ok(results)
}

async fn compare(context: &Context, target: &Target, wish: &Wish<'_>) -> Result<Baked, Failure> {
    let deployed = inspect::stacks(&target.cloudformation, &context.settings.prefix.stem()).await?;
    let mut given = wish.given.clone();
    domain::settle(context, target, &mut given).await?;
    let plan = Plan::new(
        &context.catalog,
        &context.settings,
        wish.variants.clone(),
        &given,
        target.standing(&deployed),
    )?;
    let deployment = deploy(context, target, &plan, Blackboard::default()).await?;
    deployment.conclude(context, &plan)?;
    seeding::ensure(context, target, &plan, &deployment).await?;
    let mut subjects: BTreeMap<&str, Vec<Subject>> = BTreeMap::new();
    for workload in context.catalog.workloads() {
        let standing = deployment.subjects(context, &plan, workload);
        if !standing.is_empty() {
            subjects.insert(workload, standing);
        }
    }
    let outputs = deployment.foundation_outputs(&plan);
    let check = check_all(context, target, &subjects, &outputs).await?;
    for verdict in &check {
        let lines = text(verdict);
        lines.lines().for_each(|line| context.printer.step("Check", line));
    }
    let mut recording = Recording::begin(origin(context, target), &wish.plan, wish.out.clone());
    recording.results.repeat = command_lines();
    recording.results.unavailable = deployment
        .unavailable(context, &plan)
        .into_iter()
        .map(|(variant, reason)| (variant.to_owned(), reason))
        .collect();
    let surroundings = Surroundings { target, outputs: &outputs };
    let groups = groups(context, &wish.plan, &subjects, &surroundings).await?;
    recording.enter(&groups);
    for verdict in &check {
        recording.prove(verdict, &groups);
    }
    let load_plan = wish.plan.clone().trusting(&target.roots);
    measure(context, &load_plan, &groups, &mut recording).await?;
    billing::charge(context, target, &subjects, &mut recording).await;
    Ok(Baked { recording, check })
}
