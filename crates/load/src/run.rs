//! A run: the turns of all targets in the order of the plan.

use http::uri::Scheme;
use tokio_util::sync::CancellationToken;

use crate::connector::connector;
use crate::crew::Crew;
use crate::open::Schedule;
use crate::{LoadError, Outcome, Plan, Progress, Shape, Target, closed, open};

/// Sends the plan's requests to each target and gives one outcome a target, in the order of `targets`.
///
/// When `shutdown` is cancelled, nothing more is sent, requests under way are awaited (each for at most the plan's timeout)
/// and the outcomes hold what was measured so far. Dropping the future ends the run at once.
pub async fn run(
    targets: &[Target],
    plan: &Plan,
    shutdown: CancellationToken,
    observer: &(dyn Fn(&Progress<'_>) + Send + Sync),
) -> Result<Vec<Outcome>, LoadError> {
    plan.validate()?;
    let connector = connector(targets.iter().any(|target| target.uri.scheme() == Some(&Scheme::HTTPS)))?;
    let most = match plan.shape {
        Shape::Closed { connections, .. } | Shape::Rate { connections, .. } => connections,
    };
    let crews: Result<Vec<Crew>, LoadError> =
        targets.iter().map(|target| Crew::new(target, connector.clone(), most, plan.timeout)).collect();
    let mut crews = crews?;
    for (round, order) in (0..plan.rounds).zip(plan.order(targets.len())) {
        for index in order {
            if shutdown.is_cancelled() {
                break;
            }
            let tell = |crew: &Crew| {
                observer(&Progress {
                    target: &targets[index].name,
                    round: round + 1,
                    rounds: plan.rounds,
                    requests: crew.counters.requests(),
                    failed: crew.counters.failed(),
                });
            };
            turn(&mut crews[index], plan, round, &shutdown, tell).await?;
            tell(&crews[index]);
        }
    }
    crews.into_iter().map(Crew::finish).collect()
}

async fn turn(
    crew: &mut Crew,
    plan: &Plan,
    round: u32,
    shutdown: &CancellationToken,
    observe: impl Fn(&Crew),
) -> Result<(), LoadError> {
    match plan.shape {
        Shape::Closed { connections, limit } => {
            closed::turn(crew, connections, limit.part(round, plan.rounds), shutdown, observe).await
        }
        Shape::Rate { per_second, duration, .. } => {
            let schedule = Schedule { per_second, duration: duration / plan.rounds, timeout: plan.timeout };
            open::turn(crew, schedule, shutdown, observe).await
        }
    }
}
