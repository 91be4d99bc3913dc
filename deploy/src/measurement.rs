//! Measures what stands at some addresses with a plan, and keeps what was measured.

mod machine;
mod raw;
mod recording;
mod setup;
mod trial;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use workload::Workload;

pub use self::raw::RawFile;
pub use self::recording::{Recording, check_place, replace};
pub use self::setup::setup;
pub use self::watch::Watch;
use crate::commands::redeploy::traffic_target;
use crate::context::Context;
use crate::failure::{Failure, chain};
use crate::load_plan::LoadPlan;
use crate::work::{self, Sample, Subject, Surroundings};

/// Those who are measured against each other.
#[derive(Debug)]
pub struct Group {
    /// What a report calls them together: a workload, and its request where each is measured by itself.
    pub name: String,
    pub contestants: Vec<Contestant>,
}

/// One of them; its target's name is what a report calls it.
#[derive(Debug)]
pub struct Contestant {
    pub setup: report::Setup,
    pub target: load::Target,
}

/// The variants of each workload, with the requests that stand for it.
pub async fn groups(
    context: &Context,
    plan: &LoadPlan,
    subjects: &BTreeMap<&str, Vec<Subject>>,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Group>, Failure> {
    let mut groups = Vec::new();
    for (name, subjects) in subjects {
        let workload: Workload =
            name.parse().map_err(|error: workload::UnknownWorkload| Failure::of(&error))?;
        let samples = work::samples(workload, surroundings, &plan.mix).await?;
        let subjects = work::admitted(subjects, surroundings).await?;
        if plan.apart && samples.len() > 1 {
            for sample in &samples {
                groups.push(group(context, name, &subjects, std::slice::from_ref(sample), true)?);
            }
        } else {
            groups.push(group(context, name, &subjects, &samples, false)?);
        }
    }
    for contestant in groups.iter_mut().flat_map(|group| &mut group.contestants) {
        contestant.target.choice = plan.mix.choice.unwrap_or_default();
    }
    Ok(groups)
}

/// `apart` names the one request that is measured.
fn group(
    context: &Context,
    workload: &str,
    subjects: &[Subject],
    samples: &[Sample],
    apart: bool,
) -> Result<Group, Failure> {
    let path = samples.first().filter(|_| apart).map(|sample| format!(" {}", sample.question.path));
    let path = path.unwrap_or_default();
    let contestants = subjects.iter().map(|subject| {
        let mut target = traffic_target(subject, samples.to_vec())?;
        target.name.push_str(&path);
        Ok(Contestant { setup: setup(&context.catalog, subject)?, target })
    });
    Ok(Group { name: format!("{workload}{path}"), contestants: contestants.collect::<Result<_, Failure>>()? })
}

/// Measures the groups one after the other. A first Ctrl-C ends the measuring; what was measured until then is kept, and says
/// that it is not all. The groups have been entered into the recording.
pub async fn measure(
    context: &Context,
    plan: &LoadPlan,
    groups: &[Group],
    recording: &mut Recording,
) -> Result<(), Failure> {
    for group in groups {
        if context.cancel.is_cancelled() {
            break;
        }
        let load = &plan.load;
        let trials = if load.trials == 1 { "1 trial".to_owned() } else { format!("{} trials", load.trials) };
        context.printer.step(
            "Bench",
            &format!("{}  plan {}: {}; {trials}, seed {}", group.name, plan.name, plan.shape(), load.seed),
        );
        let targets: Vec<load::Target> =
            group.contestants.iter().map(|contestant| contestant.target.clone()).collect();
        let watch = Watch::new(&context.printer, &targets, load);
        let kept = Mutex::new(&mut *recording);
        let observe = |progress: &load::Progress<'_>| {
            watch.tell(progress);
            if let Some(tally) = progress.ended {
                let mut recording = kept.lock().unwrap_or_else(PoisonError::into_inner);
                recording.trial(progress, tally);
                recording.save(&context.printer);
            }
        };
        let outcomes = load::run(&targets, load, context.cancel.clone(), &observe).await;
        watch.finish();
        for outcome in outcomes.map_err(|error| refused(&error))? {
            recording.doubt(&outcome.name, outcome.doubts());
        }
    }
    if context.cancel.is_cancelled() {
        recording.cut_short(plan.load.trials);
    }
    recording.save(&context.printer);
    Ok(())
}

/// What the load generator refuses can be mended by who asked for it, unless the generator itself broke.
pub fn refused(error: &load::LoadError) -> Failure {
    use load::LoadError::{Broken, Files, Histogram, Plan, Roots, Thread, Tls, Uri};
    match error {
        Plan { .. } | Uri { .. } | Roots { .. } | Files { .. } => Failure::new(chain(error)),
        Tls(_) | Thread(_) | Broken | Histogram => Failure::unexpected(chain(error)),
    }
}
