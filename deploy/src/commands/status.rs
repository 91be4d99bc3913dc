//! `deploy status`

use std::collections::{BTreeMap, BTreeSet};

use catalog::Variant;
use serde::Serialize;
use stacks::{DeployedStack, inspect};

use super::table::columns;
use crate::context::Context;
use crate::failure::Failure;
use crate::local::{self, Presence, Record};
use crate::plan::{HOME_TAG, PREFIX_TAG, STACK_TAG};
use crate::settings::TargetKind;
use crate::target::Target;
use crate::work;

/// What is deployed of one template.
#[derive(Serialize)]
pub struct Report {
    /// The variant's id; `None` for a foundation stack.
    pub variant: Option<String>,
    pub stack: String,
    /// The stack's region where that is not the one of the variants.
    pub region: Option<String>,
    /// The stack's status, or what a command made of it.
    pub state: String,
    /// The address that the workload is served at.
    pub url: Option<String>,
    /// The tunables as they are deployed.
    pub settings: BTreeMap<String, String>,
    /// Whether the deployed template differs from the present one; `None` where there is no present one.
    pub drifted: Option<bool>,
}

#[derive(Serialize)]
struct Status<'a> {
    target: &'a str,
    prefix: &'a str,
    cloud: Option<Cloud>,
    stacks: Vec<Report>,
}

/// The embedded cloud.
#[derive(Serialize)]
struct Cloud {
    state: &'static str,
    #[serde(flatten)]
    record: Option<Record>,
}

pub async fn run(context: &Context, selection: &[String]) -> Result<(), Failure> {
    let selected: Option<Vec<&str>> = if selection.is_empty() {
        None
    } else {
        Some(context.catalog.select(selection)?.into_iter().map(|variant| variant.id.as_str()).collect())
    };
    let cloud = cloud(context).await;
    let target = Target::existing(&context.settings, &context.state, &context.printer).await?;
    let mut stacks = Vec::new();
    if let Some(target) = &target {
        for stack in deployed(context, target).await? {
            let report = report(context, target, &stack).await?;
            if selected
                .as_ref()
                .is_none_or(|ids| report.variant.as_deref().is_some_and(|id| ids.contains(&id)))
            {
                stacks.push(report);
            }
        }
    }
    if let Some(words) = cloud.as_ref().and_then(cloud_words) {
        context.printer.step("Cloud", &words);
    }
    let rows = stacks.iter().map(|report| {
        let settings: Vec<String> =
            report.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        [
            stem(context, &report.stack).to_owned(),
            format!(
                "{}{}",
                report.state,
                if report.drifted == Some(true) { " (template changed since)" } else { "" }
            ),
            report.url.clone().unwrap_or_else(|| "–".to_owned()),
            settings.join(", "),
        ]
    });
    if stacks.is_empty() {
        context.printer.data(&format!(
            "nothing is deployed under the prefix {} on {}",
            context.settings.prefix,
            context.settings.target.name()
        ));
    } else {
        context.printer.data(&columns(["stack", "state", "url", "settings"], rows));
    }
    context.printer.json(&Status {
        target: context.settings.target.name(),
        prefix: context.settings.prefix.as_str(),
        cloud,
        stacks,
    });
    Ok(())
}

/// The stacks under the prefix that this program deployed, those in other regions last.
pub async fn deployed(context: &Context, target: &Target) -> Result<Vec<DeployedStack>, Failure> {
    let prefix = context.settings.prefix.stem();
    let mut stacks = inspect::stacks(&target.cloudformation, &prefix).await?;
    stacks.retain(|stack| is_ours(context, target, target, stack));
    for region in elsewhere(context, target, &stacks)? {
        let place = target.at(&region);
        let there = inspect::stacks(&place.cloudformation, &prefix).await?;
        stacks.extend(there.into_iter().filter(|stack| is_ours(context, target, &place, stack)));
    }
    Ok(stacks)
}

/// The other regions in which stacks may stand: all of the embedded cloud's; on AWS those that variants have something in, or
/// had.
pub fn elsewhere(
    context: &Context,
    target: &Target,
    stacks: &[DeployedStack],
) -> Result<BTreeSet<String>, Failure> {
    let mut regions: BTreeSet<String> = target.regions.iter().cloned().collect();
    if regions.is_empty() {
        regions = context.remembered(target)?;
        let backend = |stack: &DeployedStack| {
            let id = stack.tags.get(STACK_TAG)?;
            let variant = context.catalog.variants().find(|variant| variant.id == *id)?;
            variant.backend_region(&stack.parameters).map(str::to_owned)
        };
        regions.extend(stacks.iter().filter_map(backend));
    }
    regions.remove(&target.region);
    Ok(regions)
}

/// The region of a stack where that is not the one of the variants.
pub fn region(stack: &DeployedStack) -> Option<&str> {
    stack.region().filter(|_| stack.tags.contains_key(HOME_TAG))
}

/// Where a stack stands.
pub fn place(target: &Target, stack: &DeployedStack) -> Target {
    target.in_region(region(stack))
}

/// Whether a stack that stands in a place belongs to the deployment of the target. Another prefix may begin with this one,
/// so the tags decide; a stack that was never finished may have none. One that names a region belongs to the variants there.
pub fn is_ours(context: &Context, target: &Target, place: &Target, stack: &DeployedStack) -> bool {
    if *stack.tags.get(HOME_TAG).unwrap_or(&place.region) != target.region {
        return false;
    }
    if let Some(prefix) = stack.tags.get(PREFIX_TAG) {
        return prefix == context.settings.prefix.as_str();
    }
    let stem = stem(context, &stack.name);
    context.catalog.variants().any(|variant| variant.id == stem)
        || context.catalog.foundation().any(|template| template.name() == stem)
}

/// The template's stem of a stack.
pub fn stem<'a>(context: &Context, stack: &'a str) -> &'a str {
    stack.strip_prefix(&context.settings.prefix.stem()).unwrap_or(stack)
}

async fn report(context: &Context, target: &Target, stack: &DeployedStack) -> Result<Report, Failure> {
    let stem = stack.tags.get(STACK_TAG).map_or_else(|| stem(context, &stack.name), String::as_str);
    let variant = context.catalog.variants().find(|variant| variant.id == stem);
    let template = variant
        .map(|variant| &variant.template)
        .or_else(|| context.catalog.foundation().find(|template| template.name() == stem));
    let drifted = match template {
        Some(template) => {
            let body = inspect::template(&place(target, stack).cloudformation, &stack.name).await?;
            body.map(|body| body.trim_end() != template.body().trim_end())
        }
        None => None,
    };
    let path = variant.and_then(|variant| work::path(&variant.workload)).unwrap_or_default();
    Ok(Report {
        variant: variant.map(|variant| variant.id.clone()),
        stack: stack.name.clone(),
        region: region(stack).map(str::to_owned),
        state: match variant.and_then(|variant| absence(variant, &stack.status)) {
            Some(reason) => format!("{} ({reason})", stack.status),
            None => stack.status.clone(),
        },
        url: stack.outputs.get("Url").map(|url| format!("{url}{path}")),
        settings: variant.map(|variant| settings_of(variant, &stack.parameters)).unwrap_or_default(),
        drifted,
    })
}

/// Why a variant whose stack has this status may be missing without anything being wrong.
pub fn absence(variant: &Variant, status: &str) -> Option<String> {
    let optional = variant.optional.as_ref()?;
    let failed = matches!(status, "ROLLBACK_COMPLETE" | "CREATE_FAILED");
    failed.then(|| format!("may not be available to this account: {}", optional.reason))
}

/// The values of a variant's tunables among deployed parameters.
pub fn settings_of(variant: &Variant, parameters: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let each = variant.tunables.iter();
    each.filter_map(|(flag, parameter)| Some((flag.clone(), parameters.get(parameter)?.clone()))).collect()
}

async fn cloud(context: &Context) -> Option<Cloud> {
    if context.settings.target == TargetKind::Aws {
        return None;
    }
    let (state, record) = match local::find(&context.state).await {
        Presence::Serving(record) => ("serving", Some(record)),
        Presence::Died(record) => ("died", Some(record)),
        Presence::Mute(record) => ("mute", Some(record)),
        Presence::Absent => ("absent", None),
    };
    Some(Cloud { state, record })
}

fn cloud_words(cloud: &Cloud) -> Option<String> {
    let record = cloud.record.as_ref()?;
    (cloud.state == "serving")
        .then(|| format!("{} (pid {}, log {})", record.endpoint, record.pid, record.log.display()))
}
