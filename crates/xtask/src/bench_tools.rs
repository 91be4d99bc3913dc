//! Other people's load generators, which tests and `cargo bench -p load` measure ours against, in `target/tools`.

use crate::step::{Failed, cargo, heading, root};
use crate::tools;

/// Of oha; a change installs anew.
const OHA: &str = "1.16.0";

/// Installs wrk and oha unless they are there already, as they are to be measured.
pub fn install() -> Result<(), Failed> {
    install_oha("oha", &[])?;
    tools::install_wrk()
}

/// Installs oha for tests unless it is there already. They ask it of servers that take far longer than oha does itself, so
/// it need not be optimised, which takes longer to compile.
pub fn install_unoptimised_oha() -> Result<(), Failed> {
    install_oha("oha-unoptimised", &["--debug", "--config", "profile.dev.debug=false"])
}

/// With its default features: this version does not compile without TLS.
fn install_oha(name: &str, options: &[&str]) -> Result<(), Failed> {
    let home = root().join("target/tools").join(name);
    if !home.join("bin/oha").exists() {
        heading("oha, which takes some minutes to compile");
    }
    let home = home.to_string_lossy();
    let version = format!("={OHA}");
    let arguments = ["install", "oha", "--version", &version, "--locked", "--root", &home, "--quiet"];
    cargo(&[&arguments[..], options].concat())
}
