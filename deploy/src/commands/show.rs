//! `deploy show`

use std::collections::BTreeMap;

use catalog::{Catalog, Template, Variant};
use serde::Serialize;

use super::list::{Tunable, tunables};
use crate::cli::ShowArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::printer::Printer;

/// Everything about a variant.
#[derive(Serialize)]
struct Shown<'a> {
    variant: &'a str,
    workload: &'a str,
    title: &'a str,
    description: &'a str,
    hops: &'a [String],
    file: &'a str,
    sha256: &'a str,
    needs: Vec<&'a str>,
    artifacts: Vec<&'a str>,
    /// What some settings need besides.
    when: Vec<When<'a>>,
    resources: Vec<String>,
    outputs: Vec<&'a str>,
    tunables: Vec<Tunable>,
}

/// What certain values of settings need.
#[derive(Serialize)]
struct When<'a> {
    /// Flags and values.
    settings: BTreeMap<&'a str, &'a str>,
    needs: Vec<&'a str>,
    artifacts: Vec<&'a str>,
}

pub fn run(context: &Context, args: &ShowArgs) -> Result<(), Failure> {
    let variant = context.catalog.variant(&args.variant)?;
    if args.template {
        Printer::raw(variant.template.body());
        return Ok(());
    }
    let template = &variant.template;
    let resources = template.document().resources().values();
    let shown = Shown {
        variant: &variant.id,
        workload: &variant.workload,
        title: &variant.title,
        description: template.description(),
        hops: &variant.hops,
        file: template.file(),
        sha256: template.sha256(),
        needs: needs(&context.catalog, variant, &BTreeMap::new()),
        artifacts: artifacts(variant, &BTreeMap::new()),
        when: when(&context.catalog, variant),
        resources: resources
            .map(|resource| format!("{} {}", resource.logical_id, resource.type_name))
            .collect(),
        outputs: template.outputs().keys().map(String::as_str).collect(),
        tunables: tunables(variant)?,
    };
    context.printer.json(&shown);
    context.printer.data(&text(&shown));
    Ok(())
}

/// The foundation stacks that a variant needs where parameters have `values`.
fn needs<'c>(catalog: &'c Catalog, variant: &'c Variant, values: &BTreeMap<String, String>) -> Vec<&'c str> {
    let needed = catalog.foundation_for(&[variant], |variant, parameter| variant.wants(parameter, values));
    needed.into_iter().map(Template::name).collect()
}

/// The artifacts that it ships then.
fn artifacts<'c>(variant: &'c Variant, values: &BTreeMap<String, String>) -> Vec<&'c str> {
    let wanted = variant.artifacts.iter().filter(|(parameter, _)| variant.wants(parameter, values));
    wanted.map(|(_, artifact)| artifact.as_str()).collect()
}

fn when<'c>(catalog: &'c Catalog, variant: &'c Variant) -> Vec<When<'c>> {
    let mut all: Vec<When<'c>> = Vec::new();
    let always = (needs(catalog, variant, &BTreeMap::new()), artifacts(variant, &BTreeMap::new()));
    for conditions in variant.when.values() {
        let settings: BTreeMap<&str, &str> = conditions
            .iter()
            .filter_map(|(parameter, value)| Some((variant.flag(parameter)?, value.as_str())))
            .collect();
        if all.iter().any(|one| one.settings == settings) {
            continue;
        }
        let values = conditions.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let (mut needs, mut artifacts) = (needs(catalog, variant, &values), artifacts(variant, &values));
        needs.retain(|one| !always.0.contains(one));
        artifacts.retain(|one| !always.1.contains(one));
        all.push(When { settings, needs, artifacts });
    }
    all
}

fn text(shown: &Shown<'_>) -> String {
    let mut lines = vec![
        format!("{}  {}", shown.variant, shown.title),
        shown.description.to_owned(),
        format!("Workload   {}", shown.workload),
        format!("Hops       {}", shown.hops.join(" -> ")),
        format!("Template   {}   sha256 {}", shown.file, &shown.sha256[..shown.sha256.len().min(12)]),
        format!("Needs      {}", shown.needs.join(", ")),
    ];
    if !shown.artifacts.is_empty() {
        lines.push(format!("Artifacts  {}", shown.artifacts.join(", ")));
    }
    for one in &shown.when {
        let settings: Vec<String> =
            one.settings.iter().map(|(flag, value)| format!("{flag} {value}")).collect();
        let more: Vec<&str> = one.needs.iter().chain(&one.artifacts).copied().collect();
        lines.push(format!("With       {}: {}", settings.join(", "), more.join(", ")));
    }
    lines.push(format!("Outputs    {}", shown.outputs.join(", ")));
    lines.push("Settings".to_owned());
    let width = shown.tunables.iter().map(|tunable| tunable.name.len()).max().unwrap_or(0);
    for tunable in &shown.tunables {
        lines.push(format!("  --{:<width$}  {}", tunable.name, tunable.description));
        lines.push(format!("    {:<width$}  default {}; {}", "", tunable.default, tunable.allowed));
    }
    lines.push("Resources".to_owned());
    lines.extend(shown.resources.iter().map(|resource| format!("  {resource}")));
    lines.join("\n")
}
