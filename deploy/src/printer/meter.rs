//! A bar for work of a known size.

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far work has come; draws nothing where standard error is no terminal.
pub struct Meter(ProgressBar);

impl Meter {
    pub(super) fn new(heading: &str, total: u64, live: bool) -> Self {
        if !live {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(total);
        // The template is a constant of this program; a wrong one falls back to indicatif's own.
        let style = ProgressStyle::with_template("{prefix:<7} {bar:16} {percent:>3} %   {msg} {per_sec}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸ ");
        bar.set_style(style);
        bar.set_prefix(heading.to_owned());
        Self(bar)
    }

    /// A spinner for work of unknown size.
    pub(super) fn spinner(heading: &str, text: &str, live: bool) -> Self {
        if !live {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        bar.set_style(
            ProgressStyle::with_template("{prefix:<7} {wide_msg} {spinner}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.set_prefix(heading.to_owned());
        bar.set_message(text.to_owned());
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        Self(bar)
    }

    /// So much is done; `what` is being done.
    pub fn set(&self, done: u64, what: &str) {
        self.0.set_message(what.to_owned());
        self.0.set_position(done);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
