//! Latency by percentile.

use maud::{Markup, html};

use super::Subject;
use super::summary::latency;
use super::table::{cell, figure};
use crate::chart::{Axis, Chart, ChartError, Line, Stop, swatch};
use crate::published::Series;
use crate::table::{gap, milliseconds};
use crate::{Figure, Measured};

/// The percentiles of the chart, as the first bake-off showed them.
const PERCENTILES: [(&str, f64); 10] = [
    ("p50", 0.5),
    ("p66", 0.66),
    ("p75", 0.75),
    ("p80", 0.8),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p98", 0.98),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("max", 1.0),
];

pub(super) fn section(subject: &Subject<'_>) -> Result<Markup, ChartError> {
    let mut lines: Vec<Line> =
        subject.results.iter().enumerate().map(|(style, measured)| line(style, measured)).collect();
    let published = beside(subject);
    lines.extend(published.iter().map(|(style, series)| published_line(*style, series)));
    let values = lines.iter().flat_map(|line| {
        let points = line.pieces.iter().flatten().map(|(_, ms)| *ms);
        points.chain(line.band.iter().flat_map(|(_, low, high)| [*low, *high]))
    });
    let y = Axis::log(values.collect::<Vec<_>>());
    let chart = Chart {
        id: subject.id("latency"),
        title: format!("Latency of {} by percentile", subject.workload),
        summary: summary(subject),
        x: Axis::Names(PERCENTILES.iter().map(|(name, _)| (*name).to_owned()).collect()),
        y,
        x_title: "percentile of all requests".into(),
        y_title: "ms, logarithmic".into(),
        lines,
        stops: stops(subject),
    };
    let legend = html! {
        ul class="legend" {
            @for (style, measured) in subject.results.iter().enumerate() {
                li { (swatch(style, false)) (subject.short(measured)) }
            }
            @for (style, series) in &published { li { (swatch(*style, true)) "published: " (series.title) } }
        }
    };
    let caption = "Latency by percentile; bands are 95 % confidence intervals over trials; point at the chart, or move through it with the Tab key, to read values.";
    Ok(html! {
        h3 { "Latency by percentile" }
        (figure(&chart.draw()?, &legend, caption, &rows(subject)))
        (differences(subject))
    })
}

fn position(index: usize) -> f64 {
    u32::try_from(index).map_or(0.0, f64::from)
}

fn line(style: usize, measured: &Measured) -> Line {
    let mut line =
        Line { style, published: false, markers: true, pieces: vec![Vec::new()], band: Vec::new() };
    for (index, (_, quantile)) in PERCENTILES.iter().enumerate() {
        let figure = Figure::Quantile(*quantile);
        if let (Some(ms), Some(piece)) =
            (measured.latency_ms.get(figure).copied().flatten(), line.pieces.first_mut())
        {
            piece.push((position(index), ms));
        }
        if let Some(interval) = measured.latency_95.get(figure).copied().flatten() {
            line.band.push((position(index), interval.low, interval.high));
        }
    }
    line
}

/// Published series that have percentiles, in the style of the variant that is built alike.
fn beside<'p>(subject: &Subject<'p>) -> Vec<(usize, &'p Series)> {
    let series = subject.published.map(|published| published.series.as_slice()).unwrap_or_default();
    let style =
        |series: &Series| subject.results.iter().position(|measured| measured.variant == series.variant);
    let has_percentile = |series: &&Series| {
        PERCENTILES.iter().any(|(_, quantile)| series.figure(Figure::Quantile(*quantile)).is_some())
    };
    series.iter().filter(has_percentile).filter_map(|series| Some((style(series)?, series))).collect()
}

fn published_line(style: usize, series: &Series) -> Line {
    let points = PERCENTILES.iter().enumerate().filter_map(|(index, (_, quantile))| {
        Some((position(index), series.figure(Figure::Quantile(*quantile))?))
    });
    Line { style, published: true, markers: true, pieces: vec![points.collect()], band: Vec::new() }
}

fn summary(subject: &Subject<'_>) -> String {
    let variants = subject.results.iter().map(|measured| {
        let at =
            |quantile| milliseconds(measured.latency_ms.get(Figure::Quantile(quantile)).copied().flatten());
        format!(
            "{}: median {} ms, p99 {} ms, longest {} ms",
            subject.short(measured),
            at(0.5),
            at(0.99),
            at(1.0)
        )
    });
    variants.collect::<Vec<_>>().join(". ") + "."
}

fn stops(subject: &Subject<'_>) -> Vec<Stop> {
    let stop = |(index, (name, quantile)): (usize, &(&str, f64))| {
        let figure = Figure::Quantile(*quantile);
        let values = subject.results.iter().map(|measured| {
            let ms = milliseconds(measured.latency_ms.get(figure).copied().flatten());
            let interval = measured.latency_95.get(figure).copied().flatten().map(|interval| {
                format!(" ({} to {})", milliseconds(Some(interval.low)), milliseconds(Some(interval.high)))
            });
            format!("{} {ms} ms{}", subject.short(measured), interval.unwrap_or_default())
        });
        Stop { x: position(index), title: (*name).to_owned(), values: values.collect() }
    };
    PERCENTILES.iter().enumerate().map(stop).collect()
}

fn rows(subject: &Subject<'_>) -> Vec<Vec<Markup>> {
    let Some(first) = subject.results.first() else { return Vec::new() };
    let names = first.latency_ms.entries().map(|(name, figure, _)| (name, figure));
    let heading = std::iter::once("variant").chain(names.map(|(name, _)| name)).map(cell).collect();
    let own = subject.results.iter().map(|measured| {
        let cells = names.map(|(_, figure)| latency(measured, figure));
        std::iter::once(cell(subject.short(measured))).chain(cells).collect()
    });
    let service = subject.results.iter().map(|measured| {
        let cells = measured.service_ms.entries().map(|(_, _, ms)| cell(milliseconds(*ms)));
        std::iter::once(cell(format!("{}, from when it was sent", subject.short(measured))))
            .chain(cells)
            .collect()
    });
    std::iter::once(heading).chain(own).chain(service).collect()
}

/// How much slower each variant is than the fastest, at each percentile.
fn differences(subject: &Subject<'_>) -> Markup {
    let slower: Vec<_> = subject
        .results
        .iter()
        .filter_map(|measured| Some((subject.short(measured), measured.slower.as_ref()?)))
        .collect();
    let comparable = subject.report.comparison.reasons_of(subject.workload).next().is_none();
    let Some((_, first)) = slower.first().filter(|_| comparable) else { return html! {} };
    let names: Vec<&str> =
        first.gaps.entries().iter().filter(|(_, _, gap)| gap.is_some()).map(|(name, _, _)| *name).collect();
    let heading = std::iter::once("variant").chain(names).map(cell).collect();
    let rows = slower.iter().map(|(name, slower)| {
        let cells = slower.gaps.entries().into_iter().filter_map(|(_, _, difference)| {
            let difference = difference.as_ref()?;
            let ratio = format!("× {:.2}", difference.ratio);
            // The one long word of many narrow columns; a sheet of paper has room for them if it may be divided.
            let text = gap(difference).replace("difference", "differ\u{ad}ence");
            Some(html! { (text) @if difference.is_shown() { small { (ratio) } } })
        });
        std::iter::once(cell(name)).chain(cells).collect()
    });
    let rows: Vec<Vec<Markup>> = std::iter::once(heading).chain(rows).collect();
    html! {
        details {
            summary { "Differences from " (first.against) " at each percentile" }
            (super::table::table("Milliseconds more than the variant with the lowest median, with 95 % confidence intervals; small: how many times as long", &rows))
        }
    }
}
