//! Programs of other people that the tests ask for their opinion, pinned where that can be, in `target/tools`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::step::{Failed, heading, root, run, run_in};

/// The pinned Python packages; a change of this text installs anew.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

fn python_home() -> PathBuf {
    root().join("target/tools/python")
}

fn nginx_home() -> PathBuf {
    root().join("target/tools/nginx")
}

/// Where the programs are that tests look for on `PATH`.
pub fn programs() -> PathBuf {
    nginx_home().join("usr/sbin")
}

/// Installs the tools unless they are there already.
pub fn install() -> Result<(), Failed> {
    install_python_packages()?;
    install_nginx()?;
    // Debian has one version at a time, so the one that is used is told instead of pinned.
    run(&programs().join("nginx").to_string_lossy(), &["-v"])
}

fn install_python_packages() -> Result<(), Failed> {
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

/// Takes this machine's nginx, else Debian's package, of which only the program is unpacked: that needs no root.
fn install_nginx() -> Result<(), Failed> {
    let program = programs().join("nginx");
    if program.exists() {
        return Ok(());
    }
    heading("nginx");
    let wrong = |path: &Path, action| {
        let path = path.to_owned();
        move |source| Failed::File { path, action, source }
    };
    let home = nginx_home();
    if home.exists() {
        fs::remove_dir_all(&home).map_err(wrong(&home, "removed"))?;
    }
    fs::create_dir_all(programs()).map_err(wrong(&home, "created"))?;
    if let Some(own) = find("nginx") {
        return std::os::unix::fs::symlink(own, &program).map_err(wrong(&program, "linked"));
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

/// A program of this machine, also where only administrators look for programs.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from));
    directories.map(|directory| directory.join(name)).find(|program| program.is_file())
}

/// Asks cfn-lint about every template; its warnings count.
pub fn lint_templates() -> Result<(), Failed> {
    let cfn_lint = python_home().join("bin/cfn-lint").to_string_lossy().into_owned();
    run(
        &cfn_lint,
        &["--non-zero-exit-code", "warning", "templates/foundation/*.yaml", "templates/variants/*.yaml"],
    )
}
