//! Variants that are measured side by side: rows that change in place on a terminal.

use std::collections::BTreeMap;
use std::fmt;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How far one of them has come.
#[derive(Clone, Copy, Debug)]
pub struct Runner<'n> {
    pub name: &'n str,
    /// Requests that ended.
    pub requests: u64,
    pub failed: u64,
    /// Per second.
    pub rate: f64,
    /// p50 and p99 of the last turn that ended, in milliseconds.
    pub latency: Option<(f64, f64)>,
    /// The turn it is in, from 1, and how many there are.
    pub round: (u32, u32),
}

impl fmt::Display for Runner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, rate, requests, failed, round: (round, rounds), .. } = self;
        write!(f, "{name} turn {round} of {rounds}: {requests} requests, {rate:.0}/s")?;
        if let Some((p50, p99)) = self.latency {
            write!(f, ", p50 {} ms, p99 {} ms", brief(p50), brief(p99))?;
        }
        write!(f, ", {failed} failed")
    }
}

/// Draws nothing where standard error is no terminal.
pub struct Race {
    rows: BTreeMap<String, ProgressBar>,
}

impl Race {
    /// `total` is how many requests each is sent in all, where that is known.
    pub(super) fn new(heading: &str, names: &[&str], total: Option<u64>, live: bool) -> Self {
        if !live {
            return Self { rows: BTreeMap::new() };
        }
        let rows = MultiProgress::new();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        // The templates are constants of this program; a wrong one falls back to indicatif's own.
        let style = match total {
            Some(_) => ProgressStyle::with_template("{prefix} {bar:16} {percent:>3} %  {wide_msg}"),
            None => ProgressStyle::with_template("{prefix} {spinner}  {wide_msg}"),
        };
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸ ");
        let row = |name: &&str| {
            let bar = rows.add(total.map_or_else(ProgressBar::new_spinner, ProgressBar::new));
            bar.set_style(style.clone());
            bar.set_prefix(format!("{heading:<7} {name:<width$}"));
            ((*name).to_owned(), bar)
        };
        Self { rows: names.iter().map(row).collect() }
    }

    /// Draws a row; `resting` is whether its turn has ended.
    pub fn draw(&self, runner: &Runner<'_>, resting: bool) {
        let Some(bar) = self.rows.get(runner.name) else { return };
        let latency = runner.latency.map_or_else(
            || "p50 –  p99 –".to_owned(),
            |(p50, p99)| format!("p50 {} ms  p99 {} ms", brief(p50), brief(p99)),
        );
        let (round, rounds) = runner.round;
        let turn = if resting { " " } else { "▸" };
        bar.set_position(runner.requests);
        bar.set_message(format!(
            "{turn} {round}/{rounds}  {:.0}/s  {latency}  {} failed",
            runner.rate, runner.failed
        ));
        bar.tick();
    }

    /// Takes the rows away.
    pub fn finish(&self) {
        for bar in self.rows.values() {
            bar.finish_and_clear();
        }
    }
}

/// Three digits or so.
fn brief(milliseconds: f64) -> String {
    match milliseconds {
        ..1.0 => format!("{milliseconds:.2}"),
        1.0..100.0 => format!("{milliseconds:.1}"),
        _ => format!("{milliseconds:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_told_in_one_line() {
        let runner = Runner {
            name: "a",
            requests: 1000,
            failed: 3,
            rate: 212.4,
            latency: Some((0.123, 100.4)),
            round: (2, 4),
        };
        assert_eq!(
            runner.to_string(),
            "a turn 2 of 4: 1000 requests, 212/s, p50 0.12 ms, p99 100 ms, 3 failed"
        );
    }
}
