//! The short measured burst: the same requests to every variant, in turns of random order.

use std::collections::BTreeMap;
use std::time::Duration;

use load::{Plan, Progress};
use serde::Serialize;
use workload::Workload;

use crate::commands::redeploy::traffic_target;
use crate::context::Context;
use crate::failure::{Failure, chain};
use crate::settings::TargetKind;
use crate::target::Target;
use crate::work::{self, Subject, Surroundings};

/// How the variants are measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measurement {
    /// Requests to each variant in each trial.
    pub requests: u64,
    /// Connections that each keep one request under way.
    pub connections: u32,
    /// Turns of each variant.
    pub trials: u32,
    pub seed: u64,
}

impl Measurement {
    /// A few seconds' worth.
    pub fn new(target: &Target, seed: u64) -> Self {
        let requests = match target.kind {
            TargetKind::Local => 500,
            TargetKind::Aws => 300,
        };
        Self { requests, connections: 4, trials: 3, seed }
    }

    fn plan(&self) -> Plan {
        Plan {
            trials: self.trials,
            warm_up: 1,
            seed: self.seed,
            timeout: Duration::from_secs(10),
            ..Plan::closed(self.connections, self.requests)
        }
    }
}

/// Measures the variants of each workload against each other.
pub async fn measure(
    context: &Context,
    measurement: &Measurement,
    subjects: &BTreeMap<&str, Vec<Subject>>,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<report::Sample>, Failure> {
    let mut samples = Vec::new();
    for (name, subjects) in subjects {
        let workload: Workload =
            name.parse().map_err(|error: workload::UnknownWorkload| Failure::of(&error))?;
        let requests = work::samples(workload, surroundings).await?;
        let targets = work::admitted(subjects, surroundings)
            .await?
            .iter()
            .map(|subject| traffic_target(subject, requests.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        let total = measurement.requests * u64::try_from(targets.len()).unwrap_or(u64::MAX);
        context.printer.step(
            "Bench",
            &format!(
                "{name}  {} requests a variant over {} connections, {} trials, seed {}",
                measurement.requests, measurement.connections, measurement.trials, measurement.seed
            ),
        );
        let meter = context.printer.meter("Bench", total);
        let counts = std::sync::Mutex::new(BTreeMap::new());
        let observe = |progress: &Progress<'_>| {
            let mut counts = counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            counts.insert(progress.target.to_owned(), progress.requests);
            meter.set(counts.values().sum(), progress.target);
        };
        let outcomes = load::run(&targets, &measurement.plan(), context.cancel.clone(), &observe).await;
        meter.finish();
        let outcomes = outcomes.map_err(|error| Failure::unexpected(chain(&error)))?;
        if context.cancel.is_cancelled() {
            return Err(Failure::interrupted("interrupted while measuring"));
        }
        samples.extend(outcomes.into_iter().map(|outcome| sample(name, outcome)));
    }
    Ok(samples)
}

fn sample(workload: &str, outcome: load::Outcome) -> report::Sample {
    let doubts = outcome.doubts();
    report::Sample {
        variant: outcome.name,
        workload: workload.to_owned(),
        trials: outcome.trials.into_iter().map(trial).collect(),
        warm_up: outcome.warm_up.into_iter().map(trial).collect(),
        doubts,
    }
}

fn trial(tally: load::Tally) -> report::Trial {
    report::Trial {
        requests: tally.requests,
        success: tally.success,
        elapsed: tally.elapsed,
        statuses: tally.statuses,
        failures: tally.failures.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
        examples: tally.examples.into_iter().map(|(kind, example)| (kind.to_string(), example)).collect(),
        latency: tally.latency,
        service: tally.service,
        cold: tally.cold,
        seconds: tally.seconds.iter().map(second).collect(),
        late_sends: tally.late_sends,
        dropped_sends: tally.dropped_sends,
    }
}

fn second(second: &load::Second) -> report::Second {
    let at = |quantile| report::Figure::Quantile(quantile).of(&second.latency);
    report::Second { requests: second.requests, failed: second.failed, p50: at(0.5), p99: at(0.99) }
}
