//! Other people's load generators, which `cargo bench -p load` measures ours against, in `target/tools`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::step::{Failed, cargo, heading, root, run, run_in};

/// Of oha; a change installs anew.
const OHA: &str = "1.16.0";
/// wrk and the interpreter that it is linked with, as Debian names them.
const WRK: [&str; 2] = ["wrk", "libluajit-5.1-2"];
/// Starts wrk with the libraries that were unpacked next to it.
const WRK_SCRIPT: &str = "#!/bin/sh
here=$(dirname \"$0\")
LD_LIBRARY_PATH=$(echo \"$here\"/usr/lib/*-linux-gnu) exec \"$here/usr/bin/wrk\" \"$@\"
";

/// Installs wrk and oha unless they are there already.
pub fn install() -> Result<(), Failed> {
    install_oha()?;
    install_wrk()
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

/// Takes Debian's package, which is unpacked instead of installed: that needs no root. Debian has one version at a time, so
/// it is told instead of pinned.
fn install_wrk() -> Result<(), Failed> {
    let home = home("wrk");
    let program = home.join("wrk");
    if program.exists() {
        return Ok(());
    }
    heading("wrk");
    let wrong = |path: &Path, action| {
        let path = path.to_owned();
        move |source| Failed::File { path, action, source }
    };
    fs::create_dir_all(&home).map_err(wrong(&home, "created"))?;
    let download = || run_in(&home, "apt-get", &[&["--quiet", "download"], &WRK[..]].concat());
    if download().is_err() {
        // A fresh machine may not know yet what Debian has.
        run_in(&home, "apt-get", &["--quiet", "update"])?;
        download()?;
    }
    let files = fs::read_dir(&home).map_err(wrong(&home, "read"))?;
    let files = files.filter_map(|entry| Some(entry.ok()?.path()));
    for package in files.filter(|file| file.extension().is_some_and(|extension| extension == "deb")) {
        run_in(&home, "dpkg-deb", &["--extract", &package.to_string_lossy(), "."])?;
    }
    fs::write(&program, WRK_SCRIPT).map_err(wrong(&program, "written"))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .map_err(wrong(&program, "made to run"))?;
    // Shows a library that is missing now instead of in the middle of a benchmark; wrk ends with 1 after its version.
    run("sh", &["-c", &format!("{} --version | head -n 1 | grep wrk", program.display())])
}
