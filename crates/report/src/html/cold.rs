//! Cold starts against the rest.

use maud::{Markup, html};

use super::Subject;
use super::table::{cell, figure};
use crate::chart::{Axis, Chart, ChartError, Line, swatch};
use crate::table::milliseconds;
use crate::{Figure, Measured, Quantiles};

const FIGURES: [(&str, Figure); 4] = [
    ("p50", Figure::Quantile(0.5)),
    ("p90", Figure::Quantile(0.9)),
    ("p99", Figure::Quantile(0.99)),
    ("max", Figure::Quantile(1.0)),
];

pub(super) fn section(subject: &Subject<'_>) -> Result<Markup, ChartError> {
    let cold: Vec<(usize, &Measured)> =
        subject.results.iter().copied().enumerate().filter(|(_, measured)| measured.cold_ms.0 > 0).collect();
    let heading = html! { h3 { "Cold starts" } };
    if cold.is_empty() {
        return Ok(html! {
            (heading)
            p { "No answer said that its environment had just been started; warm-up rounds are left out." }
        });
    }
    let lines = cold.iter().flat_map(|(style, measured)| {
        [line(*style, false, &measured.warm_ms.1), line(*style, true, &measured.cold_ms.1)]
    });
    let lines: Vec<Line> = lines.collect();
    let values = lines.iter().flat_map(|line| line.pieces.iter().flatten()).map(|(_, ms)| *ms);
    let summary = cold.iter().map(|(_, measured)| {
        let median = |quantiles: &Quantiles| milliseconds(quantiles.p50);
        format!(
            "{}: median {} ms cold, {} ms warm",
            subject.short(measured),
            median(&measured.cold_ms.1),
            median(&measured.warm_ms.1)
        )
    });
    let chart = Chart {
        id: subject.id("cold"),
        title: format!("Latency of {} with and without cold starts", subject.workload),
        summary: summary.collect::<Vec<_>>().join(". ") + ".",
        x: Axis::Names(FIGURES.iter().map(|(name, _)| (*name).to_owned()).collect()),
        y: Axis::log(values),
        x_title: "percentile".into(),
        y_title: "ms, logarithmic".into(),
        lines: lines.clone(),
        stops: Vec::new(),
    };
    let legend = html! {
        ul class="legend" {
            @for (style, measured) in &cold {
                li { (swatch(*style, false)) (subject.short(measured)) ", warm" }
                li { (swatch(*style, true)) (subject.short(measured)) ", cold" }
            }
        }
    };
    let caption = "Requests that an environment answered which, by the answer's own word, had just been started, against the rest";
    Ok(html! { (heading) (figure(&chart.draw()?, &legend, caption, &rows(subject, &cold))) })
}

fn line(style: usize, published: bool, quantiles: &Quantiles) -> Line {
    let points = (0_u32..).zip(FIGURES).filter_map(|(index, (_, figure))| {
        Some((f64::from(index), quantiles.get(figure).copied().flatten()?))
    });
    Line { style, published, markers: true, pieces: vec![points.collect()], band: Vec::new() }
}

fn rows(subject: &Subject<'_>, cold: &[(usize, &Measured)]) -> Vec<Vec<Markup>> {
    let heading =
        ["variant", "requests"].into_iter().chain(FIGURES.map(|(name, _)| name)).map(cell).collect();
    let mut rows = vec![heading];
    for (_, measured) in cold {
        for (state, (count, quantiles)) in [("cold", &measured.cold_ms), ("warm", &measured.warm_ms)] {
            let name = format!("{}, {state}", subject.short(measured));
            let values =
                FIGURES.map(|(_, figure)| cell(milliseconds(quantiles.get(figure).copied().flatten())));
            rows.push([cell(name), cell(count.to_string())].into_iter().chain(values).collect());
        }
    }
    rows
}
