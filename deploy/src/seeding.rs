//! Fills the table that variants read.
//!
//! Items are written in the order of their keys, which do not depend on the seed. How far that has come stands in the table
//! itself, in an item that no index holds: a seeding that was interrupted or killed goes on from the recorded position, and
//! what was written behind it is written again, with the same bytes.

mod store;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use catalog::Variant;
use futures::StreamExt;
use serde::Serialize;
use serde_json::json;
use workload::Workload;
use workload::query::Flock;

use self::store::{BATCH, Progress, Store};
use crate::context::Context;
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::printer::seconds;
use crate::target::Target;
use crate::work::{self, Outputs};

/// How many batches are under way at once.
const CONCURRENT: usize = 4;
/// After how many batches the position is recorded.
const RECORD_EVERY: usize = 20;

/// What a seeding did.
#[derive(Debug, Serialize)]
pub struct Seeded {
    pub table: String,
    pub items: u32,
    pub seed: u64,
    /// The position that it went on from.
    pub resumed_from: u32,
    pub written: u32,
    /// Items of an earlier, larger seeding.
    pub deleted: u32,
    pub elapsed_ms: u64,
}

/// Seeds the tables that the planned variants need and that are empty, or whose seeding was interrupted.
pub async fn ensure(
    context: &Context,
    target: &Target,
    plan: &Plan<'_>,
    deployment: &Deployment,
) -> Result<(), Failure> {
    let outputs = deployment.foundation_outputs(plan);
    let like = pattern(target, &outputs).await?;
    fill_empty(context, target, &plan.variants, &outputs.home, like).await
}

/// The tables that workloads read, with the region of each; `None` is that of the variants, which comes first.
pub fn tables<'o>(workloads: &[&str], outputs: &'o Outputs) -> Vec<(Option<&'o str>, &'o String)> {
    let mut names: Vec<&'static str> = workloads.iter().filter_map(|name| work::seeded_table(name)).collect();
    names.sort_unstable();
    names.dedup();
    let of =
        |name| outputs.with(name).filter_map(move |(region, outputs)| Some((region, outputs.get(name)?)));
    names.into_iter().flat_map(of).collect()
}

/// The flock of the first table that is filled. A table beside it is to hold the same.
pub async fn pattern(target: &Target, outputs: &Outputs) -> Result<Option<Flock>, Failure> {
    let workloads: Vec<&str> = Workload::ALL.iter().map(|workload| workload.name()).collect();
    for (region, table) in tables(&workloads, outputs) {
        let place = target.in_region(region);
        if let Some(progress) =
            Store::new(&place.signed, table).progress().await?.filter(Progress::is_complete)
        {
            return Ok(Some(progress.flock));
        }
    }
    Ok(None)
}

/// Seeds those of the variants' tables, among the outputs of one region, that are empty or whose seeding was interrupted.
pub async fn fill_empty(
    context: &Context,
    target: &Target,
    variants: &[&Variant],
    outputs: &BTreeMap<String, String>,
    like: Option<Flock>,
) -> Result<(), Failure> {
    let mut tables: Vec<&String> =
        variants.iter().filter_map(|variant| outputs.get(work::seeded_table(&variant.workload)?)).collect();
    tables.sort_unstable();
    tables.dedup();
    for table in tables {
        let store = Store::new(&target.signed, table);
        let flock = match store.progress().await? {
            Some(progress) if progress.is_complete() => continue,
            Some(progress) => progress.flock,
            None if store.is_empty().await? => like.unwrap_or(Flock::DEFAULT),
            // Somebody else's items are for them to care about.
            None => continue,
        };
        fill(context, target, table, flock).await?;
    }
    Ok(())
}

/// The flock of a seeding: what is asked for, else that of a seeding that was interrupted, else the default.
pub async fn flock(target: &Target, table: &str, wish: (Option<u32>, Option<u64>)) -> Result<Flock, Failure> {
    let recorded = Store::new(&target.signed, table).progress().await?;
    let base =
        recorded.filter(|progress| !progress.is_complete()).map_or(Flock::DEFAULT, |progress| progress.flock);
    Ok(Flock { items: wish.0.unwrap_or(base.items), seed: wish.1.unwrap_or(base.seed) })
}

/// Writes the flock, from the recorded position on where it is the one that was being written, and deletes what an earlier,
/// larger one left.
pub async fn fill(context: &Context, target: &Target, table: &str, flock: Flock) -> Result<Seeded, Failure> {
    let begin = Instant::now();
    let store = Store::new(&target.signed, table);
    let recorded = store.progress().await?;
    let resumed_from = match recorded {
        Some(progress) if progress.flock == flock => progress.written,
        _ => 0,
    };
    let most = recorded.map_or(0, |progress| progress.most).max(flock.items);
    let mut progress = Progress { flock, written: resumed_from, most };
    store.record(&progress).await?;
    let meter = context.printer.meter("Seed", u64::from(most));
    let requests = (resumed_from..most).map(|index| {
        if index < flock.items {
            json!({ "PutRequest": { "Item": flock.item(index) } })
        } else {
            json!({ "DeleteRequest": { "Key": Flock::key(index) } })
        }
    });
    let requests: Vec<_> = requests.collect();
    let mut batches = futures::stream::iter(requests.chunks(BATCH).map(|batch| store.write(batch)))
        .buffered(CONCURRENT)
        .enumerate();
    let mut position = resumed_from;
    let outcome = loop {
        let next = tokio::select! {
            next = batches.next() => next,
            () = context.cancel.cancelled() => {
                break Err(Failure::interrupted(format!("interrupted after {position} of {} items", flock.items))
                    .hint("`deploy seed` goes on where this stopped"));
            }
        };
        match next {
            None => break Ok(()),
            Some((_, Err(failure))) => break Err(failure),
            Some((index, Ok(count))) => {
                position += count;
                meter.set(u64::from(position), "items");
                // A deletion is begun again at its beginning, which costs little.
                progress.written = position.min(flock.items);
                if (index + 1).is_multiple_of(RECORD_EVERY) {
                    store.record(&progress).await?;
                }
            }
        }
    };
    drop(batches);
    meter.finish();
    if outcome.is_ok() {
        progress = Progress { flock, written: flock.items, most: flock.items };
    }
    store.record(&progress).await?;
    outcome?;
    let seeded = Seeded {
        table: table.to_owned(),
        items: flock.items,
        seed: flock.seed,
        resumed_from,
        written: flock.items - resumed_from,
        deleted: most - flock.items,
        elapsed_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    context.printer.step("Seed", &seeded.words());
    Ok(seeded)
}

impl Seeded {
    /// `10000 items, seed 1   6.2 s`
    pub fn words(&self) -> String {
        let mut words = format!("{} items, seed {}", self.items, self.seed);
        if self.resumed_from > 0 {
            let _ = write!(words, ", {} of them written before", self.resumed_from);
        }
        if self.deleted > 0 {
            let _ = write!(words, ", {} left from before deleted", self.deleted);
        }
        format!("{words}   {}", seconds(self.elapsed_ms))
    }
}
