//! One JSON object.

use super::{ExportError, Exporter};
use crate::Report;

pub(super) struct Json;

impl Exporter for Json {
    fn export(&self, report: &Report<'_>) -> Result<String, ExportError> {
        Ok(serde_json::to_string_pretty(&report.comparison)? + "\n")
    }
}
