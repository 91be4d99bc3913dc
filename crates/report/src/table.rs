//! The text table of a comparison.

use std::collections::BTreeMap;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use indexmap::IndexMap;

use crate::{Comparison, Cost, Gap, Measured, Origin};

const PRICES: [&str; 2] = ["$/million", "idle $/h"];
const COLUMNS: [&str; 8] = ["n", "ok %", "p50", "p90", "p99", "max", "rate/s", "p50 vs fastest (95 %)"];

/// Ends in a line break.
pub(crate) fn render(comparison: &Comparison, origin: Origin, costs: &BTreeMap<String, Cost>) -> String {
    let mut text = String::new();
    for (workload, results) in workloads(comparison) {
        push_lines(&mut text, &table(&rows(comparison, workload, &results, costs)).to_string());
        for line in results.iter().filter_map(|measured| failures(measured)) {
            push_lines(&mut text, &format!("  {line}"));
        }
        text.push('\n');
    }
    if !comparison.comparable {
        text.push_str("Not comparable:\n");
        for reason in &comparison.reasons {
            push_lines(&mut text, &format!("  {reason}"));
        }
    }
    text.push_str("Milliseconds from the moment a request was meant to start; failures count too.\n");
    if origin == Origin::EmbeddedCloud {
        text.push_str("The embedded cloud measures this machine and this code, not AWS.\n");
    }
    text
}

/// The variants by workload, in the order given.
pub(crate) fn workloads(comparison: &Comparison) -> IndexMap<&str, Vec<&Measured>> {
    let mut workloads: IndexMap<&str, Vec<&Measured>> = IndexMap::new();
    for measured in &comparison.results {
        workloads.entry(measured.workload.as_str()).or_default().push(measured);
    }
    workloads
}

/// A heading and a row a variant. Variants lose the workload's prefix, which heads the table; what is not comparable is not
/// compared.
pub(crate) fn rows(
    comparison: &Comparison,
    workload: &str,
    results: &[&Measured],
    costs: &BTreeMap<String, Cost>,
) -> Vec<Vec<String>> {
    let has_costs = results.iter().any(|measured| costs.contains_key(&measured.variant));
    let prices = if has_costs { &PRICES[..] } else { &[] };
    let heading = std::iter::once(&workload).chain(&COLUMNS).chain(prices).map(|cell| (*cell).to_owned());
    let comparable = comparison.reasons_of(workload).next().is_none();
    let mut rows = vec![heading.collect()];
    for measured in results {
        let cost = costs.get(&measured.variant);
        let prices = [
            cost.map_or_else(|| "–".to_owned(), |cost| dollars(cost.per_million)),
            cost.map_or_else(|| "–".to_owned(), |cost| dollars(cost.idle_per_hour)),
        ];
        let prices = prices.into_iter().filter(|_| has_costs);
        rows.push(row(workload, measured, comparable).into_iter().chain(prices).collect());
    }
    rows
}

fn table(rows: &[Vec<String>]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if let Some((heading, rows)) = rows.split_first() {
        table.set_header(heading);
        table.add_rows(rows);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    table
}

/// A variant's name where its workload is known.
pub(crate) fn short<'m>(workload: &str, variant: &'m str) -> &'m str {
    variant.strip_prefix(workload).and_then(|rest| rest.strip_prefix('-')).unwrap_or(variant)
}

fn row(workload: &str, measured: &Measured, comparable: bool) -> [String; 9] {
    let slower = measured.slower.as_ref().and_then(|slower| slower.gaps.p50.as_ref());
    let latency = &measured.latency_ms;
    [
        short(workload, &measured.variant).to_owned(),
        measured.requests.to_string(),
        percent(measured.success, measured.requests),
        milliseconds(latency.p50),
        milliseconds(latency.p90),
        milliseconds(latency.p99),
        milliseconds(latency.max),
        format!("{:.0}", measured.rate),
        match slower {
            _ if !comparable => "not comparable".to_owned(),
            Some(slower) => gap(slower),
            None => "–".to_owned(),
        },
    ]
}

/// A difference in words: what is not shown is not claimed.
pub(crate) fn gap(gap: &Gap) -> String {
    match gap.ms_95 {
        None => format!("{} ms", signed(gap.ms)),
        Some(_) if !gap.is_shown() => "no difference shown".to_owned(),
        Some(interval) => {
            format!("{} ms ({} to {})", signed(gap.ms), signed(interval.low), signed(interval.high))
        }
    }
}

pub(crate) fn signed(value: f64) -> String {
    let sign = if value < 0.0 { '-' } else { '+' };
    format!("{sign}{}", milliseconds(Some(value.abs())))
}

/// Names what the share of good answers hides: other statuses, and requests that got none.
pub(crate) fn failures(measured: &Measured) -> Option<String> {
    if measured.success == measured.requests {
        return None;
    }
    let answered: u64 = measured.statuses.values().sum();
    let mut parts: Vec<String> =
        measured.statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    if answered < measured.requests {
        parts.push(format!("{} without an answer", measured.requests - answered));
    }
    Some(format!("{}: {}", measured.variant, parts.join(", ")))
}

fn push_lines(text: &mut String, lines: &str) {
    for line in lines.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// A share that is not whole never reads 100.0.
#[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let exact = part as f64 / whole as f64 * 100.0;
    format!("{:.1}", if part == whole { 100.0 } else { exact.min(99.9) })
}

/// Three digits at most before the point decide how many follow it.
pub(crate) fn milliseconds(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value < 1.0 => format!("{value:.2}"),
        Some(value) if value < 100.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// Cents, and fractions of a cent where there is less than one.
#[must_use]
pub fn dollars(usd: f64) -> String {
    if usd != 0.0 && usd.abs() < 0.01 { format!("{usd:.4}") } else { format!("{usd:.2}") }
}
