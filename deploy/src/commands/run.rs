//! `deploy run`

mod measurement;

use std::collections::BTreeMap;
use std::path::Path;

use report::{Comparison, Origin, Reason};
use serde::Serialize;
use stacks::{Blackboard, inspect};
use tokio_util::sync::CancellationToken;

use self::measurement::{Measurement, measure};
use super::check::{check_all, conclude, text};
use super::up::facts;
use crate::access::let_in_the_caller;
use crate::cli::RunArgs;
use crate::context::Context;
use crate::deployment::deploy;
use crate::failure::Failure;
use crate::local::Embedded;
use crate::plan::{Given, Plan, given};
use crate::seeding;
use crate::settings::TargetKind;
use crate::takedown::{doomed, take_down};
use crate::target::Target;
use crate::work::{Subject, Surroundings, Verdict};

/// What `--out` writes and `--json` prints.
#[derive(Serialize)]
struct Results {
    target: &'static str,
    region: String,
    prefix: String,
    version: &'static str,
    /// Variants that the account may not have, with the reason.
    unavailable: BTreeMap<String, String>,
    check: Vec<Verdict>,
    measurement: Measurement,
    comparison: Comparison,
}

pub async fn run(context: &Context, args: RunArgs) -> Result<(), Failure> {
    let variants = context.select(&args.up.select.selection)?;
    let mut given = given(&context.settings, &context.catalog, &variants, &args.up.set)?;
    let_in_the_caller(context, &mut given).await?;
    Plan::new(&context.catalog, &context.settings, variants.clone(), &given, &[])?;
    if let Some(out) = &args.out {
        check_place(out)?;
    }
    let seed = args.seed.unwrap_or_else(random_seed);
    let baked = if context.settings.target == TargetKind::Local {
        in_process(context, variants, &given, seed).await?
    } else {
        remote(context, variants, &given, seed).await?
    };
    context.printer.data(&baked.comparison.text(origin(context)));
    context.printer.json(&baked);
    if let Some(out) = &args.out {
        write(out, &baked)?;
        context.printer.step("Report", &out.display().to_string());
    }
    conclude(&baked.check)
}

/// A seed that a later run can be given.
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // The standard library's hashers begin with random keys; three digits are easy to type again.
    std::collections::hash_map::RandomState::new().build_hasher().finish() % 1000
}

fn origin(context: &Context) -> Origin {
    match context.settings.target {
        TargetKind::Local => Origin::EmbeddedCloud,
        TargetKind::Aws => Origin::Endpoint,
    }
}

/// On a cloud of this process, which ends with it.
async fn in_process(
    context: &Context,
    variants: Vec<&catalog::Variant>,
    given: &Given,
    seed: u64,
) -> Result<Results, Failure> {
    let region = context.settings.region.as_ref().map(crate::settings::Region::as_str);
    let cloud = Embedded::start(&context.state, 0, crate::local::regions(region)).await?;
    let target = Target::local(cloud.endpoint(), region);
    let baked = bake(context, &target, variants, given, seed).await;
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
async fn remote(
    context: &Context,
    variants: Vec<&catalog::Variant>,
    given: &Given,
    seed: u64,
) -> Result<Results, Failure> {
    let (target, identity) = Target::aws(&context.settings).await?;
    let _lock = context.lock("run").await?;
    let plan = Plan::new(&context.catalog, &context.settings, variants.clone(), given, &[])?;
    context.confirm(&target, &facts(context, &target, &identity, &plan)).await?;
    bake(context, &target, variants, given, seed).await
}

/// Up, check, measure; then down, whatever came before.
async fn bake(
    context: &Context,
    target: &Target,
    variants: Vec<&catalog::Variant>,
    given: &Given,
    seed: u64,
) -> Result<Results, Failure> {
    context.printer.step("Target", &format!("{}   prefix {}", target.describe(), context.settings.prefix));
    let results = compare(context, target, variants, given, seed).await;
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

async fn compare(
    context: &Context,
    target: &Target,
    variants: Vec<&catalog::Variant>,
    given: &Given,
    seed: u64,
) -> Result<Results, Failure> {
    let deployed = inspect::stacks(&target.cloudformation, &context.settings.prefix.stem()).await?;
    let plan = Plan::new(&context.catalog, &context.settings, variants, given, &deployed)?;
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
    let unequal = check.iter().filter(|verdict| !verdict.is_equal());
    let reasons = unequal
        .map(|verdict| Reason::new(&verdict.workload, "the variants do not do the same work"))
        .collect();
    let measurement = Measurement::new(target, seed);
    let samples =
        measure(context, &measurement, &subjects, &Surroundings { target, outputs: &outputs }).await?;
    Ok(Results {
        target: context.settings.target.name(),
        region: target.region.clone(),
        prefix: context.settings.prefix.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        unavailable: deployment
            .unavailable(context, &plan)
            .into_iter()
            .map(|(variant, reason)| (variant.to_owned(), reason))
            .collect(),
        check,
        measurement,
        comparison: Comparison::new(&samples, reasons),
    })
}

/// Refuses a place that cannot be written to before anything is deployed.
fn check_place(out: &Path) -> Result<(), Failure> {
    let directory = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if out.is_dir() {
        return Err(Failure::new(format!("--out {} is a directory", out.display())).hint("name a file"));
    }
    let probe = directory.join(format!(".deploy-{}", std::process::id()));
    std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(|error| {
        Failure::new(format!("--out {} cannot be written: {error}", out.display()))
            .hint("name a file in a directory that can be written")
    })
}

fn write(out: &Path, results: &Results) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(results)
        .map_err(|error| Failure::unexpected(format!("the results cannot be written: {error}")))?;
    std::fs::write(out, text + "\n")
        .map_err(|error| Failure::new(format!("the results cannot be written to {}: {error}", out.display())))
}
