//! Python packages in a virtual environment of their own.

use std::path::PathBuf;

use super::{Stamp, home};
use crate::step::{Failed, heading, root, run};

/// The pinned packages; a change of this text installs anew.
const REQUIREMENTS: &str = include_str!("../../requirements.txt");

/// A program of the environment, such as `python` or `cfn-lint`.
pub fn program(name: &str) -> PathBuf {
    home("python").join("bin").join(name)
}

pub(super) fn install() -> Result<(), Failed> {
    let home = home("python");
    let stamp = Stamp { home: &home, pins: REQUIREMENTS };
    if stamp.holds() {
        return Ok(());
    }
    heading("tools from PyPI");
    run("python3", &["-m", "venv", "--clear", &home.to_string_lossy()])?;
    let pip = program("pip").to_string_lossy().into_owned();
    let requirements = root().join("crates/xtask/requirements.txt").to_string_lossy().into_owned();
    run(&pip, &["install", "--quiet", "--disable-pip-version-check", "--requirement", &requirements])?;
    stamp.write()
}
