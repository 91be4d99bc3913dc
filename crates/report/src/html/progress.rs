//! What happened in each second.

use maud::{Markup, html};

use super::Subject;
use super::table::{cell, figure};
use crate::Trial;
use crate::chart::{Axis, Chart, ChartError, Line, figure as shown, swatch};

/// The least part of a second from which a rate can be told.
const LEAST: f64 = 0.25;

/// Seconds of all trials, one after the other.
struct Course {
    /// The second, counted over the trials, with what was measured in it; a piece a trial.
    trials: Vec<Vec<(f64, Moment)>>,
}

#[derive(Clone, Copy)]
struct Moment {
    rate: f64,
    p50: Option<f64>,
    p99: Option<f64>,
    failed: f64,
    cold: f64,
}

/// What is drawn: its name, its unit, and how it is read from a second.
type Reading = (&'static str, &'static str, &'static str, fn(&Moment) -> Option<f64>);

const READINGS: [Reading; 5] = [
    ("rate", "Requests per second", "requests/s", |moment| Some(moment.rate)),
    ("p50", "Median latency", "ms, logarithmic", |moment| moment.p50),
    ("p99", "99th percentile of latency", "ms, logarithmic", |moment| moment.p99),
    ("failed", "Failed requests per second", "failures/s", |moment| Some(moment.failed)),
    ("starts", "Answers of environments that had just been started, per second", "answers/s", |moment| {
        Some(moment.cold)
    }),
];

pub(super) fn section(subject: &Subject<'_>) -> Result<Markup, ChartError> {
    let courses: Vec<Course> = subject
        .results
        .iter()
        .map(|measured| {
            let entry = subject.report.results.entry(&measured.variant);
            Course::of(entry.map(|entry| entry.sample.trials.as_slice()).unwrap_or_default())
        })
        .collect();
    let longest = courses.iter().map(Course::len).max().unwrap_or_default();
    let heading = html! { h3 { "Over time" } };
    if longest < 3 {
        return Ok(
            html! { (heading) p { "All of it took less than three seconds, so there is no course to show." } },
        );
    }
    let failed = subject.results.iter().any(|measured| measured.success < measured.requests);
    let cold = subject.results.iter().any(|measured| measured.cold_ms.0 > 0);
    let mut charts = Vec::new();
    let says = |name: &str| (name != "failed" || failed) && (name != "starts" || cold);
    for reading in READINGS.iter().filter(|(name, ..)| says(name)) {
        charts.push(draw(subject, &courses, reading)?);
    }
    Ok(html! {
        (heading)
        @for chart in &charts { (chart) }
        @if !failed { p { "No request failed." } }
    })
}

impl Course {
    fn of(trials: &[Trial]) -> Self {
        let mut begin = 0.0;
        let trials = trials.iter().map(|trial| {
            let elapsed = trial.elapsed.as_secs_f64();
            let seconds = trial.seconds.iter().enumerate().filter_map(|(index, second)| {
                let at = float(index);
                let part = (elapsed - at).min(1.0);
                let moment = Moment {
                    rate: count(second.requests) / part,
                    p50: second.p50,
                    p99: second.p99,
                    failed: count(second.failed) / part,
                    cold: count(second.cold) / part,
                };
                (part >= LEAST).then_some((begin + at + 0.5, moment))
            });
            let seconds: Vec<(f64, Moment)> = seconds.collect();
            begin += float(trial.seconds.len());
            seconds
        });
        Self { trials: trials.collect() }
    }

    fn len(&self) -> usize {
        self.trials.iter().map(Vec::len).sum()
    }
}

fn draw(
    subject: &Subject<'_>,
    courses: &[Course],
    (name, title, unit, read): &Reading,
) -> Result<Markup, ChartError> {
    let line = |(style, course): (usize, &Course)| {
        let piece = |seconds: &Vec<(f64, Moment)>| {
            seconds.iter().filter_map(|(at, moment)| Some((*at, read(moment)?))).collect()
        };
        let pieces: Vec<Vec<(f64, f64)>> = course.trials.iter().map(piece).collect();
        let markers = pieces.iter().map(Vec::len).sum::<usize>() <= 40;
        Line { style, published: false, markers, pieces, band: Vec::new() }
    };
    let lines: Vec<Line> = courses.iter().enumerate().map(line).collect();
    let points = || lines.iter().flat_map(|line| line.pieces.iter().flatten());
    let values = points().map(|(_, value)| *value);
    let y = if unit.contains("logarithmic") { Axis::log(values) } else { Axis::linear(values) };
    let chart = Chart {
        id: subject.id(name),
        title: format!("{title} of {} over time", subject.workload),
        summary: summary(subject, &lines),
        x: Axis::linear(points().map(|(at, _)| *at)),
        y,
        x_title: "seconds of measuring, trials one after the other".into(),
        y_title: (*unit).to_owned(),
        lines: lines.clone(),
        stops: Vec::new(),
    };
    let legend = html! {
        ul class="legend" {
            @for (style, measured) in subject.results.iter().enumerate() {
                li { (swatch(style, false)) (subject.short(measured)) }
            }
        }
    };
    Ok(figure(
        &chart.draw()?,
        &legend,
        &format!("{title}; a gap is the end of a trial"),
        &rows(subject, &lines),
    ))
}

fn summary(subject: &Subject<'_>, lines: &[Line]) -> String {
    let parts = subject.results.iter().zip(lines).map(|(measured, line)| {
        let values = line.pieces.iter().flatten().map(|(_, value)| *value);
        let (least, most) =
            values.fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        if least > most {
            return format!("{}: nothing", subject.short(measured));
        }
        format!("{}: between {} and {}", subject.short(measured), shown(least), shown(most))
    });
    parts.collect::<Vec<_>>().join(". ") + "."
}

fn rows(subject: &Subject<'_>, lines: &[Line]) -> Vec<Vec<Markup>> {
    let heading =
        std::iter::once("second").chain(subject.results.iter().map(|measured| subject.short(measured)));
    let mut rows = vec![heading.map(cell).collect()];
    let longest =
        lines.iter().flat_map(|line| line.pieces.iter().flatten()).map(|(at, _)| *at).fold(0.0, f64::max);
    for second in (0_u32..).take_while(|second| f64::from(*second) < longest) {
        let at = f64::from(second) + 0.5;
        let values = lines.iter().map(|line| {
            let found = line.pieces.iter().flatten().find(|(x, _)| (x - at).abs() < 0.25);
            cell(found.map_or_else(|| "–".to_owned(), |(_, value)| shown(*value)))
        });
        rows.push(std::iter::once(cell((second + 1).to_string())).chain(values).collect());
    }
    rows
}

fn float(index: usize) -> f64 {
    u32::try_from(index).map_or(f64::MAX, f64::from)
}

#[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests a second")]
fn count(requests: u64) -> f64 {
    requests as f64
}
