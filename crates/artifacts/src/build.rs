//! From sources to packages.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::cache::Cache;
use crate::cargo::{self, Compiled};
use crate::image::Image;
use crate::{Architecture, Artifact, Digest, Flavor, Workspace};

/// Something that happened during a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildEvent {
    /// Compiling starts.
    Started {
        /// What will be built.
        artifacts: Vec<Artifact>,
    },
    /// A line that the compiler printed, such as `Compiling workload v0.1.0`.
    Compiler {
        /// The line, without its end.
        line: String,
    },
    /// An artifact is packed, or was already.
    Packed {
        /// The artifact.
        artifact: Artifact,
        /// The size of the package in bytes.
        size: u64,
        /// Whether nothing had to be compiled and nothing packed.
        cached: bool,
    },
}

/// A built artifact.
#[derive(Clone, Debug)]
pub struct Built {
    /// What was built.
    pub artifact: Artifact,
    /// The package.
    pub package: Package,
    /// Where the package is kept: a file, or a directory in the OCI image layout.
    pub path: PathBuf,
    /// Whether nothing had to be compiled and nothing packed.
    pub cached: bool,
    /// How long this artifact took. Artifacts that are compiled together share the time of the compiler.
    pub elapsed: Duration,
}

impl Built {
    /// The size of the package in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.package {
            Package::Zip { bytes, .. } | Package::Program { bytes, .. } => bytes.len() as u64,
            Package::Image(image) => image.size(),
        }
    }

    /// The digest of the package: of the file, or of the image's manifest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match &self.package {
            Package::Zip { digest, .. } | Package::Program { digest, .. } => *digest,
            Package::Image(image) => image.digest(),
        }
    }
}

/// What is uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    /// The zip of a Lambda function.
    Zip {
        /// The SHA-256 of the zip.
        digest: Digest,
        /// The zip.
        bytes: bytes::Bytes,
    },
    /// A program as the compiler made it.
    Program {
        /// The SHA-256 of the program.
        digest: Digest,
        /// The program.
        bytes: bytes::Bytes,
    },
    /// A container image.
    Image(Image),
}

/// A build that did not succeed.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The sources are nowhere to be found.
    #[error(
        "the sources of the programs to deploy were not found: run inside the workspace, or set {variable} to its directory"
    )]
    NoWorkspace {
        /// The variable that names the workspace.
        variable: &'static str,
    },
    /// A directory is not the workspace.
    #[error("{} is not the workspace: set {variable} to the directory with Cargo.toml, crates/lambda and crates/container", .path.display())]
    NotAWorkspace {
        /// The directory.
        path: PathBuf,
        /// The variable that names the workspace.
        variable: &'static str,
    },
    /// Cargo cannot be started.
    #[error(
        "cargo cannot be started ({program}): {source}; install Rust from https://rustup.rs, or set CARGO to its cargo"
    )]
    CargoMissing {
        /// What was to be started.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Cargo failed.
    #[error("{artifacts} did not compile (cargo exit status {status}):\n{last_lines}")]
    Compile {
        /// What was to be built.
        artifacts: String,
        /// The exit status of cargo.
        status: String,
        /// The last lines that cargo printed.
        last_lines: String,
    },
    /// Cargo did not end in time.
    #[error("{artifacts} did not compile within {} min", .after.as_secs() / 60)]
    TimedOut {
        /// What was to be built.
        artifacts: String,
        /// How long was waited.
        after: Duration,
    },
    /// Cargo succeeded without saying where the program is.
    #[error("cargo built {artifact} but named no program for it")]
    NoProgram {
        /// What was to be built.
        artifact: Artifact,
    },
    /// This machine cannot compile for an architecture.
    #[error("programs for {architecture} cannot be built here: {missing}; {hint}")]
    TargetMissing {
        /// The architecture.
        architecture: Architecture,
        /// What is missing.
        missing: String,
        /// How to get it.
        hint: String,
    },
    /// A program could not be packed.
    #[error("{artifact} cannot be packed: {reason}")]
    Pack {
        /// What was to be packed.
        artifact: Artifact,
        /// What is wrong.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Builds artifacts and packs them, in the order given.
///
/// For this machine all programs are compiled by one run of Cargo with the profile of the running program; for AWS each is
/// compiled optimised and static. Packages are kept below Cargo's target directory under the digest of their program and
/// are not packed again. Dropping the future ends Cargo.
///
/// # Errors
/// [`BuildError`].
pub async fn build(
    workspace: &Workspace,
    artifacts: &[Artifact],
    flavor: Flavor,
    on_event: &(dyn Fn(BuildEvent) + Send + Sync),
) -> Result<Vec<Built>, BuildError> {
    if artifacts.is_empty() {
        return Ok(Vec::new());
    }
    on_event(BuildEvent::Started { artifacts: artifacts.to_vec() });
    let target = cargo::target_directory(workspace).await?;
    let cache = Cache::in_directory(&target);
    let mut built = Vec::with_capacity(artifacts.len());
    for compiled in cargo::compile(workspace, &target, artifacts, flavor, on_event).await? {
        let packed = pack(&cache, compiled, flavor).await?;
        on_event(BuildEvent::Packed {
            artifact: packed.artifact.clone(),
            size: packed.size(),
            cached: packed.cached,
        });
        built.push(packed);
    }
    Ok(built)
}

/// Packing is minutes of work for the processor in an unoptimised program, so it gets a thread of its own.
async fn pack(cache: &Cache, compiled: Compiled, flavor: Flavor) -> Result<Built, BuildError> {
    let started = Instant::now();
    let cache = cache.clone();
    let artifact = compiled.artifact.clone();
    let packing = tokio::task::spawn_blocking(move || {
        let kept = cache.package(&compiled.artifact, &compiled.program, flavor)?;
        Ok(Built {
            artifact: compiled.artifact,
            package: kept.package,
            path: kept.path,
            cached: compiled.fresh && kept.was_there,
            elapsed: compiled.elapsed + started.elapsed(),
        })
    });
    packing.await.unwrap_or_else(|error| Err(BuildError::Pack { artifact, reason: error.to_string() }))
}
