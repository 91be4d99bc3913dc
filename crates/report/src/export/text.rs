//! Tables for a terminal.

use std::fmt::Write;

use super::{ExportError, Exporter};
use crate::{Report, table};

pub(super) struct Text;

impl Exporter for Text {
    fn export(&self, report: &Report<'_>) -> Result<String, ExportError> {
        let mut text = table::render(&report.comparison, report.results.place.origin, &report.costs);
        if let Some((region, day)) = report.priced.as_ref().filter(|_| !report.costs.is_empty()) {
            let _ = writeln!(text, "Prices of {region}, {day}; free tiers left out.");
        }
        for (variant, cost) in &report.costs {
            for note in &cost.unpriced {
                let _ = writeln!(text, "{variant}: {note}.");
            }
        }
        for judgement in &report.judgements {
            let verdict = if judgement.failed { "failed" } else { "passed" };
            let _ = writeln!(text, "{verdict}  {judgement}");
        }
        Ok(text)
    }
}
