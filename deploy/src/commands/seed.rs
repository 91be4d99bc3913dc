//! `deploy seed`

use super::check::foundation_outputs;
use super::status::deployed;
use crate::cli::SeedArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::seeding;
use crate::target::Target;

pub async fn run(context: &Context, args: &SeedArgs) -> Result<(), Failure> {
    let nothing = || {
        Failure::new(format!("no table is deployed under the prefix {}", context.settings.prefix))
            .hint("`deploy up` of a variant that reads one deploys it, and fills it")
    };
    let target =
        Target::existing(&context.settings, &context.state, &context.printer).await?.ok_or_else(nothing)?;
    let _lock = context.lock("seed").await?;
    let outputs = foundation_outputs(&deployed(context, &target).await?);
    let tables = seeding::tables(&context.catalog.workloads(), &outputs);
    let (region, table) = tables.first().ok_or_else(nothing)?;
    let flock = seeding::flock(&target.in_region(*region), table, (args.items, args.seed)).await?;
    // All tables hold the same, so that variants may be compared whose tables stand in different regions.
    for (region, table) in tables {
        let seeded = seeding::fill(context, &target.in_region(region), table, flock).await?;
        context.printer.json(&seeded);
    }
    Ok(())
}
