//! Tables for a text that people write.

use std::fmt::Write;

use super::{ExportError, Exporter};
use crate::{Report, conclusion, table};

pub(super) struct Markdown;

impl Exporter for Markdown {
    fn export(&self, report: &Report<'_>) -> Result<String, ExportError> {
        let mut text = format!("{}\n\n", escaped(&conclusion::sentence(report)));
        for (workload, results) in table::workloads(&report.comparison) {
            let rows = table::rows(&report.comparison, workload, &results, &report.costs);
            for (index, row) in rows.iter().enumerate() {
                let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
                let _ = writeln!(text, "| {} |", cells.join(" | "));
                if index == 0 {
                    let _ = writeln!(text, "|---|{}", "---:|".repeat(row.len() - 1));
                }
            }
            text.push('\n');
            for line in results.iter().filter_map(|measured| table::failures(measured)) {
                let _ = writeln!(text, "- {}", escaped(&line));
            }
            for reason in report.comparison.reasons_of(workload) {
                let _ = writeln!(text, "- **Not comparable.** {}", escaped(&reason.to_string()));
            }
            text.push('\n');
        }
        for judgement in &report.judgements {
            let verdict = if judgement.failed { "failed" } else { "passed" };
            let _ = writeln!(text, "- {verdict}: {}", escaped(&judgement.to_string()));
        }
        Ok(text.trim_end().to_owned() + "\n")
    }
}

/// Text that no reader of Markdown takes for anything else.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '#' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}
