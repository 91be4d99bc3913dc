//! What variants are billed for: their templates say what stands, and logs and counts say what requests use of it.

mod assumption;
mod log;
mod turn;

use std::collections::BTreeMap;
use std::path::Path;

use catalog::{Catalog, Variant};
use report::{Bill, Prices, Resource, Usage};
use stacks::inspect;

pub use self::assumption::Assumption;
use self::log::{Reading, functions_logs};
pub use self::turn::Turn;
use crate::context::Context;
use crate::failure::{Failure, chain};
use crate::measurement::Recording;
use crate::target::Target;
use crate::work::{self, Subject};

/// Where no region is known, or none with prices, prices are those of this one.
const PRICED_REGION: &str = "us-east-1";
/// The parameter of a variant that says whether its API keeps answers, and its value where it does not.
const CACHE: &str = "Cache";
const NO_CACHE: &str = "off";

/// What a variant would be billed for if it stood alone, with the foundation stacks that it needs.
pub fn bill(
    catalog: &Catalog,
    variant: &Variant,
    parameters: &BTreeMap<String, String>,
    region: &str,
    usage: &Usage,
) -> Result<Bill, Failure> {
    let refused = |error: report::BillError| Failure::of(&error);
    let mut bill = Bill::of(&resources(&variant.template, parameters, region)?, usage).map_err(refused)?;
    let foundation =
        catalog.foundation_for(&[variant], |variant, parameter| variant.wants(parameter, parameters));
    for template in foundation {
        let resources = resources(template, &BTreeMap::new(), region)?;
        bill = bill.with_stack(&resources, usage).map_err(refused)?;
    }
    Ok(bill)
}

/// The prices of a file, or those of a region that come with the program. Figures are worth showing without prices of their
/// region; whoever shows them names the prices' own.
pub fn prices(file: Option<&Path>, region: Option<&str>) -> Result<Prices, Failure> {
    let Some(file) = file else {
        return Prices::built_in(region.unwrap_or(PRICED_REGION))
            .or_else(|_| Prices::built_in(PRICED_REGION))
            .map_err(|error| Failure::unexpected(chain(&error)));
    };
    let wrong = |reason: String| Failure::new(format!("--prices {}: {reason}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    Prices::from_toml(&text).map_err(|error| wrong(chain(&error)))
}

fn caches(parameters: &BTreeMap<String, String>) -> bool {
    parameters.get(CACHE).is_some_and(|cache| cache != NO_CACHE)
}

/// The resources of a template with certain parameters.
fn resources(
    template: &catalog::Template,
    parameters: &BTreeMap<String, String>,
    region: &str,
) -> Result<Vec<Resource>, Failure> {
    let outline = template.document().outline(parameters, region).map_err(|error| {
        Failure::new(format!("what {} is billed for cannot be told: {error}", template.file()))
    })?;
    let resources = outline.into_iter().map(|planned| Resource {
        id: planned.logical_id,
        kind: planned.type_name,
        properties: planned.properties.into(),
    });
    Ok(resources.collect())
}

/// Fills in what the variants of a measurement are billed for. What cannot be read of a variant is told, and left out.
pub async fn charge(
    context: &Context,
    target: &Target,
    subjects: &BTreeMap<&str, Vec<Subject>>,
    recording: &mut Recording,
) {
    for (workload, subject) in
        subjects.iter().flat_map(|(workload, all)| all.iter().map(move |one| (*workload, one)))
    {
        let turns: Vec<(String, Turn)> = recording.turns_of(&subject.variant);
        for (name, turn) in turns {
            match measured(context, target, workload, subject, &turn).await {
                Ok(bill) => recording.bill(&name, bill),
                Err(failure) => {
                    context
                        .printer
                        .warn(&format!("what {name} is billed for is not known: {}", failure.message));
                }
            }
        }
    }
    recording.save(&context.printer);
}

async fn measured(
    context: &Context,
    target: &Target,
    workload: &str,
    subject: &Subject,
    turn: &Turn,
) -> Result<Bill, Failure> {
    let workload = workload.parse().map_err(|error: workload::UnknownWorkload| Failure::of(&error))?;
    let variant = context.catalog.variant(&subject.variant)?;
    let resources = resources(&variant.template, &subject.parameters, &target.region)?;
    let stack = context.settings.stack_name(&subject.variant);
    let ids = inspect::physical_ids(&target.cloudformation, &stack)
        .await
        .map_err(|error| Failure::new(chain(&error)))?;
    let mut usage = turn.usage(work::usage(workload, &subject.parameters));
    let mut notes = Vec::new();
    for log in functions_logs(&resources, &ids) {
        let reading = Reading::take(target, &log.group, turn).await?;
        usage.log_bytes += reading.bytes_a_request();
        if let Some(function) = &log.function {
            let function_use = reading.function_use();
            if function_use.calls == 0.0 {
                notes.push(format!(
                    "{function}: no report of a call stood in its log, so it counts as not called"
                ));
            }
            usage.functions.insert(function.clone(), function_use);
        }
        notes.extend(reading.note(&log.id));
    }
    // The machine that a schedule starts serves no request.
    let has = |kind: &str| resources.iter().any(|one| one.kind == kind);
    if has("AWS::StepFunctions::StateMachine") && !has("AWS::Scheduler::Schedule") {
        usage.execution_ms = Some(turn.service_ms);
        notes.push(
            "An execution is taken to last as long as the whole answer, which is the most that it can"
                .to_owned(),
        );
    }
    if caches(&subject.parameters) {
        // The function that does the work is the one that is called most.
        match usage.functions.values().map(|function| function.calls).reduce(f64::max) {
            Some(share) => usage.read_units *= share,
            None => notes
                .push("How many answers came from the cache is not known: each counts as read".to_owned()),
        }
    }
    let mut bill = bill(&context.catalog, variant, &subject.parameters, &target.region, &usage)?;
    bill.unpriced.extend(notes);
    Ok(bill)
}
