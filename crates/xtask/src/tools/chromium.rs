//! The browser in which the tests open reports: this machine's Chromium, else Debian's package.

use super::find;
use crate::step::{Failed, heading, run};

/// Installs Chromium unless there is one, which needs root, and tells its version.
pub(super) fn install() -> Result<(), Failed> {
    if find("chromium").is_none() {
        heading("chromium");
        let arguments = ["install", "--quiet", "--yes", "--no-install-recommends", "chromium"];
        let attempt = || run("apt-get", &arguments);
        if attempt().is_err() {
            // A fresh machine may not know yet what Debian has.
            let _ = run("apt-get", &["--quiet", "update"]);
            attempt().map_err(|failed| Failed::Chromium(Box::new(failed)))?;
        }
    }
    // Debian has one version at a time, so the one that is used is told instead of pinned.
    run("chromium", &["--version"])
}
