//! Where the sources are.

use std::path::{Path, PathBuf};

use crate::BuildError;

/// The variable that names the workspace.
pub(crate) const VARIABLE: &str = "DEPLOY_WORKSPACE";

/// The workspace that the shipped programs are built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
    target_directory: Option<PathBuf>,
}

impl Workspace {
    /// The workspace that `DEPLOY_WORKSPACE` names, else the one around the current directory, else the one that this
    /// program was compiled in.
    ///
    /// # Errors
    /// [`BuildError::NotAWorkspace`] when `DEPLOY_WORKSPACE` names something else, [`BuildError::NoWorkspace`] when there
    /// is none anywhere.
    pub fn find() -> Result<Workspace, BuildError> {
        if let Some(named) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            return Workspace::at(Path::new(&named));
        }
        let around = std::env::current_dir().ok().and_then(|directory| {
            directory.ancestors().find(|path| is_workspace(path)).map(Path::to_path_buf)
        });
        let compiled_in =
            || Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|path| is_workspace(path));
        around
            .or_else(|| compiled_in().map(Path::to_path_buf))
            .map(|root| Workspace { root, target_directory: None })
            .ok_or(BuildError::NoWorkspace { variable: VARIABLE })
    }

    /// The workspace with a root directory.
    ///
    /// # Errors
    /// [`BuildError::NotAWorkspace`].
    pub fn at(root: &Path) -> Result<Workspace, BuildError> {
        if is_workspace(root) {
            Ok(Workspace { root: root.to_path_buf(), target_directory: None })
        } else {
            Err(BuildError::NotAWorkspace { path: root.to_path_buf(), variable: VARIABLE })
        }
    }

    /// The same workspace, compiled into a directory other than the one that Cargo's own settings name.
    #[must_use]
    pub fn with_target_directory(self, directory: PathBuf) -> Workspace {
        Workspace { target_directory: Some(directory), ..self }
    }

    pub(crate) fn target_directory(&self) -> Option<&Path> {
        self.target_directory.as_deref()
    }

    /// The root directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// The workspace is known by the packages that it must have; any other Cargo workspace will not do.
fn is_workspace(path: &Path) -> bool {
    ["Cargo.toml", "crates/lambda/Cargo.toml", "crates/container/Cargo.toml"]
        .iter()
        .all(|file| path.join(file).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_found() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root().join("crates/artifacts/Cargo.toml").is_file());
    }

    #[test]
    fn a_directory_that_is_no_workspace_is_named_with_the_way_out() {
        let directory = tempfile::tempdir().unwrap();
        let error = Workspace::at(directory.path()).unwrap_err().to_string();
        assert!(
            error.contains(&directory.path().display().to_string()) && error.contains(VARIABLE),
            "{error}"
        );
    }
}
