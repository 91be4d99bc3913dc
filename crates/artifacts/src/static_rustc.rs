//! The compiler for programs that run on AWS, where no library of this machine is.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::BuildError;

/// The variable in which Cargo takes a program to call instead of the compiler, for the crates of the workspace alone:
/// <https://doc.rust-lang.org/cargo/reference/environment-variables.html#environment-variables-cargo-reads>
pub(crate) const VARIABLE: &str = "RUSTC_WORKSPACE_WRAPPER";

/// Only programs are linked statically. Flags for all crates, which Cargo has too, would compile every dependency once more.
const SCRIPT: &str = r#"#!/bin/sh
# Cargo calls this with the compiler and its arguments, and also to ask what can be compiled: without the flag, macros can.
case " $* " in
*" --print"*) ;;
*" --crate-name build_script_"*) ;;
*" --crate-type bin "*) set -- "$@" -C target-feature=+crt-static ;;
esac
exec "$@"
"#;

/// Puts the compiler under a directory, unless it is there.
///
/// # Errors
/// [`BuildError::File`].
pub(crate) fn under(directory: &Path) -> Result<PathBuf, BuildError> {
    // Cargo tells what it compiled by the name, so another script would need another name.
    let path = directory.join("static-rustc-1");
    if !path.exists() {
        write(directory, &path).map_err(|source| BuildError::File { path: path.clone(), source })?;
    }
    Ok(path)
}

/// Writes beside the place and then renames: no other build may find half a script, or one that is still open.
fn write(directory: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let file = tempfile::NamedTempFile::new_in(directory)?.into_temp_path();
    fs::write(&file, SCRIPT)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    file.persist(path).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called_with(arguments: &[&str]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let script = under(directory.path()).unwrap();
        assert_eq!(under(directory.path()).unwrap(), script, "it is there");
        let output = std::process::Command::new(script).arg("echo").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn programs_are_static_and_nothing_else_is() {
        let program = ["--crate-name", "publish", "--crate-type", "bin", "src/a b.rs"];
        assert_eq!(
            called_with(&program),
            "--crate-name publish --crate-type bin src/a b.rs -C target-feature=+crt-static"
        );
        for others in [
            ["--crate-name", "workload", "--crate-type", "lib"],
            ["--crate-name", "build_script_build", "--crate-type", "bin"],
        ] {
            assert_eq!(called_with(&others), others.join(" "));
        }
        assert_eq!(called_with(&["-vV"]), "-vV");
    }

    #[test]
    fn what_cargo_asks_the_compiler_is_answered_as_without_the_script() {
        let question =
            ["-", "--crate-name", "___", "--print=file-names", "--crate-type", "bin", "--crate-type"];
        let question = [&question[..], &["proc-macro", "--print=sysroot"]].concat();
        assert_eq!(called_with(&question), question.join(" "));
    }
}
