//! The stacks in progress: rows that change in place on a terminal, lines elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use stacks::{Event, Outcome, StackReport};

use super::rows::{StackRow, activity, is_news, outcome, reason, recovery_words, seconds, settings};
use super::{DIM, GREEN, RED, YELLOW, colour_for_stderr};

/// The rows of one set of stacks.
pub struct Tree {
    verb: &'static str,
    rows: BTreeMap<String, StackRow>,
    bars: Option<Bars>,
    /// Stacks of which it was told that they wait.
    waiting: BTreeSet<String>,
}

struct Bars {
    multi: MultiProgress,
    by_stack: BTreeMap<String, ProgressBar>,
}

impl Tree {
    pub fn new(verb: &'static str, stacks: &[StackRow], live: bool) -> Self {
        let rows = stacks.iter().map(|row| (row.stack.clone(), row.clone())).collect();
        Self { verb, rows, bars: live.then(|| Bars::new(stacks)), waiting: BTreeSet::new() }
    }

    /// Draws an event in its row.
    pub fn draw(&self, event: &Event) {
        let (Some(bars), Some(row)) = (&self.bars, self.rows.get(event.stack())) else { return };
        let Some(bar) = bars.by_stack.get(event.stack()) else { return };
        match event {
            Event::Finished(report) => {
                bar.set_style(style("  {prefix}  {wide_msg}"));
                bar.finish_with_message(finished(row, report));
            }
            other => {
                if let Some(words) = activity(other, |stack| self.label(stack)) {
                    bar.set_message(words);
                }
            }
        }
    }

    /// The line of an event, without its time; `None` where it is no news.
    pub fn line(&mut self, event: &Event, verbose: bool) -> Option<String> {
        let words = match event {
            Event::Waiting { stack, on } => {
                let first = self.waiting.insert(stack.clone());
                (first || verbose).then(|| format!("WAITING for {}", self.labels(on)))?
            }
            // The stack's own first event tells the same.
            Event::Started { adopted: false, .. } => return None,
            Event::Started { operation, .. } => format!("ADOPTED the {operation} in progress"),
            Event::Recovering { status, recovery, .. } => {
                format!("RECOVERING {status}: {}", recovery_words(*recovery))
            }
            Event::Throttled { operation, pause_ms, .. } => {
                format!("THROTTLED {operation}: again in {}", seconds(*pause_ms))
            }
            Event::Resource(resource) if !verbose && !is_news(resource) => return None,
            Event::Resource(resource) => {
                let of = if resource.of_stack { String::new() } else { format!(" {}", resource.logical_id) };
                let reason = reason(resource).map(|reason| format!(": {reason}")).unwrap_or_default();
                format!("{}{of}{reason}", resource.status)
            }
            Event::Finished(report) => {
                let url = self.rows.get(event.stack()).and_then(|row| url(row, report));
                let url = url.map(|url| format!(" {url}")).unwrap_or_default();
                format!("DONE {} after {}{url}", outcome(report), seconds(report.elapsed_ms))
            }
        };
        Some(format!("{} {} {}", self.verb, self.label(event.stack()), one_line(&words)))
    }

    /// A stack as its row is called; any other name as it is.
    fn label<'n>(&'n self, name: &'n str) -> &'n str {
        self.rows.get(name).map_or(name, |row| row.label.as_str())
    }

    fn labels(&self, names: &[String]) -> String {
        names.iter().map(|name| self.label(name)).collect::<Vec<_>>().join(", ")
    }

    /// Prints above the rows; says whether there are any.
    pub fn print_above(&self, text: &str) -> bool {
        self.bars.as_ref().is_some_and(|bars| bars.multi.println(text).is_ok())
    }

    /// Leaves what is drawn and draws no more.
    pub fn finish(self) {
        for bar in self.bars.into_iter().flat_map(|bars| bars.by_stack.into_values()) {
            if !bar.is_finished() {
                bar.abandon();
            }
        }
    }
}

impl Bars {
    fn new(stacks: &[StackRow]) -> Self {
        let multi = MultiProgress::new();
        let width = stacks.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        let by_stack = stacks
            .iter()
            .map(|row| {
                let bar = multi.add(ProgressBar::new_spinner());
                bar.set_style(style("  {prefix}  {spinner} {wide_msg}"));
                bar.set_prefix(format!("{:<width$}", row.label));
                bar.enable_steady_tick(Duration::from_millis(100));
                (row.stack.clone(), bar)
            })
            .collect();
        Self { multi, by_stack }
    }
}

/// The template is a constant of this program; a wrong one falls back to indicatif's own.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
}

/// `✓ 0.5 s  https://…/publish  memory 512`; a failure keeps its first cause.
fn finished(row: &StackRow, report: &StackReport) -> String {
    let time = seconds(report.elapsed_ms);
    let text = match &report.outcome {
        Outcome::Failed(_) => format!("{RED}✗{RED:#} {}", one_line(&outcome(report))),
        Outcome::Skipped { .. } | Outcome::Interrupted => {
            format!("{YELLOW}–{YELLOW:#} {}", one_line(&outcome(report)))
        }
        _ => {
            let url = url(row, report).map(|url| format!("   {url}")).unwrap_or_default();
            let settings = settings(row, report);
            let note = if settings.is_empty() { String::new() } else { format!("   {DIM}{settings}{DIM:#}") };
            let words = match report.outcome {
                Outcome::Created => String::new(),
                _ => format!("   {}", outcome(report)),
            };
            format!("{GREEN}✓{GREEN:#} {time:>6}{words}{url}{note}")
        }
    };
    colour_for_stderr(&text)
}

/// The address that the variant's workload is served at.
fn url(row: &StackRow, report: &StackReport) -> Option<String> {
    Some(format!("{}{}", report.outputs.get("Url")?, row.path.as_deref().unwrap_or_default()))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
