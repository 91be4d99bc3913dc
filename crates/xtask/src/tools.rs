//! Programs of other people that the tests ask for their opinion, pinned, in `target/tools`.

use std::fs;
use std::path::PathBuf;

use crate::step::{Failed, heading, root, run};

/// The pinned Python packages; a change of this text installs anew.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

fn python_home() -> PathBuf {
    root().join("target/tools/python")
}

/// Installs the pinned tools unless exactly these are there already.
pub fn install() -> Result<(), Failed> {
    let home = python_home();
    let stamp = home.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(());
    }
    heading("tools");
    let home_text = home.to_string_lossy().into_owned();
    run("python3", &["-m", "venv", "--clear", &home_text])?;
    let pip = home.join("bin/pip").to_string_lossy().into_owned();
    let requirements = root().join("crates/xtask/requirements.txt").to_string_lossy().into_owned();
    run(&pip, &["install", "--quiet", "--disable-pip-version-check", "--requirement", &requirements])?;
    fs::write(&stamp, REQUIREMENTS).map_err(|source| Failed::File { path: stamp, action: "written", source })
}

/// Asks cfn-lint about every template; its warnings count.
pub fn lint_templates() -> Result<(), Failed> {
    let cfn_lint = python_home().join("bin/cfn-lint").to_string_lossy().into_owned();
    run(
        &cfn_lint,
        &["--non-zero-exit-code", "warning", "templates/foundation/*.yaml", "templates/variants/*.yaml"],
    )
}
