//! Settings of a variant against each other: it is redeployed before each turn, and has its own settings again in the end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use catalog::Variant;
use tokio_util::sync::CancellationToken;

use super::args::BenchArgs;
use crate::access::{ALLOWED, let_in_the_caller};
use crate::commands::check::{check_all, text};
use crate::commands::redeploy::{Turn, Turned};
use crate::commands::status::{deployed, settings_of};
use crate::context::Context;
use crate::failure::Failure;
use crate::load_plan::{Cause, LoadPlan, side_in_words};
use crate::measurement::{Contestant, Group, Recording, Watch, groups, refused};
use crate::plan::{Given, Plan};
use crate::target::Target;
use crate::work::{Subject, Surroundings};

/// Values of a variant's tunables, by flag.
type Side = BTreeMap<String, String>;

/// A variant whose settings are turned.
struct Patient<'a> {
    context: &'a Context,
    target: &'a Target,
    plan: &'a LoadPlan,
    variant: &'a Variant,
    /// Its own values of all tunables that any cause turns.
    own: Side,
}

/// One side of a cause, to be measured.
struct Leg {
    side: Side,
    group: Group,
}

/// Measures every cause of the plan on every variant that has its tunables.
pub async fn measure(
    context: &Context,
    target: &Target,
    (plan, args): (&LoadPlan, &BenchArgs),
    subjects: &BTreeMap<&str, Vec<Subject>>,
    recording: &mut Recording,
) -> Result<(), Failure> {
    let chosen: Vec<&Cause> = plan
        .causes
        .iter()
        .filter(|cause| args.cause.is_empty() || args.cause.contains(&cause.name))
        .collect();
    if let Some(unknown) =
        args.cause.iter().find(|name| !plan.causes.iter().any(|cause| cause.name == **name))
    {
        let names: Vec<&str> = plan.causes.iter().map(|cause| cause.name.as_str()).collect();
        return Err(Failure::new(format!("--cause {unknown}: the plan has {}", names.join(", "))));
    }
    let mut measured = false;
    for subject in subjects.values().flatten() {
        let variant = context.catalog.variant(&subject.variant)?;
        let has = |cause: &&&Cause| cause.flags().all(|flag| variant.tunables.contains_key(flag));
        let causes: Vec<&Cause> = chosen.iter().filter(has).copied().collect();
        if causes.is_empty() {
            continue;
        }
        measured = true;
        let mut own = settings_of(variant, &subject.parameters);
        let turned = |flag: &String| chosen.iter().any(|cause| cause.flags().any(|one| one == flag));
        own.retain(|flag, value| {
            let addresses = variant.flag(ALLOWED) == Some(flag.as_str());
            turned(flag) || (addresses && !value.is_empty())
        });
        let patient = Patient { context, target, plan, variant, own };
        let outcome = patient.examine(&causes, recording).await;
        // Whatever came before, the variant gets back what it had.
        let restored = patient.turn(&Side::new()).await;
        outcome?;
        restored.map_err(|failure| {
            let words = format!("{} was not given its settings back: {}", variant.id, failure.message);
            Failure::new(words).hint("`deploy redeploy` sets them; `deploy status` shows them")
        })?;
    }
    if context.cancel.is_cancelled() {
        recording.cut_short(plan.load.trials);
    }
    if !measured {
        return Err(Failure::new(format!("no variant that stands has what the plan {} turns", plan.name))
            .hint("`deploy list` shows the tunables of each variant"));
    }
    Ok(())
}

impl Patient<'_> {
    async fn examine(&self, causes: &[&Cause], recording: &mut Recording) -> Result<(), Failure> {
        for cause in causes {
            if self.context.cancel.is_cancelled() {
                return Ok(());
            }
            let legs = self.prove(cause, recording).await?;
            self.measure(cause, &legs, recording).await?;
        }
        Ok(())
    }

    /// Redeploys the variant with its own settings and those of a side on top.
    async fn turn(&self, side: &Side) -> Result<Turned, Failure> {
        let Self { context, target, variant, .. } = *self;
        let mut values = self.own.clone();
        // A side that wants addresses wants the caller's.
        if let Some(addresses) = variant.flag(ALLOWED).filter(|_| !side.is_empty()) {
            values.remove(addresses);
        }
        values.extend(side.clone());
        let mut given: Given = [(variant.id.clone(), values)].into();
        let_in_the_caller(context, &mut given).await?;
        let stacks = deployed(context, target).await?;
        let name = context.settings.stack_name(&variant.id);
        let stack = stacks.iter().find(|stack| stack.name == name);
        let stack = stack.ok_or_else(|| Failure::new(format!("{} is not up any more", variant.id)))?;
        let plan =
            Plan::redeploy(&context.catalog, &context.settings, variant, &given, target.standing(&stacks))?;
        Turn { context, target, stacks: &stacks, stack, variant, given: &given }.make(plan, false).await
    }

    /// Proves each side's work before any time is taken.
    async fn prove(&self, cause: &Cause, recording: &mut Recording) -> Result<Vec<Leg>, Failure> {
        let name = format!("{} {}", self.variant.id, cause.name);
        let mut check = report::Check {
            workload: name.clone(),
            variants: Vec::new(),
            inputs: 0,
            differences: Vec::new(),
        };
        let mut legs = Vec::new();
        for side in &cause.sides {
            let turned = self.turn(side).await?;
            let subjects = [(self.variant.workload.as_str(), vec![turned.subject.clone()])].into();
            // Two causes may have a side in common, and each is measured for itself.
            let label = format!("{name} {}", side_in_words(side));
            for verdict in check_all(self.context, self.target, &subjects, &turned.outputs).await? {
                text(&verdict)
                    .lines()
                    .for_each(|line| self.context.printer.step("Check", &format!("{label}: {line}")));
                check.inputs = u64::try_from(verdict.inputs).unwrap_or(u64::MAX);
                check.differences.extend(verdict.differences.iter().map(|one| format!("{label}: {one}")));
            }
            check.variants.push(label);
            legs.push(Leg { side: side.clone(), group: self.group(&name, side, &turned).await? });
        }
        recording.results.checks.push(check);
        for leg in &legs {
            recording.enter(std::slice::from_ref(&leg.group));
        }
        Ok(legs)
    }

    /// The side as a contestant of its own.
    async fn group(&self, name: &str, side: &Side, turned: &Turned) -> Result<Group, Failure> {
        let subjects = [(self.variant.workload.as_str(), vec![turned.subject.clone()])].into();
        let surroundings = Surroundings { target: self.target, outputs: &turned.outputs };
        let groups = groups(self.context, self.plan, &subjects, &surroundings).await?;
        let contestants = groups.into_iter().flat_map(|group| group.contestants).map(|contestant| {
            let mut target = contestant.target;
            target.name = format!("{name} {}", side_in_words(side));
            Contestant { target, ..contestant }
        });
        Ok(Group { name: name.to_owned(), contestants: contestants.take(1).collect() })
    }

    /// In each round each side has its turn once, in random order.
    async fn measure(&self, cause: &Cause, legs: &[Leg], recording: &mut Recording) -> Result<(), Failure> {
        let Self { context, plan, .. } = *self;
        let load = &plan.load;
        context.printer.step(
            "Bench",
            &format!(
                "{} {}  plan {}: {}; seed {}",
                self.variant.id,
                cause.name,
                plan.name,
                plan.shape(),
                load.seed
            ),
        );
        let targets: Vec<load::Target> =
            legs.iter().flat_map(|leg| &leg.group.contestants).map(|one| one.target.clone()).collect();
        let watch = Watch::new(&context.printer, &targets, load);
        let mut told = vec![(0, 0); legs.len()];
        for (round, order) in (1..=load.rounds()).zip(load.order(legs.len())) {
            for index in order {
                let (leg, told) = (&legs[index], &mut told[index]);
                if !rest(cause, &context.cancel).await {
                    watch.finish();
                    return Ok(());
                }
                let turned = self.turn(&leg.side).await?;
                let target = &self.group(&leg.group.name, &leg.side, &turned).await?.contestants[0].target;
                let (before, kept) = (*told, Mutex::new((&mut *recording, &mut *told)));
                let observe = |progress: &load::Progress<'_>| {
                    let progress = load::Progress {
                        round,
                        rounds: load.rounds(),
                        warm_up: load.warm_up,
                        requests: before.0 + progress.requests,
                        failed: before.1 + progress.failed,
                        ..*progress
                    };
                    watch.tell(&progress);
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    *kept.1 = (progress.requests, progress.failed);
                    if let Some(tally) = progress.ended {
                        kept.0.trial(&progress, tally);
                        kept.0.save(&context.printer);
                    }
                };
                let once = load::Plan {
                    trials: 1,
                    warm_up: 0,
                    seed: load.seed.wrapping_add(round.into()),
                    ..load.clone()
                };
                let outcomes =
                    load::run(std::slice::from_ref(target), &once, context.cancel.clone(), &observe).await;
                for outcome in outcomes.map_err(|error| refused(&error))? {
                    recording.doubt(&outcome.name, outcome.doubts());
                }
            }
        }
        watch.finish();
        Ok(())
    }
}

/// Leaves the variant alone; false where the run was stopped.
async fn rest(cause: &Cause, cancel: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(cause.rest) => !cancel.is_cancelled(),
        () = cancel.cancelled() => false,
    }
}
