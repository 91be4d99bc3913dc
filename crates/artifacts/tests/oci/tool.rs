//! Where the programs are.

use std::path::PathBuf;

/// A program that `cargo xtask tools` installs, found where it puts it or else on `PATH`.
pub fn tool(name: &str) -> PathBuf {
    let installed = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories = std::iter::once(installed).chain(std::env::split_paths(&path));
    let program = directories.find_map(|directory| Some(directory.join(name)).filter(|path| path.is_file()));
    program.unwrap_or_else(|| panic!("{name} is not installed: run `cargo xtask tools`"))
}
