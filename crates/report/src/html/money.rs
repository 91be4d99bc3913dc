//! What it costs.

use maud::{Markup, html};

use super::Subject;
use super::table::{cell, figure, table};
use crate::chart::{Axis, Chart, ChartError, Line, Stop, figure as shown, swatch};
use crate::table::dollars;
use crate::{Cost, Per};

/// Requests per second that the table shows.
const RATES: [f64; 6] = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0];

/// The style of the markers where two variants cost the same.
const CROSSING: usize = 5;

/// A variant's style, name and cost.
type Priced<'p> = (usize, &'p str, &'p Cost);

pub(super) fn section(subject: &Subject<'_>) -> Result<Markup, ChartError> {
    let costs: Vec<Priced<'_>> = subject
        .results
        .iter()
        .enumerate()
        .filter_map(|(style, measured)| {
            Some((style, subject.short(measured), subject.report.costs.get(&measured.variant)?))
        })
        .collect();
    let Some((region, day)) = subject.report.priced.as_ref().filter(|_| !costs.is_empty()) else {
        return Ok(html! {});
    };
    let lines: Vec<Line> =
        costs.iter().map(|(style, _, cost)| line(*style, cost)).chain([crossings(&costs)]).collect();
    let values = lines.iter().flat_map(|line| line.pieces.iter().flatten()).map(|(_, usd)| *usd);
    let evens = evens(&costs);
    let chart = Chart {
        id: subject.id("cost"),
        title: format!("Cost of {} by rate", subject.workload),
        summary: format!("Dollars an hour against requests per second. {}", evens.join(". ")),
        x: Axis::Log { from: RATES[0], to: RATES[RATES.len() - 1] },
        y: Axis::log(values),
        x_title: "requests per second, kept up all the time, logarithmic".into(),
        y_title: "$ an hour, logarithmic".into(),
        lines: lines.clone(),
        stops: stops(&costs),
    };
    let legend = html! {
        ul class="legend" {
            @for (style, name, _) in &costs { li { (swatch(*style, false)) (name) } }
            @if !evens.is_empty() { li { (swatch(CROSSING, true)) "both cost the same" } }
        }
    };
    Ok(html! {
        h3 { "Cost" }
        (figure(&chart.draw()?, &legend, "Dollars an hour by requests per second", &rows(&costs)))
        @if !evens.is_empty() { ul { @for even in &evens { li { (even) "." } } } }
        (lines_of(&costs))
        p class="soft" {
            "On-demand prices of " (region) ", read on " (day) "; free tiers, taxes and discounts left out, and the capacity that a high rate would need beyond what is set."
        }
    })
}

fn line(style: usize, cost: &Cost) -> Line {
    let exponents = (-40..=60).map(|step| 10_f64.powf(f64::from(step) / 20.0));
    let points = exponents.map(|rate| (rate, cost.hourly(rate)));
    let points: Vec<(f64, f64)> = points
        .filter(|(rate, usd)| *usd > 0.0 && (RATES[0]..=RATES[RATES.len() - 1]).contains(rate))
        .collect();
    Line { style, published: false, markers: false, pieces: vec![points], band: Vec::new() }
}

/// A marker wherever two variants cost the same.
fn crossings(costs: &[Priced<'_>]) -> Line {
    let pairs = costs.iter().enumerate().flat_map(|(index, (_, _, one))| {
        costs[index + 1..].iter().flat_map(move |(_, _, other)| one.break_even(other))
    });
    let shown = pairs.filter(|even| (RATES[0]..=RATES[RATES.len() - 1]).contains(&even.rate));
    let pieces = shown.map(|even| vec![(even.rate, even.usd_per_hour)]).collect();
    Line { style: CROSSING, published: true, markers: true, pieces, band: Vec::new() }
}

fn stops(costs: &[Priced<'_>]) -> Vec<Stop> {
    let stop = |rate: f64| Stop {
        x: rate,
        title: format!("{}/s", shown(rate)),
        values: costs
            .iter()
            .map(|(_, name, cost)| format!("{name} ${}", dollars(cost.hourly(rate))))
            .collect(),
    };
    RATES.map(stop).into()
}

/// At which rates which variant becomes the cheaper one.
fn evens(costs: &[Priced<'_>]) -> Vec<String> {
    let mut evens = Vec::new();
    for (index, (_, one, cost)) in costs.iter().enumerate() {
        for (_, other, others) in &costs[index + 1..] {
            for even in cost.break_even(others) {
                let (above, below) = if even.first_cheaper_above { (one, other) } else { (other, one) };
                evens.push(format!(
                    "{above} is cheaper than {below} above {} requests per second, where both cost ${} an hour",
                    shown(even.rate),
                    dollars(even.usd_per_hour)
                ));
            }
        }
    }
    evens
}

fn rows(costs: &[Priced<'_>]) -> Vec<Vec<Markup>> {
    let rates = RATES.map(|rate| format!("$/h at {}/s", shown(rate)));
    let heading = ["variant", "$/million", "idle $/h"].map(str::to_owned).into_iter().chain(rates);
    let rows = costs.iter().map(|(_, name, cost)| {
        let fixed = [dollars(cost.per_million), dollars(cost.idle_per_hour)];
        let cells = fixed.into_iter().chain(RATES.map(|rate| dollars(cost.hourly(rate))));
        std::iter::once(cell(name)).chain(cells.map(cell)).collect()
    });
    std::iter::once(heading.map(cell).collect()).chain(rows).collect()
}

/// What each sum is made of.
fn lines_of(costs: &[Priced<'_>]) -> Markup {
    html! {
        @for (_, name, cost) in costs {
            @let rows: Vec<Vec<Markup>> = std::iter::once(["what", "$", "for"].map(cell).into())
                .chain(cost.lines.iter().map(|line| {
                    let per = match line.per {
                        Per::Hour => "an hour",
                        Per::BusyHour => "an hour with requests",
                        Per::Request => "a million requests",
                    };
                    vec![cell(&line.what), cell(dollars(line.usd)), cell(per)]
                }))
                .collect();
            details {
                summary { "What " (name) " is billed for" }
                (table(&format!("The bill of {name}"), &rows))
                @for unpriced in &cost.unpriced { p class="soft" { (unpriced) "." } }
            }
        }
    }
}
