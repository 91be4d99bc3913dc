//! What is told while variants are measured.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use report::Figure;

use crate::printer::{Printer, Race, Runner};

/// A turn that takes less time ends without a line of its own where there is no terminal.
const WORTH_A_LINE: Duration = Duration::from_secs(1);

/// Draws the progress of one group.
pub struct Watch<'p> {
    printer: &'p Printer,
    race: Race,
    seen: Mutex<BTreeMap<String, Seen>>,
}

/// What the last calls said of one target.
struct Seen {
    at: Instant,
    requests: u64,
    /// Milliseconds: of about the last second, or of the last turn that ended.
    latency: Option<(f64, f64)>,
    /// When its turn began.
    turn: Option<Instant>,
}

impl<'p> Watch<'p> {
    pub fn new(printer: &'p Printer, targets: &[load::Target], plan: &load::Plan) -> Self {
        let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        let total = plan.requests().map(|requests| requests * u64::from(plan.rounds()));
        Self { printer, race: printer.race("Bench", &names, total), seen: Mutex::new(BTreeMap::new()) }
    }

    /// Draws how far a target has come.
    pub fn tell(&self, progress: &load::Progress<'_>) {
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(progress.target.to_owned()).or_insert(Seen {
            at: now,
            requests: 0,
            latency: None,
            turn: None,
        });
        let turn = *seen.turn.get_or_insert(now);
        let rate = rate(progress.requests.saturating_sub(seen.requests), now - seen.at.max(turn));
        (seen.at, seen.requests) = (now, progress.requests);
        if let Some(latest) = progress.latest {
            let at = |quantile| Figure::Quantile(quantile).of(latest);
            seen.latency = at(0.5).zip(at(0.99));
        }
        if let Some(tally) = progress.ended {
            let at = |quantile| Figure::Quantile(quantile).of(&tally.latency);
            seen.latency = at(0.5).zip(at(0.99));
            seen.turn = None;
        }
        let runner = Runner {
            name: progress.target,
            requests: progress.requests,
            failed: progress.failed,
            rate: progress.ended.map_or(rate, |tally| self::rate(tally.requests, tally.elapsed)),
            latency: seen.latency,
            round: (progress.round, progress.rounds),
        };
        self.race.draw(&runner, progress.ended.is_some());
        if progress.ended.is_some_and(|tally| tally.elapsed >= WORTH_A_LINE) {
            let words = if progress.round <= progress.warm_up { "warm-up " } else { "" };
            self.printer.turn("Bench", &format!("{words}{runner}"));
        }
    }

    pub fn finish(&self) {
        self.race.finish();
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
fn rate(requests: u64, time: Duration) -> f64 {
    let seconds = time.as_secs_f64();
    if seconds > 0.0 { requests as f64 / seconds } else { 0.0 }
}
