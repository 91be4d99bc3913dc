//! nginx: this machine's, or else that of Debian's package.

use std::fs;
use std::path::{Path, PathBuf};

use super::{find, home};
use crate::step::{Failed, heading, run, run_in};

/// Where the programs are that tests look for on `PATH`.
pub fn programs() -> PathBuf {
    home("nginx").join("usr/sbin")
}

pub(super) fn install() -> Result<(), Failed> {
    let program = programs().join("nginx");
    if !program.exists() {
        unpack(&program)?;
    }
    // Debian has one version at a time, so the one that is used is told instead of pinned.
    run(&program.to_string_lossy(), &["-v"])
}

/// Takes this machine's nginx, else Debian's package, of which only the program is unpacked: that needs no root.
fn unpack(program: &Path) -> Result<(), Failed> {
    heading("nginx");
    let wrong = |path: &Path, action| {
        let path = path.to_owned();
        move |source| Failed::File { path, action, source }
    };
    let home = home("nginx");
    if home.exists() {
        fs::remove_dir_all(&home).map_err(wrong(&home, "removed"))?;
    }
    fs::create_dir_all(programs()).map_err(wrong(&home, "created"))?;
    if let Some(own) = find("nginx") {
        return std::os::unix::fs::symlink(own, program).map_err(wrong(program, "linked"));
    }
    let download = || run_in(&home, "apt-get", &["--quiet", "download", "nginx"]);
    if download().is_err() {
        // A fresh machine may not know yet what Debian has.
        run_in(&home, "apt-get", &["--quiet", "update"])?;
        download()?;
    }
    let package = fs::read_dir(&home)
        .map_err(wrong(&home, "read"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|file| file.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| wrong(&home, "filled")(std::io::ErrorKind::NotFound.into()))?;
    run_in(&home, "dpkg-deb", &["--extract", &package.to_string_lossy(), "."])
}
