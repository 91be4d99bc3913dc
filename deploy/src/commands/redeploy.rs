//! `deploy redeploy`

mod flags;
mod traffic;
mod turn;

use std::collections::BTreeMap;

use catalog::Variant;
use serde::Serialize;
use stacks::Outcome;

pub use self::flags::globals;
use self::traffic::Served;
pub use self::traffic::target as traffic_target;
pub use self::turn::{Turn, Turned};
use super::check::{check_all, text};
use super::status::{deployed, settings_of};
use super::up::facts;
use crate::access::let_in_the_caller;
use crate::cli::RedeployArgs;
use crate::context::Context;
use crate::domain;
use crate::failure::Failure;
use crate::plan::{Given, Plan, check_processor};
use crate::printer::seconds;
use crate::settings::TargetKind;
use crate::target::Target;
use crate::work::Verdict;

/// The data of `redeploy --json`.
#[derive(Serialize)]
struct Redeployed {
    variant: String,
    changes: Vec<Change>,
    result: &'static str,
    elapsed_ms: u64,
    served: Option<Served>,
    check: Vec<Verdict>,
}

/// A setting before and after.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change {
    name: String,
    before: String,
    after: String,
}

pub async fn run(context: &Context, args: RedeployArgs) -> Result<(), Failure> {
    let Some((variant, values)) = flags::read(context, args)? else { return Ok(()) };
    let mut given: Given = [(variant.id.clone(), values)].into();
    let_in_the_caller(context, &mut given).await?;
    domain::complete(context, &mut given)?;
    // What no deployed value could make right is refused before any call.
    check_each(context, variant, &given)?;
    let not_up = || match check_together(variant, &given) {
        Ok(()) => Failure::new(format!("{} is not up, so it cannot be redeployed", variant.id))
            .hint(format!("`deploy up {}` deploys it; it takes --set TUNABLE=VALUE", variant.id)),
        Err(failure) => failure,
    };
    let _lock = context.lock("redeploy").await?;
    let (target, identity) = if context.settings.target == TargetKind::Aws {
        let (target, identity) = Target::aws(&context.settings).await?;
        (Some(target), Some(identity))
    } else {
        (Target::existing(&context.settings, &context.state, &context.printer).await?, None)
    };
    let target = target.ok_or_else(not_up)?;
    let stacks = deployed(context, &target).await?;
    let name = context.settings.stack_name(&variant.id);
    let stack = stacks.iter().find(|stack| stack.name == name).ok_or_else(not_up)?;
    domain::settle(context, &target, &mut given).await?;
    let plan =
        Plan::redeploy(&context.catalog, &context.settings, variant, &given, target.standing(&stacks))?;
    if let Some(identity) = &identity {
        context.confirm(&target, &facts(context, &target, identity, &plan)).await?;
    }
    let turn = Turn { context, target: &target, stacks: &stacks, stack, variant, given: &given };
    let Turned { report, served, outputs, subject } = turn.make(plan, true).await?;
    let verdicts =
        check_all(context, &target, &[(variant.workload.as_str(), vec![subject])].into(), &outputs).await?;
    let before = settings_of(variant, &stack.parameters);
    let redeployed = Redeployed {
        variant: variant.id.clone(),
        changes: changes(&before, &settings_of(variant, &report.parameters)),
        result: if report.outcome == Outcome::Unchanged { "unchanged" } else { "updated" },
        elapsed_ms: report.elapsed_ms,
        served,
        check: verdicts,
    };
    context.printer.data(&words(&redeployed));
    context.printer.json(&redeployed);
    super::check::conclude(&redeployed.check)
}

/// Each value by itself; which go together depends on what is deployed.
fn check_each(context: &Context, variant: &Variant, given: &Given) -> Result<(), Failure> {
    for (flag, value) in given.get(&variant.id).into_iter().flatten() {
        match variant.settings([(flag.as_str(), value.as_str())], &BTreeMap::new()) {
            Ok(wanted) => check_processor(&context.settings, variant, &wanted)?,
            Err(catalog::CatalogError::Combination { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// All values together, with the templates' defaults for what is not given.
fn check_together(variant: &Variant, given: &Given) -> Result<(), Failure> {
    let values = given.get(&variant.id).into_iter().flatten();
    variant.settings(values.map(|(flag, value)| (flag.as_str(), value.as_str())), &BTreeMap::new())?;
    Ok(())
}

fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Change> {
    let changed = after.iter().filter_map(|(name, after)| {
        let before = before.get(name).cloned().unwrap_or_else(|| "unset".to_owned());
        (before != *after).then(|| Change { name: name.clone(), before, after: after.clone() })
    });
    changed.collect()
}

/// A value as it is told; an empty one would not be seen.
fn shown(value: &str) -> &str {
    if value.is_empty() { "unset" } else { value }
}

/// `VARIANT  memory 512 → 1024   ✓ 11.2 s, 560 requests served meanwhile, 0 failed   check equal`
fn words(redeployed: &Redeployed) -> String {
    let changes: Vec<String> = redeployed
        .changes
        .iter()
        .map(|change| format!("{} {} → {}", change.name, shown(&change.before), shown(&change.after)))
        .collect();
    let changes = if changes.is_empty() { "nothing to change".to_owned() } else { changes.join(", ") };
    let served = redeployed.served.as_ref().map(ToString::to_string).unwrap_or_default();
    let equal = redeployed.check.iter().all(Verdict::is_equal);
    let mut text = format!(
        "{}  {changes}   ✓ {}{served}   check {}\n",
        redeployed.variant,
        seconds(redeployed.elapsed_ms),
        if equal { "equal" } else { "not equal" }
    );
    for verdict in redeployed.check.iter().filter(|verdict| !verdict.is_equal()) {
        text.push_str(&self::text(verdict));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_told() {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let before = map(&[("memory", "512"), ("arch", "x86_64")]);
        let after = map(&[("memory", "1024"), ("arch", "x86_64"), ("throttle", "10")]);
        let told: Vec<_> =
            changes(&before, &after).into_iter().map(|c| (c.name, c.before, c.after)).collect();
        assert_eq!(
            told,
            [("memory", "512", "1024"), ("throttle", "unset", "10")].map(|(a, b, c)| (
                a.to_owned(),
                b.to_owned(),
                c.to_owned()
            ))
        );
    }
}
