//! Programs of other people that the tests ask for their opinion, pinned where that can be, in `target/tools`.

mod debian;
pub mod npm;
pub mod python;
mod system;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use crate::bench_tools;
use crate::step::{Failed, root};

use debian::Program;
pub use debian::programs;

/// What Debian has of them: a server, a registry, a client of registries, what runs containers.
const PROGRAMS: [Program; 4] = [
    Program { name: "nginx", package: "nginx", version: "-v" },
    Program { name: "docker-registry", package: "docker-registry", version: "--version" },
    Program { name: "skopeo", package: "skopeo", version: "--version" },
    Program { name: "runc", package: "runc", version: "--version" },
];
/// Its load generator, which is measured against ours together with one that is no package.
const WRK: Program = Program { name: "wrk", package: "wrk", version: "--version" };

/// Installs the tools unless they are there already.
pub fn install() -> Result<(), Failed> {
    thread::scope(|scope| {
        // Others wait for servers for much of the time that this one needs to compile.
        let oha = scope.spawn(bench_tools::install_unoptimised_oha);
        let others = install_others();
        oha.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(others)
    })
}

fn install_others() -> Result<(), Failed> {
    install_packages()?;
    PROGRAMS.iter().chain([&WRK]).try_for_each(debian::install)?;
    system::install()
}

/// Installs those of the tools that are packages of a language: what opinions need, and never root.
pub fn install_packages() -> Result<(), Failed> {
    python::install()?;
    npm::install()
}

/// Installs wrk alone.
pub fn install_wrk() -> Result<(), Failed> {
    debian::install(&WRK)
}

/// Where a kind of tool lives.
fn home(kind: &str) -> PathBuf {
    root().join("target/tools").join(kind)
}

/// A program of this machine, also where only administrators look for programs.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from));
    directories.map(|directory| directory.join(name)).find(|program| program.is_file())
}

/// What was installed last in a home: the text that pins it, written when the installation was complete.
struct Stamp<'a> {
    home: &'a Path,
    pins: &'a str,
}

impl Stamp<'_> {
    fn path(&self) -> PathBuf {
        self.home.join("installed.txt")
    }

    fn holds(&self) -> bool {
        fs::read_to_string(self.path()).is_ok_and(|installed| installed == self.pins)
    }

    fn write(&self) -> Result<(), Failed> {
        let path = self.path();
        fs::write(&path, self.pins).map_err(|source| Failed::File { path, action: "written", source })
    }
}
