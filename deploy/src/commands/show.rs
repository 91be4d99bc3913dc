//! `deploy show`

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
    resources: Vec<String>,
    outputs: Vec<&'a str>,
    tunables: Vec<Tunable>,
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
        needs: context.catalog.foundation_for(&[variant]).into_iter().map(catalog::Template::name).collect(),
        artifacts: variant.artifacts.values().map(String::as_str).collect(),
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
