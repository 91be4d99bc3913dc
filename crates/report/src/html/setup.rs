//! All that it takes to judge the figures, and to repeat them.

use maud::{Markup, html};

use super::table::{cell, long, table};
use crate::{Check, Report, Results};

pub(super) fn section(report: &Report<'_>) -> Markup {
    let results = report.results;
    html! {
        section aria-labelledby="setup" {
            h2 id="setup" { "Setup" }
            dl {
                @for (name, value) in facts(results) { dt { (name) } dd { (value) } }
            }
            h3 { "Variants" }
            (table("What was measured", &variants(results)))
            @if !results.unavailable.is_empty() {
                h3 { "Not measured" }
                ul { @for (variant, reason) in &results.unavailable { li { strong { (variant) } ": " (reason) } } }
            }
            h3 { "Proof of equal work" }
            @if results.checks.is_empty() { p { "None was asked for." } }
            ul { @for check in &results.checks { li { (proof(check)) } } }
            @if !results.repeat.is_empty() {
                h3 { "Repeat it" }
                pre tabindex="0" { code { (results.repeat.join("\n")) } }
            }
        }
    }
}

fn facts(results: &Results) -> Vec<(&'static str, String)> {
    let minutes = (results.ended - results.began).whole_seconds();
    let time = |time: time::OffsetDateTime| {
        let (date, hour, minute, second) = (time.date(), time.hour(), time.minute(), time.second());
        format!("{date} {hour:02}:{minute:02}:{second:02} {}", time.offset())
    };
    let plan = &results.plan;
    let machine = &results.machine;
    let mut facts = vec![
        ("Began", time(results.began)),
        ("Took", format!("{} min {} s", minutes / 60, minutes % 60)),
        ("Target", results.place.target.clone()),
    ];
    facts.extend(results.place.region.clone().map(|region| ("Region", region)));
    facts.extend(results.place.prefix.clone().map(|prefix| ("Prefix", prefix)));
    facts.extend([
        ("Plan", format!("{}: {}", plan.name, plan.shape)),
        (
            "Trials",
            format!(
                "{} after {} of warm-up, the variants in random order, seed {}",
                plan.trials, plan.warm_up, plan.seed
            ),
        ),
    ]);
    let processor = machine.processor.as_ref().map(|processor| format!(", {processor}")).unwrap_or_default();
    let memory = machine.memory_bytes.map(|bytes| format!(", {} GB", bytes >> 30)).unwrap_or_default();
    facts.push(("Machine", format!("{}, {} cores{processor}{memory}", machine.system, machine.cores)));
    let versions: Vec<String> =
        results.versions.iter().map(|(program, version)| format!("{program} {version}")).collect();
    facts.push(("Versions", versions.join(", ")));
    facts
}

fn variants(results: &Results) -> Vec<Vec<Markup>> {
    let heading =
        ["variant", "settings", "address", "log of requests", "template (SHA-256)"].map(cell).into();
    let rows = results.entries.iter().map(|entry| {
        let setup = &entry.setup;
        let settings: Vec<String> =
            setup.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let log = match setup.access_log {
            Some(true) => "a line each",
            Some(false) => "none",
            None => "not known",
        };
        vec![
            cell(&entry.sample.variant),
            long(settings.join(", ")),
            long(&setup.url),
            cell(log),
            html! { code { (setup.template_sha256.as_deref().unwrap_or("not known")) } },
        ]
    });
    std::iter::once(heading).chain(rows).collect()
}

fn proof(check: &Check) -> Markup {
    html! {
        strong { (check.workload) } ": " (check.variants.len()) " variants × " (check.inputs) " inputs, "
        @if check.differences.is_empty() {
            "equal"
        } @else {
            span class="failed" { (check.differences.len()) " differences" }
            ul { @for difference in &check.differences { li { (difference) } } }
        }
    }
}
