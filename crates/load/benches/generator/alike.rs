//! A server next to itself.

use std::time::Duration;

use load::{Limit, Outcome, Plan, Shape, Tally};
use report::{Difference, Gap, Sample, Trial};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::client::target;
use crate::figures::judge;
use crate::server::Server;

const COMPARISONS: u64 = 20;
const TRIALS: u32 = 6;
const TURN: Duration = Duration::from_millis(700);
const CONNECTIONS: u32 = 8;
/// With 95 % confidence one in twenty is expected.
const MOST: usize = 2;

pub fn measure(server: &Server) -> Result<()> {
    println!("{COMPARISONS} comparisons of a server with itself, {TRIALS} trials of {TURN:?} each, in turns");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let targets = [target("one", &server.url())?, target("other", &server.url())?];
    let shape = Shape::Closed { connections: CONNECTIONS, limit: Limit::Duration(TURN) };
    let mut shown = [0; 3];
    for seed in 1..=COMPARISONS {
        let plan = Plan { trials: TRIALS, warm_up: 1, seed, ..Plan::new(shape.clone()) };
        let outcomes = runtime.block_on(load::run(&targets, &plan, CancellationToken::new(), &|_| ()))?;
        let [one, other] = &outcomes[..] else { return Err("two targets, and not two outcomes".into()) };
        let gaps = Difference::between(&sample(other), &sample(one)).ok_or("nothing was answered")?.gaps;
        for (count, gap) in shown.iter_mut().zip([gaps.p50, gaps.p90, gaps.p99]) {
            *count += usize::from(gap.as_ref().is_some_and(Gap::is_shown));
        }
    }
    for (name, count) in ["p50", "p90", "p99"].into_iter().zip(shown) {
        judge(
            &format!("false differences of {name}"),
            &format!("{count} of {COMPARISONS}"),
            "at most 2",
            count <= MOST,
        );
    }
    Ok(())
}

fn sample(outcome: &Outcome) -> Sample {
    let trials = outcome.trials.iter().map(trial).collect();
    let (variant, workload) = (outcome.name.clone(), "alike".to_owned());
    Sample { variant, workload, trials, warm_up: Vec::new(), doubts: outcome.doubts() }
}

fn trial(tally: &Tally) -> Trial {
    let failures = tally.failures.iter().map(|(kind, count)| (kind.to_string(), *count));
    let examples = tally.examples.iter().map(|(kind, example)| (kind.to_string(), example.clone()));
    Trial {
        requests: tally.requests,
        success: tally.success,
        elapsed: tally.elapsed,
        statuses: tally.statuses.clone(),
        failures: failures.collect(),
        examples: examples.collect(),
        latency: tally.latency.clone(),
        service: tally.service.clone(),
        cold: tally.cold.clone(),
        seconds: Vec::new(),
        late_sends: tally.late_sends,
        dropped_sends: tally.dropped_sends,
    }
}
