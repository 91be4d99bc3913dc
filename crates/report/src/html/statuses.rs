//! How the requests were answered.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::Subject;
use super::summary::sure;
use super::table::{cell, figure, long, table};
use crate::Measured;
use crate::chart::{Bar, ChartError, patch, stacked};

pub(super) fn section(subject: &Subject<'_>) -> Result<Markup, ChartError> {
    let statuses: BTreeSet<u16> =
        subject.results.iter().flat_map(|measured| measured.statuses.keys().copied()).collect();
    let mut kinds: Vec<Option<u16>> = statuses.into_iter().map(Some).collect();
    if subject.results.iter().any(|measured| count(measured, None) > 0) {
        kinds.push(None);
    }
    let bars: Vec<Bar> = subject.results.iter().map(|measured| bar(subject, measured, &kinds)).collect();
    let title = format!("Answers of {} by status", subject.workload);
    let legend = html! {
        ul class="legend" {
            @for (style, kind) in kinds.iter().enumerate() { li { (patch(style)) (name(*kind)) } }
        }
    };
    let chart = stacked(&subject.id("statuses"), &title, &bars)?;
    Ok(html! {
        h3 { "Answers by status" }
        (figure(&chart, &legend, "Shares of all requests", &rows(subject, &kinds)))
        (failures(subject))
    })
}

fn name(kind: Option<u16>) -> String {
    kind.map_or_else(|| "no answer".to_owned(), |status| status.to_string())
}

fn count(measured: &Measured, kind: Option<u16>) -> u64 {
    match kind {
        Some(status) => measured.statuses.get(&status).copied().unwrap_or_default(),
        None => measured.requests.saturating_sub(measured.statuses.values().sum()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn bar(subject: &Subject<'_>, measured: &Measured, kinds: &[Option<u16>]) -> Bar {
    let parts = kinds
        .iter()
        .enumerate()
        .map(|(style, kind)| (style, name(*kind), share(count(measured, *kind), measured.requests)));
    let parts = parts.filter(|(_, _, share)| *share > 0.0).collect();
    Bar { name: subject.short(measured).to_owned(), parts }
}

fn rows(subject: &Subject<'_>, kinds: &[Option<u16>]) -> Vec<Vec<Markup>> {
    let mut heading = vec![cell("variant"), cell("requests")];
    for kind in kinds {
        heading.push(cell(name(*kind)));
        heading.push(cell("%"));
    }
    let rows = subject.results.iter().map(|measured| {
        let mut row = vec![cell(subject.short(measured)), cell(measured.requests.to_string())];
        for kind in kinds {
            let count = count(measured, *kind);
            row.push(cell(count.to_string()));
            let interval = kind.and_then(|status| measured.statuses_95.get(&status).copied().flatten());
            let percent = format!("{:.2}", share(count, measured.requests) * 100.0);
            row.push(sure(&percent, interval.map(|interval| interval.map(|share| share * 100.0))));
        }
        row
    });
    std::iter::once(heading).chain(rows).collect()
}

fn failures(subject: &Subject<'_>) -> Markup {
    let mut rows: Vec<Vec<Markup>> =
        vec![["variant", "failure", "requests", "the first said"].map(cell).into()];
    for measured in subject.results {
        for (kind, (count, example)) in &measured.failures {
            let example = example.as_deref().unwrap_or("–");
            rows.push(vec![
                cell(subject.short(measured)),
                cell(kind),
                cell(count.to_string()),
                long(example),
            ]);
        }
    }
    html! { @if rows.len() > 1 { (table("Requests that were no success, by what went wrong", &rows)) } }
}
