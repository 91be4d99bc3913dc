//! Scripts of ours in the language of the program that they ask; each writes its verdict, or its complaints, to stdout.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::step::{Failed, answer, root};
use crate::tools::{npm, python};

/// Each takes a few seconds on two cores; one that waits for something is not to hold up the rest.
const LIMIT: Duration = Duration::from_mins(2);

fn path(script: &str) -> String {
    root().join("crates/xtask/scripts").join(script).to_string_lossy().into_owned()
}

/// Runs a script in Python with the pinned packages and gives what it wrote.
pub fn python(script: &str) -> Result<String, Failed> {
    let interpreter = python::program("python").to_string_lossy().into_owned();
    // Without -B it would leave its bytecode among the sources.
    answer(&interpreter, &["-B", &path(script)], LIMIT).map(|said| said.trim_end().to_owned())
}

/// Runs a script in JavaScript, which is told where the pinned packages are, with these arguments, and gives what it wrote.
pub fn javascript(script: &str, arguments: &[&str]) -> Result<String, Failed> {
    let (script, modules) = (path(script), npm::modules().to_string_lossy().into_owned());
    let line: Vec<&str> = [script.as_str(), &modules].into_iter().chain(arguments.iter().copied()).collect();
    answer("node", &line, LIMIT).map(|said| said.trim_end().to_owned())
}

/// Keeps what one script wrote where another can read it.
pub fn keep(name: &str, text: &str) -> Result<PathBuf, Failed> {
    let folder = root().join("target/tools/opinions");
    let wrong = |path: &Path, action| {
        let path = path.to_owned();
        move |source| Failed::File { path, action, source }
    };
    fs::create_dir_all(&folder).map_err(wrong(&folder, "created"))?;
    let path = folder.join(name);
    fs::write(&path, text).map_err(wrong(&path, "written"))?;
    Ok(path)
}
