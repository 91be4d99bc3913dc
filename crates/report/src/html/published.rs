//! What others published of the same plan.

use maud::{Markup, html};

use super::Subject;
use super::table::{cell, table};
use crate::Figure;
use crate::published::Series;
use crate::table::milliseconds;

const FIGURES: [(&str, Figure); 8] = [
    ("p50", Figure::Quantile(0.5)),
    ("p90", Figure::Quantile(0.9)),
    ("p95", Figure::Quantile(0.95)),
    ("p98", Figure::Quantile(0.98)),
    ("p99", Figure::Quantile(0.99)),
    ("max", Figure::Quantile(1.0)),
    ("mean", Figure::Mean),
    ("min", Figure::Min),
];

pub(super) fn section(subject: &Subject<'_>) -> Markup {
    let Some(published) = subject.published else { return html! {} };
    let mut rows = vec![std::iter::once("figures").chain(FIGURES.map(|(name, _)| name)).map(cell).collect()];
    let mut notes = Vec::new();
    for measured in subject.results {
        let theirs: Vec<&Series> =
            published.series.iter().filter(|series| series.variant == measured.variant).collect();
        if theirs.is_empty() {
            continue;
        }
        let ours = FIGURES.map(|(_, figure)| measured.latency_ms.get(figure).copied().flatten());
        rows.push(row(&format!("{}, ours", subject.short(measured)), ours));
        for series in theirs {
            if !series.latency_ms.is_empty() {
                let name = format!("{}, published ({})", subject.short(measured), series.title);
                rows.push(row(&name, FIGURES.map(|(_, figure)| series.figure(figure))));
            }
            notes.extend(note(series));
        }
    }
    html! {
        @if rows.len() > 1 {
            h3 { "Beside what was published" }
            (table("Milliseconds; the published figures were measured on AWS", &rows))
            ul class="soft" { @for note in &notes { li { (note) } } }
            p class="soft" { (published.source) "." }
        }
    }
}

fn row(name: &str, figures: [Option<f64>; 8]) -> Vec<Markup> {
    std::iter::once(cell(name)).chain(figures.map(|ms| cell(milliseconds(ms)))).collect()
}

/// What a series says beside latencies.
fn note(series: &Series) -> Option<String> {
    let counts = |counts: &indexmap::IndexMap<String, u64>| {
        counts.iter().map(|(name, count)| format!("{name}: {count}")).collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    if !series.statuses.is_empty() {
        parts.push(format!("answers by status: {}", counts(&series.statuses)));
    }
    if !series.pages.is_empty() {
        parts.push(format!("requests by page: {}", counts(&series.pages)));
    }
    (!parts.is_empty()).then(|| format!("published, {}: {}", series.title, parts.join("; ")))
}
