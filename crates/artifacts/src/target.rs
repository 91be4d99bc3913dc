//! Whether this machine can compile for an architecture.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use crate::{Architecture, BuildError};

/// Whether programs for the architecture's Linux are native here.
pub(crate) fn is_host(architecture: Architecture) -> bool {
    cfg!(all(target_os = "linux", target_env = "gnu")) && architecture == Architecture::host()
}

/// Checks that the compiler has the architecture's standard library and that there is a linker for it.
///
/// # Errors
/// [`BuildError::TargetMissing`] with what to install.
pub(crate) async fn require(architecture: Architecture) -> Result<(), BuildError> {
    if is_host(architecture) {
        return Ok(());
    }
    let target = architecture.target();
    let missing = |missing: String, hint: String| BuildError::TargetMissing { architecture, missing, hint };
    if !standard_library(target).await.is_some_and(|directory| directory.is_dir()) {
        return Err(missing(
            format!("the Rust target {target} is not installed"),
            format!("install it with: rustup target add {target}"),
        ));
    }
    let variable = format!("CARGO_TARGET_{}_LINKER", target.to_ascii_uppercase().replace('-', "_"));
    let linker = format!("{}-linux-gnu-gcc", target.split('-').next().unwrap_or_default());
    if std::env::var_os(&variable).is_none() && !on_path(&linker) {
        return Err(missing(
            format!("there is no linker {linker}"),
            format!(
                "install it, on Debian with: apt-get install gcc-{}-linux-gnu, or name another in {variable}",
                architecture_of(&linker)
            ),
        ));
    }
    Ok(())
}

fn architecture_of(linker: &str) -> String {
    linker.split('-').next().unwrap_or_default().replace('_', "-")
}

async fn standard_library(target: &str) -> Option<PathBuf> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|directory| directory.join(program).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_native_architecture_needs_nothing() {
        require(Architecture::host()).await.unwrap();
    }

    #[tokio::test]
    async fn a_missing_standard_library_is_seen() {
        assert_eq!(standard_library("no-such-target").await, None);
        let host = if cfg!(target_arch = "aarch64") {
            "aarch64-unknown-linux-gnu"
        } else {
            "x86_64-unknown-linux-gnu"
        };
        assert!(standard_library(host).await.unwrap().is_dir());
    }
}
