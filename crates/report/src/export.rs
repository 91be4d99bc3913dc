//! A report as a document, in one of several formats.

mod csv;
mod json;
mod junit;
mod markdown;
mod text;

use std::path::Path;
use std::str::FromStr;

use crate::Report;
use crate::chart::ChartError;

/// Writes a report in one format.
pub trait Exporter {
    /// The whole document; it ends in a line break.
    fn export(&self, report: &Report<'_>) -> Result<String, ExportError>;
}

/// The formats there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Tables for a terminal.
    Text,
    /// One object; its JSON Schema is `schema/comparison.schema.json`.
    Json,
    /// One row a variant.
    Csv,
    /// Tables for a text that people write.
    Markdown,
    /// What the thresholds found, for CI systems.
    Junit,
    /// One file that needs nothing else.
    Html,
}

/// Why a document cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("there is no format {given}; there are {known}")]
    Format { given: String, known: String },
    #[error("the figures cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the figures cannot be written as CSV: {0}")]
    Csv(#[from] ::csv::Error),
    #[error("the thresholds cannot be written as XML: {0}")]
    Xml(#[from] std::io::Error),
    #[error(transparent)]
    Chart(#[from] ChartError),
}

impl Format {
    pub const ALL: [Self; 6] = [Self::Text, Self::Json, Self::Csv, Self::Markdown, Self::Junit, Self::Html];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Junit => "junit",
            Self::Html => "html",
        }
    }

    /// How a file of this format's name ends, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "md",
            Self::Junit => "xml",
            Self::Html => "html",
        }
    }

    /// The format of a file by the end of its name.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        Self::ALL.into_iter().find(|format| extension.eq_ignore_ascii_case(format.extension()))
    }

    #[must_use]
    pub fn exporter(self) -> &'static dyn Exporter {
        match self {
            Self::Text => &text::Text,
            Self::Json => &json::Json,
            Self::Csv => &csv::Csv,
            Self::Markdown => &markdown::Markdown,
            Self::Junit => &junit::Junit,
            Self::Html => &crate::html::Html,
        }
    }
}

impl FromStr for Format {
    type Err = ExportError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            ExportError::Format { given: name.to_owned(), known: known.join(", ") }
        })
    }
}

impl Report<'_> {
    /// The report as a document.
    pub fn export(&self, format: Format) -> Result<String, ExportError> {
        format.exporter().export(self)
    }
}
