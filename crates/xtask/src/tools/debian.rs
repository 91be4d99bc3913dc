//! Programs of Debian's packages, which are unpacked instead of installed: that needs no root.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Stamp, find, home};
use crate::step::{Failed, answer, heading, run, run_in};

/// The package lists of a slow mirror take this long to think about.
const LIMIT: Duration = Duration::from_mins(2);

/// A program that Debian has.
pub struct Program {
    pub name: &'static str,
    pub package: &'static str,
    /// What asks it for its version.
    pub version: &'static str,
}

/// Shows that a program starts, and its version: Debian has one at a time, so that it is told instead of pinned. Some end
/// with 1 after it, some write it to stderr, and where a library is missing, that is said in words that hold a number too.
const TELL_VERSION: &str =
    r#""$0" "$1" 2>&1 | grep --invert-match error | grep --max-count 1 '[0-9][.][0-9]'"#;

/// Where links to the programs are, for `PATH`.
pub fn programs() -> PathBuf {
    home("bin")
}

/// Takes this machine's program, else Debian's package with the libraries that this machine lacks.
pub fn install(program: &Program) -> Result<(), Failed> {
    let link = programs().join(program.name);
    // `exists` follows the link: a program that was removed since is sought anew.
    if !link.exists() {
        heading(program.name);
        remove(&link)?;
        fs::create_dir_all(programs()).map_err(wrong(&programs(), "created"))?;
        match find(program.name) {
            Some(own) => symlink(own, &link).map_err(wrong(&link, "linked"))?,
            None => unpack(program, &link)?,
        }
    }
    run("sh", &["-c", TELL_VERSION, &link.to_string_lossy(), program.version])
}

fn unpack(program: &Program, link: &Path) -> Result<(), Failed> {
    let home = home(program.package);
    let stamp = Stamp { home: &home, pins: program.package };
    if !stamp.holds() {
        if home.exists() {
            fs::remove_dir_all(&home).map_err(wrong(&home, "removed"))?;
        }
        fs::create_dir_all(&home).map_err(wrong(&home, "created"))?;
        if download(program.package, &home).is_err() {
            // A fresh machine may not know yet what Debian has.
            run_in(&home, "apt-get", &["--quiet", "update"])?;
            download(program.package, &home)?;
        }
        for package in files(&home)?.iter().filter(|file| file.extension().is_some_and(|end| end == "deb")) {
            run_in(&home, "dpkg-deb", &["--extract", &package.to_string_lossy(), "."])?;
        }
        stamp.write()?;
    }
    let unpacked = ["usr/bin", "usr/sbin"].map(|directory| home.join(directory).join(program.name));
    let unpacked = unpacked.iter().find(|path| path.is_file());
    let unpacked = unpacked.ok_or_else(|| wrong(&home, "searched")(std::io::ErrorKind::NotFound.into()))?;
    fs::write(link, script(&home, unpacked)).map_err(wrong(link, "written"))?;
    fs::set_permissions(link, fs::Permissions::from_mode(0o755)).map_err(wrong(link, "made to run"))
}

/// Starts a program, in the script's own process, with the libraries that were unpacked with it.
fn script(home: &Path, program: &Path) -> String {
    let below = |path: &Path| {
        let path = path.strip_prefix(home.parent().unwrap_or(home)).unwrap_or(path);
        format!("$tools/{}", path.display())
    };
    let mut libraries = Vec::new();
    for directory in ["usr/lib", "lib"].map(|directory| home.join(directory)) {
        // A program may need none.
        let found = files(&directory).unwrap_or_default();
        libraries.extend(
            found
                .iter()
                .filter(|path| path.to_string_lossy().ends_with("-linux-gnu"))
                .map(|path| below(path)),
        );
    }
    format!(
        "#!/bin/sh\ntools=$(dirname \"$(readlink -f \"$0\")\")/..\nLD_LIBRARY_PATH=\"{}\" exec \"{}\" \"$@\"\n",
        libraries.join(":"),
        below(program)
    )
}

/// Downloads a package and what it depends on, without what this machine has.
fn download(package: &str, home: &Path) -> Result<(), Failed> {
    let plan = answer("apt-get", &["--simulate", "--no-install-recommends", "install", package], LIMIT)?;
    let missing = missing(&plan);
    run_in(home, "apt-get", &[&["--quiet", "download"], &missing[..]].concat())
}

/// The packages that would be installed: lines such as `Inst wrk (4.1.0-3 Debian:12.14/oldstable [amd64])`.
fn missing(plan: &str) -> Vec<&str> {
    plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next()).collect()
}

fn remove(link: &Path) -> Result<(), Failed> {
    match fs::remove_file(link) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(wrong(link, "removed")(source)),
        _ => Ok(()),
    }
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, Failed> {
    let entries = fs::read_dir(directory).map_err(wrong(directory, "read"))?;
    Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
}

fn wrong(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Failed + use<> {
    let path = path.to_owned();
    move |source| Failed::File { path, action, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_what_would_be_installed() {
        let plan = "Reading package lists...\nThe following NEW packages will be installed:\n  wrk\n\
            Inst libluajit-5.1-2 (2.1.0 Debian:12.14/oldstable [amd64])\n\
            Inst wrk (4.1.0-3+b2 Debian:12.14/oldstable [amd64])\nConf wrk (4.1.0-3+b2 Debian:12.14 [amd64])\n";
        assert_eq!(missing(plan), ["libluajit-5.1-2", "wrk"]);
        assert!(missing("wrk is already the newest version").is_empty());
    }
}
