//! `deploy bench`

mod address;
mod args;
mod causes;
mod plan;
mod probe;
mod repeat;

use std::path::PathBuf;

pub use self::args::BenchArgs;
pub use self::plan::random_seed;
use self::probe::probe;
pub use self::repeat::command_lines;
use super::check::{check_all, foundation_outputs, standing, text};
use super::status::deployed;
use crate::billing;
use crate::context::Context;
use crate::failure::Failure;
use crate::load_plan::LoadPlan;
use crate::measurement::{Group, RawFile, Recording, check_place, groups, measure};
use crate::settings::TargetKind;
use crate::target::Target;
use crate::work::Surroundings;

/// What addresses that somebody else deployed are called together.
const ADDRESSES: &str = "url";

pub async fn run(context: &Context, args: BenchArgs) -> Result<(), Failure> {
    let mut plan = plan::plan(&args.plan)?;
    plan.load.raw = args.raw.is_some();
    let file = place(context, &args)?;
    let mut recording = if args.url.is_empty() {
        variants(context, &args, &plan, file).await?
    } else {
        addresses(context, &args, &plan, file).await?
    };
    conclude(context, &mut recording)
}

/// Measures what was deployed by this program.
async fn variants(
    context: &Context,
    args: &BenchArgs,
    plan: &LoadPlan,
    file: PathBuf,
) -> Result<Recording, Failure> {
    let selected = context.select(&args.select.selection)?;
    let nothing = || {
        Failure::new(format!("nothing to measure is deployed under the prefix {}", context.settings.prefix))
            .hint("`deploy up` deploys it; --url NAME=URL measures what is not deployed by this program")
    };
    let target = Target::existing(&context.settings, &context.state, &context.printer).await?;
    let target = target.ok_or_else(nothing)?;
    let _lock = context.lock("bench").await?;
    let stacks = deployed(context, &target).await?;
    let outputs = foundation_outputs(&stacks);
    let subjects = standing(context, &selected, &args.select.selection, &stacks)?;
    if subjects.is_empty() {
        return Err(nothing());
    }
    context.printer.step("Target", &format!("{}   prefix {}", target.describe(), context.settings.prefix));
    let mut recording = Recording::begin(origin(context, &target), plan, Some(file));
    recording.results.repeat = command_lines();
    if !plan.causes.is_empty() {
        recording.raw = args.raw.as_deref().map(RawFile::create).transpose()?;
        let trusting = plan.clone().trusting(&target.roots);
        causes::measure(context, &target, (&trusting, args), &subjects, &mut recording).await?;
        recording.save(&context.printer);
        return Ok(recording);
    }
    let verdicts = check_all(context, &target, &subjects, &outputs).await?;
    let groups =
        groups(context, plan, &subjects, &Surroundings { target: &target, outputs: &outputs }).await?;
    for verdict in &verdicts {
        text(verdict).lines().for_each(|line| context.printer.step("Check", line));
        recording.prove(verdict, &groups);
    }
    let plan = plan.clone().trusting(&target.roots);
    let mut recording = gated(context, args, &plan, &groups, recording).await?;
    billing::charge(context, &target, &subjects, &mut recording).await;
    Ok(recording)
}

/// Measures what somebody else deployed. No template and no stack is needed for that.
async fn addresses(
    context: &Context,
    args: &BenchArgs,
    plan: &LoadPlan,
    file: PathBuf,
) -> Result<Recording, Failure> {
    let contestants = address::contestants(&args.url, &args.request, plan.mix.choice.unwrap_or_default())?;
    let group = Group { name: ADDRESSES.to_owned(), contestants };
    let place = report::Place {
        origin: report::Origin::Address,
        target: ADDRESSES.to_owned(),
        region: None,
        prefix: None,
        distance_ms: 0,
    };
    let mut recording = Recording::begin(place, plan, Some(file));
    recording.results.repeat = command_lines();
    let check = probe(&group, &plan.load, &args.request, &context.cancel).await?;
    for difference in &check.differences {
        context.printer.step("Check", difference);
    }
    if check.differences.is_empty() {
        context
            .printer
            .step("Check", &format!("{} equal", crate::printer::count(check.variants.len(), "address")));
    }
    recording.results.checks.push(check);
    gated(context, args, plan, &[group], recording).await
}

/// Measures, unless what is measured must be comparable and is not.
async fn gated(
    context: &Context,
    args: &BenchArgs,
    plan: &LoadPlan,
    groups: &[Group],
    mut recording: Recording,
) -> Result<Recording, Failure> {
    recording.enter(groups);
    let reasons = recording.results.reasons();
    for reason in &reasons {
        context.printer.warn(&format!("not comparable: {reason}"));
    }
    if args.strict && !reasons.is_empty() {
        return Err(Failure::new("nothing was measured, since it would not be comparable").hint(
            "each line above is a reason; without --strict it is measured, and the reasons stand beside it",
        ));
    }
    recording.raw = args.raw.as_deref().map(RawFile::create).transpose()?;
    measure(context, plan, groups, &mut recording).await?;
    Ok(recording)
}

/// Prints what was measured.
fn conclude(context: &Context, recording: &mut Recording) -> Result<(), Failure> {
    let results = &recording.results;
    let comparison = results.comparison();
    context.printer.data(&comparison.text(results.place.origin));
    context.printer.json(&comparison);
    let saved = recording.saved();
    if let Ok(Some(file)) = &saved {
        context.printer.step("Saved", &file.display().to_string());
    }
    if let Some(raw) = &recording.raw {
        context.printer.step("Saved", &raw.saved()?.display().to_string());
    }
    if recording.is_cut_short() {
        return Err(Failure::interrupted(
            "interrupted; the figures are those of what was measured until then",
        ));
    }
    saved.map(|_| ())
}

/// Where the variants of this command stand.
pub fn origin(context: &Context, target: &Target) -> report::Place {
    report::Place {
        origin: match context.settings.target {
            TargetKind::Local => report::Origin::EmbeddedCloud,
            TargetKind::Aws => report::Origin::Endpoint,
        },
        target: context.settings.target.name().to_owned(),
        region: Some(target.region.clone()),
        prefix: Some(context.settings.prefix.to_string()),
        distance_ms: target.distance.millis(),
    }
}

/// Where results are saved; without a wish in the state directory, so that a crash never loses them all.
fn place(context: &Context, args: &BenchArgs) -> Result<PathBuf, Failure> {
    if let Some(out) = &args.out {
        check_place(out)?;
        return Ok(out.clone());
    }
    context.state.prepare()?;
    Ok(context.state.results())
}
