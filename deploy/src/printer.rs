//! The only place that prints. Data goes to standard output; progress, warnings and errors go to standard error.

mod clock;
mod live;
mod meter;
mod race;
mod rows;

use std::io::{IsTerminal, Write};
use std::sync::Mutex;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use stacks::Event;

use crate::failure::Failure;
use live::Tree;
use meter::Meter;
pub use race::{Race, Runner};
pub use rows::{StackRow, count, seconds};

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();

/// How much is told while a command works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// A tree that changes in place.
    Live,
    /// One line a state change.
    Lines,
    /// Nothing.
    Silent,
}

/// Draws what commands and libraries report.
pub struct Printer {
    progress: Progress,
    json: bool,
    verbose: bool,
    tree: Mutex<Option<Tree>>,
}

impl Printer {
    /// Draws a live tree where standard error is a terminal.
    pub fn new(json: bool, quiet: bool, verbose: u8) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let progress = if quiet {
            Progress::Silent
        } else if std::io::stderr().is_terminal() && !dumb {
            Progress::Live
        } else {
            Progress::Lines
        };
        Self { progress, json, verbose: verbose > 0, tree: Mutex::new(None) }
    }

    /// Data as text, on standard output; nothing where JSON is wanted.
    pub fn data(&self, text: &str) {
        if !self.json {
            out(text);
        }
    }

    /// Data as JSON, on standard output; nothing where text is wanted.
    pub fn json(&self, value: &impl Serialize) {
        if self.json {
            // Values made of maps with string keys and plain fields always serialise.
            out(&serde_json::to_string_pretty(value).unwrap_or_default());
        }
    }

    /// Text that is data in every mode, such as a template or a completion script.
    pub fn raw(text: &str) {
        out(text);
    }

    /// One line of progress under a heading of at most seven letters: `Target  local …`.
    pub fn step(&self, heading: &str, text: &str) {
        match self.progress {
            Progress::Silent => {}
            Progress::Live => self.line(&format!("{heading:<7} {text}")),
            Progress::Lines => self.line(&format!("{} {} {text}", clock::now(), heading.to_lowercase())),
        }
    }

    /// A line that is only of interest with `--verbose`.
    pub fn detail(&self, text: &str) {
        if self.verbose && self.progress != Progress::Silent {
            self.line(text);
        }
    }

    /// Something that the user should know although nothing failed.
    pub fn warn(&self, text: &str) {
        self.line(&format!("{YELLOW}warning:{YELLOW:#} {text}"));
    }

    /// The end of a command that did not succeed.
    pub fn failure(&self, failure: &Failure) {
        self.end();
        self.line(&format!("{RED}error:{RED:#} {}", failure.message));
        if let Some(hint) = &failure.hint {
            self.line(&format!("  hint: {hint}"));
        }
    }

    /// Begins a set of stacks under a verb; rows appear in this order.
    pub fn begin(&self, verb: &'static str, summary: &str, stacks: &[StackRow]) {
        self.step(&rows::heading(verb), summary);
        *self.lock() = Some(Tree::new(verb, stacks, self.progress == Progress::Live));
    }

    /// Draws what happened to a stack.
    pub fn event(&self, event: &Event) {
        if self.progress == Progress::Silent {
            return;
        }
        let mut guard = self.lock();
        let Some(tree) = guard.as_mut() else { return };
        if self.progress == Progress::Live {
            tree.draw(event);
            return;
        }
        let line = tree.line(event, self.verbose);
        drop(guard);
        if let Some(line) = line {
            self.line(&format!("{} {line}", clock::now()));
        }
    }

    /// Ends the set of stacks; what the tree shows stays.
    pub fn end(&self) {
        if let Some(tree) = self.lock().take() {
            tree.finish();
        }
    }

    /// Says what is being done, until the meter is finished on a terminal, for good elsewhere.
    pub fn busy(&self, heading: &str, text: &str) -> Meter {
        if self.progress == Progress::Lines {
            self.step(heading, text);
        }
        Meter::spinner(heading, text, self.progress == Progress::Live)
    }

    /// Whether the rows of the last set of stacks stand on the same terminal as data would.
    pub fn rows_are_in_sight(&self) -> bool {
        self.progress == Progress::Live && std::io::stdout().is_terminal()
    }

    /// Rows for variants that are measured side by side; they show only on a terminal.
    pub fn race(&self, heading: &str, names: &[&str], total: Option<u64>) -> Race {
        Race::new(heading, names, total, self.progress == Progress::Live)
    }

    /// The end of a turn in a race, which the rows of a terminal show by themselves.
    pub fn turn(&self, heading: &str, text: &str) {
        if self.progress == Progress::Lines {
            self.step(heading, text);
        }
    }

    /// A bar for work of a known size; it shows only on a terminal.
    pub fn meter(&self, heading: &str, total: u64) -> Meter {
        Meter::new(heading, total, self.progress == Progress::Live)
    }

    /// Why a stack failed, in the lines below its name.
    pub fn stack_failed(&self, lines: &[String]) {
        let mut lines = lines.iter();
        if let Some(first) = lines.next() {
            self.line(&format!("{RED}✗{RED:#} {first}"));
        }
        for line in lines {
            self.line(&format!("    {line}"));
        }
    }

    /// Whether there is somebody to ask.
    pub fn can_ask(&self) -> bool {
        self.progress != Progress::Silent && std::io::stdin().is_terminal()
    }

    /// A question that is answered yes or no.
    pub fn prompt(question: &str) {
        let mut stream = anstream::stderr();
        let _ = write!(stream, "{question} [y/N] ");
        let _ = stream.flush();
    }

    /// Waits for the answer; anything but a yes is a no.
    pub fn answer() -> bool {
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
    }

    /// A line on standard error, above the tree where there is one.
    pub fn line(&self, text: &str) {
        let guard = self.lock();
        let coloured = guard.as_ref().is_some_and(|tree| tree.print_above(&colour_for_stderr(text)));
        if !coloured {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Tree>> {
        self.tree.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The text without its colours where standard error shows none.
fn colour_for_stderr(text: &str) -> String {
    match anstream::stderr().current_choice() {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    }
}

/// A reader that has gone away (`deploy list | head`) is no error.
fn out(text: &str) {
    let mut stream = anstream::stdout();
    let _ = writeln!(stream, "{}", text.trim_end_matches('\n'));
    let _ = stream.flush();
}
