//! The table that answers the question.

use maud::{Markup, html};

use super::Subject;
use super::table::{cell, table};
use crate::chart::swatch;
use crate::table::{dollars, failures, milliseconds, percent, signed};
use crate::{Figure, Gap, Interval, Measured};

pub(super) fn section(subject: &Subject<'_>) -> Markup {
    let comparable = subject.report.comparison.reasons_of(subject.workload).next().is_none();
    let priced = subject.results.iter().any(|measured| subject.report.costs.contains_key(&measured.variant));
    let mut heading = vec!["variant", "n", "ok %", "p50", "p90", "p99", "max", "rate/s"];
    heading.extend(comparable.then_some("p50 vs fastest"));
    heading.extend(priced.then_some(["$/million", "idle $/h"]).into_iter().flatten());
    let mut rows = vec![heading.into_iter().map(cell).collect()];
    for (style, measured) in subject.results.iter().enumerate() {
        rows.push(row(subject, style, measured, comparable, priced));
    }
    let failed: Vec<String> = subject.results.iter().filter_map(|measured| failures(measured)).collect();
    html! {
        (table("Latencies in milliseconds, from the moment a request was meant to start; failures count too; small: 95 % confidence intervals", &rows))
        @if !failed.is_empty() { ul class="soft" { @for line in &failed { li { (line) } } } }
    }
}

fn row(
    subject: &Subject<'_>,
    style: usize,
    measured: &Measured,
    comparable: bool,
    priced: bool,
) -> Vec<Markup> {
    let title = subject.report.results.entry(&measured.variant).map(|entry| entry.setup.title.as_str());
    let name = html! {
        (swatch(style, false)) " " (subject.short(measured))
        @if let Some(title) = title.filter(|title| !title.is_empty()) { small class="title soft" { (title) } }
    };
    let share = measured.success_95.map(|interval| interval.map(|share| share * 100.0));
    let mut row = vec![
        name,
        cell(measured.requests.to_string()),
        sure(&percent(measured.success, measured.requests), share),
        latency(measured, Figure::Quantile(0.5)),
        latency(measured, Figure::Quantile(0.9)),
        latency(measured, Figure::Quantile(0.99)),
        cell(milliseconds(measured.latency_ms.max)),
        sure(&format!("{:.0}", measured.rate), measured.rate_95),
    ];
    if comparable {
        let slower = measured.slower.as_ref().and_then(|slower| slower.gaps.p50.as_ref());
        row.push(slower.map_or_else(|| cell("–"), difference));
    }
    if priced {
        let cost = subject.report.costs.get(&measured.variant);
        row.push(cell(cost.map_or_else(|| "–".to_owned(), |cost| dollars(cost.per_million))));
        row.push(cell(cost.map_or_else(|| "–".to_owned(), |cost| dollars(cost.idle_per_hour))));
    }
    row
}

/// How much slower, where that is shown, with the interval below.
fn difference(gap: &Gap) -> Markup {
    match gap.ms_95.filter(|_| gap.is_shown()) {
        Some(interval) => html! {
            (signed(gap.ms)) " ms"
            small { (signed(interval.low)) " to " (signed(interval.high)) }
        },
        None => cell(crate::table::gap(gap)),
    }
}

/// A latency with its interval.
pub(super) fn latency(measured: &Measured, figure: Figure) -> Markup {
    let value = measured.latency_ms.get(figure).copied().flatten();
    sure(&milliseconds(value), measured.latency_95.get(figure).copied().flatten())
}

/// A figure with the interval in which it lies.
pub(super) fn sure(text: &str, interval: Option<Interval>) -> Markup {
    html! {
        (text)
        @if let Some(interval) = interval {
            small { (milliseconds(Some(interval.low))) " to " (milliseconds(Some(interval.high))) }
        }
    }
}
