//! `deploy cost`

use std::collections::BTreeMap;
use std::path::PathBuf;

use catalog::Variant;
use clap::Args;
use report::{Cost, Prices, dollars};
use serde::Serialize;

use super::table::columns;
use crate::billing::{Assumption, prices};
use crate::cli::UpArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::load_plan::{DEFAULT, LoadPlan};
use crate::plan::{Plan, Standing, given};

#[derive(Debug, Args)]
pub struct CostArgs {
    #[command(flatten)]
    pub up: UpArgs,
    /// Requests per second, kept up all the time
    #[arg(long, value_name = "N", default_value_t = 100.0)]
    pub rate: f64,
    /// How long the variants are up
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub hours: f64,
    /// The plan whose requests are counted: quick, bakeoff-warmup, bakeoff-full, speed-1 to speed-5, or a file of your own
    #[arg(long, value_name = "NAME|FILE", default_value = DEFAULT)]
    pub plan: String,
    /// What is assumed to be billed for a call of a function; `deploy bench` measures it
    #[arg(long, value_name = "MS", default_value_t = 10.0)]
    pub billed_ms: f64,
    /// What an execution of a state machine is assumed to take
    #[arg(long, value_name = "MS", default_value_t = 50.0)]
    pub execution_ms: f64,
    /// A file of prices instead of those that come with the program
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
}

/// What was asked, and the answer for each variant.
#[derive(Serialize)]
struct Costs<'a> {
    /// The prices' region and the day on which they were read.
    region: &'a str,
    collected: &'a str,
    rate: f64,
    hours: f64,
    plan: &'a str,
    /// Requests of the plan to each variant, warm-up included; `None` where the plan is bounded by time.
    plan_requests: Option<u64>,
    billed_ms: f64,
    execution_ms: f64,
    variants: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    variant: &'a str,
    #[serde(flatten)]
    cost: Cost,
    /// Dollars an hour at the rate.
    usd_per_hour: f64,
    /// Dollars for the hours at the rate.
    usd: f64,
    /// Dollars for the plan, if the variant is up for the hours.
    plan_usd: Option<f64>,
}

/// Prices what stands alone: each variant with the foundation stacks that it needs. Nothing is asked of any cloud.
pub fn run(context: &Context, args: &CostArgs) -> Result<(), Failure> {
    for (flag, value) in [
        ("rate", args.rate),
        ("hours", args.hours),
        ("billed-ms", args.billed_ms),
        ("execution-ms", args.execution_ms),
    ] {
        if !(0.0..=1e9).contains(&value) {
            return Err(Failure::new(format!("--{flag} {value} is not from 0 to 1000000000")));
        }
    }
    let variants = context.select(&args.up.select.selection)?;
    let region = context.settings.region.as_ref().map(crate::settings::Region::as_str);
    let prices = prices(args.prices.as_deref(), region)?;
    let plan = LoadPlan::find(&args.plan)?;
    let plan_requests = plan.load.requests().map(|requests| requests * u64::from(plan.load.rounds()));
    let given = given(&context.settings, &context.catalog, &variants, &args.up.set)?;
    // What a template does not take is refused as `deploy up` would refuse it.
    Plan::new(&context.catalog, &context.settings, variants.clone(), &given, Standing::default())?;
    let assumption = Assumption { billed_ms: args.billed_ms, execution_ms: args.execution_ms };
    let rows = variants.iter().map(|variant| {
        let values = given.get(&variant.id);
        let cost = cost(context, variant, values, assumption, &prices)?;
        Ok(row(args, &variant.id, cost, plan_requests))
    });
    let costs = Costs {
        region: &prices.region,
        collected: &prices.collected,
        rate: args.rate,
        hours: args.hours,
        plan: &plan.name,
        plan_requests,
        billed_ms: args.billed_ms,
        execution_ms: args.execution_ms,
        variants: rows.collect::<Result<_, Failure>>()?,
    };
    context.printer.data(&text(&costs));
    context.printer.json(&costs);
    Ok(())
}

fn cost(
    context: &Context,
    variant: &Variant,
    values: Option<&BTreeMap<String, String>>,
    assumption: Assumption,
    prices: &Prices,
) -> Result<Cost, Failure> {
    let given =
        values.into_iter().flatten().filter_map(|(flag, value)| Some((variant.tunables.get(flag)?, value)));
    let mut parameters: BTreeMap<String, String> = variant
        .template
        .parameters()
        .iter()
        .filter_map(|(name, parameter)| Some((name.clone(), parameter.default.clone()?)))
        .collect();
    parameters.extend(given.map(|(parameter, value)| (parameter.clone(), value.clone())));
    let bill = assumption.bill(context, variant, &parameters, &prices.region)?;
    Ok(Cost::of(&bill, prices))
}

fn row<'a>(args: &CostArgs, variant: &'a str, cost: Cost, plan_requests: Option<u64>) -> Row<'a> {
    let usd_per_hour = cost.hourly(args.rate);
    #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
    let plan_usd = plan_requests.map(|requests| cost.run(requests as f64, args.hours));
    Row { variant, usd_per_hour, usd: usd_per_hour * args.hours, plan_usd, cost }
}

fn text(costs: &Costs<'_>) -> String {
    let (at_rate, for_hours, for_plan) = (
        format!("$/h at {}/s", costs.rate),
        format!("$ for {} h", costs.hours),
        format!("$ for {}", costs.plan),
    );
    let rows = costs.variants.iter().map(|row| {
        [
            row.variant.to_owned(),
            dollars(row.cost.idle_per_hour),
            dollars(row.cost.per_million),
            dollars(row.usd_per_hour),
            dollars(row.usd),
            row.plan_usd.map_or_else(|| "–".to_owned(), dollars),
        ]
    });
    let table = columns(["variant", "idle $/h", "$/million", &at_rate, &for_hours, &for_plan], rows);
    let notes: String = costs
        .variants
        .iter()
        .flat_map(|row| row.cost.unpriced.iter().map(move |note| format!("\n{}: {note}.", row.variant)))
        .collect();
    let notes = if notes.is_empty() { notes } else { format!("\n{notes}") };
    format!(
        "{table}{notes}\n\nOn-demand prices of {} read on {}; each variant alone, with the foundation stacks that it needs, without free tiers.\n\
         Assumed: {} ms billed for a call of a function, {} ms for an execution of a state machine; `deploy bench` measures them.",
        costs.region, costs.collected, costs.billed_ms, costs.execution_ms
    )
}
