//! State machines, asked of two programs: each misses what the other finds.

use super::script::{javascript, keep, python};
use crate::step::Failed;

/// Asks one of the programs that `machines.cjs` knows.
pub fn ask(tool: &str) -> Result<String, Failed> {
    let machines = keep("machines.json", &python("machines.py")?)?;
    javascript("machines.cjs", &[tool, &machines.to_string_lossy()])
}
