//! `deploy list`

use catalog::Variant;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;

/// A variant that can be deployed.
#[derive(Serialize)]
pub struct Entry<'a> {
    variant: &'a str,
    workload: &'a str,
    title: &'a str,
    hops: &'a [String],
    tunables: Vec<Tunable>,
}

/// A setting of a variant.
#[derive(Serialize)]
pub struct Tunable {
    pub name: String,
    pub default: String,
    pub allowed: String,
    pub description: String,
}

pub fn run(context: &Context, selection: &[String]) -> Result<(), Failure> {
    let variants = context.select(selection)?;
    let entries: Vec<Entry<'_>> = variants.iter().map(|variant| entry(variant)).collect::<Result<_, _>>()?;
    context.printer.json(&entries);
    context.printer.data(&text(&entries));
    Ok(())
}

fn entry(variant: &Variant) -> Result<Entry<'_>, Failure> {
    Ok(Entry {
        variant: &variant.id,
        workload: &variant.workload,
        title: &variant.title,
        hops: &variant.hops,
        tunables: tunables(variant)?,
    })
}

/// The settings of a variant in the order of its template.
pub fn tunables(variant: &Variant) -> Result<Vec<Tunable>, Failure> {
    let each = variant.tunables.keys().map(|flag| {
        let parameter = variant.setting(flag)?;
        Ok(Tunable {
            name: flag.clone(),
            default: parameter.default.clone().unwrap_or_default(),
            allowed: variant.bounds(flag)?,
            description: parameter.description.clone().unwrap_or_default(),
        })
    });
    each.collect()
}

fn text(entries: &[Entry<'_>]) -> String {
    let mut lines = Vec::new();
    for entry in entries {
        lines.push(format!("{}  {}", entry.variant, entry.title));
        lines.push(format!("  {}  {}", entry.workload, entry.hops.join(" -> ")));
        let width = entry.tunables.iter().map(|tunable| tunable.name.len()).max().unwrap_or(0);
        lines.extend(entry.tunables.iter().map(|tunable| {
            format!("  --{:<width$}  {}  ({})", tunable.name, tunable.default, tunable.allowed)
        }));
    }
    lines.join("\n")
}
