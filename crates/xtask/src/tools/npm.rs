//! Packages for Node.js in a `node_modules` of their own.

use std::fs;
use std::path::PathBuf;

use super::{Stamp, home};
use crate::step::{Failed, heading, run_in};

/// The packages that are used.
const PACKAGES: &str = include_str!("../../npm/package.json");
/// What those use, with the hash of each archive; a change of this text installs anew.
const LOCK: &str = include_str!("../../npm/package-lock.json");

/// Where Node.js finds the packages.
pub fn modules() -> PathBuf {
    home("npm").join("node_modules")
}

pub(super) fn install() -> Result<(), Failed> {
    let home = home("npm");
    let stamp = Stamp { home: &home, pins: LOCK };
    if stamp.holds() {
        return Ok(());
    }
    heading("tools from npm");
    let wrong = |path: &PathBuf, action| {
        let path = path.clone();
        move |source| Failed::File { path, action, source }
    };
    fs::create_dir_all(&home).map_err(wrong(&home, "created"))?;
    for (name, text) in [("package.json", PACKAGES), ("package-lock.json", LOCK)] {
        let path = home.join(name);
        fs::write(&path, text).map_err(wrong(&path, "written"))?;
    }
    run_in(&home, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])?;
    stamp.write()
}
