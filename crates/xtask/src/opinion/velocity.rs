//! Velocity.js: the corpus of crate vtl and every mapping template of the variants, rendered by both. What they disagree about
//! is settled, case by case, in `velocity-differences.toml`.

use std::time::Duration;

use super::script::{javascript, keep, python};
use crate::step::{Failed, answer, cargo_program};

/// The crate may have to be compiled first, beside other work.
const BUILD: Duration = Duration::from_mins(15);

pub fn ask() -> Result<String, Failed> {
    let cases = keep("mappings.json", &python("mappings.py")?)?;
    let cases = cases.to_string_lossy();
    let example = ["run", "--quiet", "--locked", "--package", "vtl", "--example", "answers", "--", &*cases];
    let answers = keep("mappings-by-vtl.json", &answer(&cargo_program(), &example, BUILD)?)?;
    javascript("velocity.cjs", &[&cases, &answers.to_string_lossy()])
}
