//! Programs that this machine has, or else Debian's package of them, which takes root.

use super::find;
use crate::step::{Failed, heading, run};

/// A program, its package, and what asks for it.
struct Installed {
    program: &'static str,
    package: &'static str,
    purpose: &'static str,
}

const INSTALLED: [Installed; 2] = [
    Installed { program: "c++", package: "g++", purpose: "libFuzzer" },
    Installed { program: "chromium", package: "chromium", purpose: "the tests of HTML reports" },
];

/// Installs what is not there, and tells the versions.
pub(super) fn install() -> Result<(), Failed> {
    INSTALLED.iter().try_for_each(Installed::install)
}

impl Installed {
    fn install(&self) -> Result<(), Failed> {
        let &Self { program, package, purpose } = self;
        if find(program).is_none() {
            heading(package);
            let arguments = ["install", "--quiet", "--yes", "--no-install-recommends", package];
            let attempt = || run("apt-get", &arguments);
            if attempt().is_err() {
                // A fresh machine may not know yet what Debian has.
                let _ = run("apt-get", &["--quiet", "update"]);
                attempt().map_err(|failed| Failed::Package { package, purpose, failed: Box::new(failed) })?;
            }
        }
        // Debian has one version at a time, so the one that is used is told instead of pinned.
        run(program, &["--version"])
    }
}
