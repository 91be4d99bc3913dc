//! `deploy seed`

use super::check::foundation_outputs;
use super::status::deployed;
use crate::cli::SeedArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::seeding;
use crate::target::Target;
use crate::work;

pub async fn run(context: &Context, args: &SeedArgs) -> Result<(), Failure> {
    let nothing = || {
        Failure::new(format!("no table is deployed under the prefix {}", context.settings.prefix))
            .hint("`deploy up` of a variant that reads one deploys it, and fills it")
    };
    let target =
        Target::existing(&context.settings, &context.state, &context.printer).await?.ok_or_else(nothing)?;
    let _lock = context.lock("seed").await?;
    let outputs = foundation_outputs(&deployed(context, &target).await?);
    let mut tables: Vec<&String> = context
        .catalog
        .workloads()
        .into_iter()
        .filter_map(|name| outputs.get(work::seeded_table(name)?))
        .collect();
    tables.dedup();
    let table = tables.first().ok_or_else(nothing)?;
    let flock = seeding::flock(&target, table, (args.items, args.seed)).await?;
    let seeded = seeding::fill(context, &target, table, flock).await?;
    context.printer.json(&seeded);
    Ok(())
}
