//! Python packages in virtual environments of their own.

use std::path::PathBuf;

use super::{Stamp, home};
use crate::step::{Failed, heading, root, run};

/// A virtual environment: its folder among the tools, the file of its pinned packages, and what that says.
struct Environment {
    folder: &'static str,
    file: &'static str,
    pins: &'static str,
}

/// A change of what a file says installs anew. Those whose packages do not go together have an environment each.
const ENVIRONMENTS: [Environment; 2] = [
    Environment { folder: "python", file: "requirements.txt", pins: include_str!("../../requirements.txt") },
    Environment { folder: "ministack", file: "ministack.txt", pins: include_str!("../../ministack.txt") },
];

/// A program of the first environment, such as `python` or `cfn-lint`.
pub fn program(name: &str) -> PathBuf {
    home("python").join("bin").join(name)
}

pub(super) fn install() -> Result<(), Failed> {
    ENVIRONMENTS.iter().try_for_each(Environment::install)
}

impl Environment {
    fn install(&self) -> Result<(), Failed> {
        let home = home(self.folder);
        let stamp = Stamp { home: &home, pins: self.pins };
        if stamp.holds() {
            return Ok(());
        }
        heading(&format!("tools from PyPI: {}", self.folder));
        run("python3", &["-m", "venv", "--clear", &home.to_string_lossy()])?;
        let pip = home.join("bin/pip").to_string_lossy().into_owned();
        let requirements = root().join("crates/xtask").join(self.file).to_string_lossy().into_owned();
        run(&pip, &["install", "--quiet", "--disable-pip-version-check", "--requirement", &requirements])?;
        stamp.write()
    }
}
