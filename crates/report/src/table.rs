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
    let mut workloads: IndexMap<&str, Vec<&Measured>> = IndexMap::new();
    for measured in &comparison.results {
        workloads.entry(measured.workload.as_str()).or_default().push(measured);
    }
    for (workload, results) in &workloads {
        push_lines(&mut text, &table(workload, results, costs).to_string());
        for measured in results {
            push_failures(&mut text, measured);
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

fn table(workload: &str, results: &[&Measured], costs: &BTreeMap<String, Cost>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    let has_costs = results.iter().any(|measured| costs.contains_key(&measured.variant));
    let prices = if has_costs { &PRICES[..] } else { &[] };
    table.set_header(std::iter::once(workload).chain(COLUMNS).chain(prices.iter().copied()));
    for measured in results {
        let cost = costs.get(&measured.variant);
        let prices = [
            cost.map_or_else(|| "–".to_owned(), |cost| dollars(cost.per_million)),
            cost.map_or_else(|| "–".to_owned(), |cost| dollars(cost.idle_per_hour)),
        ];
        table.add_row(row(workload, measured).into_iter().chain(prices.into_iter().filter(|_| has_costs)));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    table
}

fn row(workload: &str, measured: &Measured) -> [String; 9] {
    let short = measured.variant.strip_prefix(workload).and_then(|rest| rest.strip_prefix('-'));
    let latency = &measured.latency_ms;
    [
        short.unwrap_or(&measured.variant).to_owned(),
        measured.requests.to_string(),
        percent(measured.success, measured.requests),
        milliseconds(latency.p50),
        milliseconds(latency.p90),
        milliseconds(latency.p99),
        milliseconds(latency.max),
        format!("{:.0}", measured.rate),
        measured.slower.as_ref().map_or_else(|| "–".to_owned(), |slower| gap(&slower.p50)),
    ]
}

/// A difference in words: what is not shown is not claimed.
fn gap(gap: &Gap) -> String {
    match gap.ms_95 {
        None => format!("{} ms", signed(gap.ms)),
        Some(_) if !gap.is_shown() => "no difference shown".to_owned(),
        Some(interval) => {
            format!("{} ms ({} to {})", signed(gap.ms), signed(interval.low), signed(interval.high))
        }
    }
}

fn signed(value: f64) -> String {
    let sign = if value < 0.0 { '-' } else { '+' };
    format!("{sign}{}", milliseconds(Some(value.abs())))
}

/// Names what the share of good answers hides: other statuses, and requests that got none.
fn push_failures(text: &mut String, measured: &Measured) {
    if measured.success == measured.requests {
        return;
    }
    let answered: u64 = measured.statuses.values().sum();
    let mut parts: Vec<String> =
        measured.statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    if answered < measured.requests {
        parts.push(format!("{} without an answer", measured.requests - answered));
    }
    push_lines(text, &format!("  {}: {}", measured.variant, parts.join(", ")));
}

fn push_lines(text: &mut String, lines: &str) {
    for line in lines.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// A share that is not whole never reads 100.0.
#[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let exact = part as f64 / whole as f64 * 100.0;
    format!("{:.1}", if part == whole { 100.0 } else { exact.min(99.9) })
}

/// Three digits at most before the point decide how many follow it.
fn milliseconds(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value < 1.0 => format!("{value:.2}"),
        Some(value) if value < 100.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// Cents, and fractions of a cent where there is less than one.
fn dollars(usd: f64) -> String {
    if usd != 0.0 && usd.abs() < 0.01 { format!("{usd:.4}") } else { format!("{usd:.2}") }
}
