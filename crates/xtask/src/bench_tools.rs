//! Other people's load generators, which tests and `cargo bench -p load` measure ours against, in `target/tools`.

use std::path::PathBuf;

use crate::step::{Failed, cargo, heading, root};
use crate::tools;

/// Of oha; a change installs anew.
const OHA: &str = "1.16.0";

/// Installs wrk and oha unless they are there already.
pub fn install() -> Result<(), Failed> {
    install_oha()?;
    tools::install_wrk()
}

fn home(tool: &str) -> PathBuf {
    root().join("target/tools").join(tool)
}

/// With its default features: this version does not compile without TLS.
fn install_oha() -> Result<(), Failed> {
    let home = home("oha");
    if !home.join("bin/oha").exists() {
        heading("oha, which takes some minutes to compile");
    }
    let home = home.to_string_lossy().into_owned();
    let version = format!("={OHA}");
    cargo(&["install", "oha", "--version", &version, "--locked", "--root", &home, "--quiet"])
}
