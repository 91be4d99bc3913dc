//! A run: the turns of all targets in the order of the plan.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use http::uri::Scheme;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::ClientConfig;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::closed::{self, Budget};
use crate::connector::{Connector, tls};
use crate::lanes::{self, Place, processor_time};
use crate::open::{self, Schedule};
use crate::progress::{Counters, INTERVAL};
use crate::tally::Tally;
use crate::target::Prepared;
use crate::worker::Lane;
use crate::{ConnectionUse, LoadError, Outcome, Plan, Progress, Shape, Target};

/// Open files that the process needs beside the connections.
const OTHER_FILES: u64 = 128;

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
    allow_files(u64::from(plan.connections()) + OTHER_FILES)?;
    let secure =
        |target: &Target| target.requests.iter().any(|request| request.uri.scheme() == Some(&Scheme::HTTPS));
    let http2 = plan.connection == ConnectionUse::Http2;
    let tls = tls(targets.iter().any(secure), &plan.roots, http2)?;
    let turns: Result<Vec<Turn>, LoadError> =
        targets.iter().map(|target| Turn::new(target, plan, &tls, &shutdown)).collect();
    let mut turns = turns?;
    for (round, order) in (0..plan.rounds()).zip(plan.order(targets.len())) {
        for index in order {
            if shutdown.is_cancelled() {
                break;
            }
            let turn = &mut turns[index];
            let tally = turn.take(round, observer).await?;
            let kept =
                if round < plan.warm_up { &mut turn.outcome.warm_up } else { &mut turn.outcome.trials };
            kept.push(tally);
        }
    }
    Ok(turns.into_iter().map(|turn| turn.outcome).collect())
}

/// What the turns of one target have in common.
struct Turn<'r> {
    target: Arc<Prepared>,
    connector: Connector,
    plan: &'r Plan,
    shutdown: &'r CancellationToken,
    counters: Counters,
    outcome: Outcome,
}

impl<'r> Turn<'r> {
    fn new(
        target: &Target,
        plan: &'r Plan,
        tls: &Arc<ClientConfig>,
        shutdown: &'r CancellationToken,
    ) -> Result<Self, LoadError> {
        let prepared = Arc::new(target.prepare(plan.connection == ConnectionUse::Http2)?);
        let connector = Connector::new(&prepared.uri, tls).ok_or_else(|| LoadError::Uri {
            target: target.name.clone(),
            uri: prepared.uri.to_string(),
            reason: "its host is neither a name nor an address",
        })?;
        let outcome = Outcome { name: target.name.clone(), trials: Vec::new(), warm_up: Vec::new() };
        Ok(Self { target: prepared, connector, plan, shutdown, counters: Counters::default(), outcome })
    }

    /// Gives the target the plan's whole load once.
    async fn take(
        &self,
        round: u32,
        observer: &(dyn Fn(&Progress<'_>) + Send + Sync),
    ) -> Result<Tally, LoadError> {
        let tell = |ended: Option<&Tally>| {
            let latest = self.counters.take_latest();
            observer(&Progress {
                target: &self.outcome.name,
                round: round + 1,
                rounds: self.plan.rounds(),
                warm_up: self.plan.warm_up,
                requests: self.counters.requests(),
                failed: self.counters.failed(),
                latest: latest.as_ref().filter(|_| ended.is_none()),
                ended,
            });
        };
        let lanes = lanes::run(lanes::count(self.plan.connections()), self.job(round));
        let mut lanes = std::pin::pin!(lanes);
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                tally = &mut lanes => {
                    let tally = tally?;
                    tell(Some(&tally));
                    return Ok(tally);
                }
                _ = ticks.tick() => tell(None),
            }
        }
    }

    fn job(&self, round: u32) -> impl AsyncJob {
        let seed = self.plan.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(round));
        let work = Work::of(&self.plan.shape, seed, self.shutdown);
        let (target, connector) = (Arc::clone(&self.target), self.connector.clone());
        let (connection, timeout, raw) = (self.plan.connection, self.plan.timeout, self.plan.raw);
        let counters = self.counters.clone();
        move |place: Place| {
            let (work, target, connector) = (work.clone(), Arc::clone(&target), connector.clone());
            let counters = counters.clone();
            async move {
                let lane = Rc::new(Lane {
                    target,
                    connector,
                    connection,
                    timeout,
                    raw,
                    counters,
                    tally: RefCell::new(Tally::empty()?),
                    random: RefCell::new(StdRng::seed_from_u64(seed ^ u64::from(place.index + 1))),
                    // Threads begin at different requests, so that together they send each alike often.
                    chosen: Cell::new(u64::from(place.index)),
                    index: place.index,
                    shown: Cell::default(),
                    begin: Cell::new(Instant::now()),
                    used: Cell::default(),
                });
                let before = processor_time();
                work.run(&lane, &place).await?;
                let mut tally = lane.tally.replace(Tally::empty()?);
                tally.cpu = processor_time().saturating_sub(before);
                Ok(tally)
            }
        }
    }
}

/// What [`lanes::run`] runs.
trait AsyncJob: Fn(Place) -> Self::Future + Clone + Send + 'static {
    type Future: Future<Output = Result<Tally, LoadError>>;
}

impl<J, F> AsyncJob for J
where
    J: Fn(Place) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Tally, LoadError>>,
{
    type Future = F;
}

/// The plan's shape with what its threads share.
#[derive(Clone)]
enum Work {
    Closed { workers: u32, think: Option<crate::Think>, budget: Budget },
    Open { schedule: Schedule, shutdown: CancellationToken },
}

impl Work {
    fn of(shape: &Shape, seed: u64, shutdown: &CancellationToken) -> Self {
        match shape {
            Shape::Closed { connections, limit } => {
                Self::Closed { workers: *connections, think: None, budget: Budget::new(*limit, shutdown) }
            }
            Shape::Users { users, think, limit } => {
                Self::Closed { workers: *users, think: Some(*think), budget: Budget::new(*limit, shutdown) }
            }
            Shape::Open { arrivals, connections } => Self::Open {
                schedule: Schedule { arrivals: arrivals.clone(), connections: *connections, seed },
                shutdown: shutdown.clone(),
            },
        }
    }

    async fn run(&self, lane: &Rc<Lane>, place: &Place) -> Result<(), LoadError> {
        match self {
            Self::Closed { workers, think, budget } => {
                closed::work(lane, place, *workers, *think, budget).await
            }
            Self::Open { schedule, shutdown } => open::work(lane, place, schedule, shutdown).await,
        }
    }
}

/// Raises the limit of open files as far as that is needed and allowed.
fn allow_files(wanted: u64) -> Result<(), LoadError> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let refused = |allowed| LoadError::Files { wanted: wanted - OTHER_FILES, allowed };
    if limit.maximum.is_some_and(|maximum| maximum < wanted) {
        return Err(refused(limit.maximum.unwrap_or_default()));
    }
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).map_err(|_| refused(limit.current.unwrap_or_default()))
}
