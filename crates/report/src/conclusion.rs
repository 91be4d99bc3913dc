//! What may be concluded from a run, in plain words.

use crate::{Origin, Report};

/// What was compared, where and when, and what may be said about it.
pub(crate) fn sentence(report: &Report<'_>) -> String {
    let results = report.results;
    let variants = report.comparison.results.len();
    let noun = if variants == 1 { "variant" } else { "variants" };
    let region = results.place.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
    let place = match results.place.origin {
        Origin::EmbeddedCloud => "on the embedded cloud".to_owned(),
        Origin::Endpoint => format!("on {}{region}", results.place.target),
        Origin::Address => "at addresses that others deployed".to_owned(),
    };
    let day = results.began.date();
    format!("{variants} {noun} {place}, {day}, plan {}. {}", results.plan.name, bearing(report))
}

/// What the figures tell, and what they do not.
pub(crate) fn bearing(report: &Report<'_>) -> String {
    let origin = match report.results.place.origin {
        Origin::EmbeddedCloud => {
            "The figures are those of this machine and of the code on the path of a request, not AWS's latencies: conclude which path does more work, not how fast AWS is."
        }
        Origin::Endpoint => {
            "The figures hold for this account, region and hour, and for the network between it and the machine that measured."
        }
        Origin::Address if !report.results.checks.is_empty() => {
            "Of what these addresses do, only the answers to what was sent were compared; the figures tell how fast they answered, not that they may replace each other."
        }
        Origin::Address => {
            "Nothing proves that these addresses do the same work; the figures tell how fast they answered, not that they may replace each other."
        }
    };
    let comparable = if report.comparison.comparable {
        "A difference is named only where its 95 % confidence interval leaves out zero."
    } else {
        "Not all of it is comparable; the reasons are given."
    };
    let trials =
        report.results.entries.iter().map(|entry| entry.sample.trials.len()).min().unwrap_or_default();
    let certainty = match trials {
        0 | 1 => " With a single trial there are no intervals: take differences for hints.",
        2..=4 => " So few trials give wide intervals; more trials show smaller differences.",
        _ => "",
    };
    format!("{origin} {comparable}{certainty}")
}
