//! One HTML file that needs nothing else: no script, no font, no image from elsewhere.

mod cold;
mod latency;
mod money;
mod path;
mod progress;
mod published;
mod setup;
mod statuses;
mod summary;
mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::chart::ChartError;
use crate::export::{ExportError, Exporter};
use crate::published::Published;
use crate::{Measured, Report, conclusion};

const STYLE: &str = include_str!("html/style.css");
/// Forbids the page to load anything, whatever its text may be.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(crate) struct Html;

/// What a section of the page is about.
struct Subject<'p> {
    report: &'p Report<'p>,
    workload: &'p str,
    /// The variants of the workload.
    results: &'p [&'p Measured],
    /// Figures of others for the same plan, as far as they concern these variants.
    published: Option<&'p Published>,
}

impl Subject<'_> {
    /// An identifier that no other section uses.
    fn id(&self, what: &str) -> String {
        let letters = self.workload.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' });
        format!("{}-{what}", letters.collect::<String>())
    }

    fn short<'m>(&self, measured: &'m Measured) -> &'m str {
        crate::table::short(self.workload, &measured.variant)
    }
}

impl Exporter for Html {
    fn export(&self, report: &Report<'_>) -> Result<String, ExportError> {
        Ok(page(report)?.into_string() + "\n")
    }
}

fn page(report: &Report<'_>) -> Result<Markup, ChartError> {
    let workloads = crate::table::workloads(&report.comparison);
    let published = Published::of_plan(&report.results.plan.name);
    let names: Vec<&str> = workloads.keys().copied().collect();
    let heading = format!("Bake-off: {}", names.join(", "));
    let sections: Result<Vec<Markup>, ChartError> = workloads
        .iter()
        .map(|(workload, results)| {
            section(&Subject { report, workload, results, published: published.as_ref() })
        })
        .collect();
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (heading) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#main" { "Skip to the results" }
                header {
                    h1 { (heading) }
                    p class="lead" { (conclusion::sentence(report)) }
                    nav aria-label="Sections" {
                        ul {
                            @for workload in &names { li { a href={ "#" (anchor(workload)) } { (workload) } } }
                            li { a href="#setup" { "setup" } }
                        }
                    }
                }
                main id="main" {
                    (judgements(report))
                    @for section in sections? { (section) }
                    (setup::section(report))
                }
            }
        }
    })
}

/// The workload's section, in the page's addresses.
fn anchor(workload: &str) -> String {
    format!("workload-{}", workload.replace(|letter: char| !letter.is_alphanumeric(), "-"))
}

fn section(subject: &Subject<'_>) -> Result<Markup, ChartError> {
    let reasons: Vec<String> =
        subject.report.comparison.reasons_of(subject.workload).map(ToString::to_string).collect();
    let content = html! {
        (summary::section(subject))
        (latency::section(subject)?)
        (published::section(subject))
        (progress::section(subject)?)
        (statuses::section(subject)?)
        (cold::section(subject)?)
        (money::section(subject)?)
        (path::section(subject))
    };
    Ok(html! {
        section id=(anchor(subject.workload)) aria-labelledby=(subject.id("heading")) {
            h2 id=(subject.id("heading")) { (subject.workload) }
            @if reasons.is_empty() {
                (content)
            } @else {
                div class="box" {
                    p class="verdict" { "Not comparable" }
                    ul { @for reason in &reasons { li { (reason) } } }
                    (content)
                }
            }
        }
    })
}

fn judgements(report: &Report<'_>) -> Markup {
    html! {
        @if !report.judgements.is_empty() {
            section aria-labelledby="thresholds" {
                h2 id="thresholds" { "Thresholds" }
                ul {
                    @for judgement in &report.judgements {
                        li {
                            @if judgement.failed { span class="failed" { "failed" } } @else { span class="passed" { "passed" } }
                            " " (judgement)
                        }
                    }
                }
            }
        }
    }
}
