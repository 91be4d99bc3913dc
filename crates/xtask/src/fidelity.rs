//! `docs/fidelity.md`: how far the embedded cloud is like AWS, told by what the tests found out. They leave their facts in
//! `target/fidelity`; the page is made of those alone.

mod facts;
mod page;

use std::fs;
use std::path::PathBuf;

use crate::step::{Failed, root};

use facts::Facts;

/// Where tests leave what they found out.
fn folder() -> PathBuf {
    root().join("target/fidelity")
}

/// Forgets what earlier runs found out, so that a page tells of this run alone.
pub fn forget() -> Result<(), Failed> {
    let path = folder();
    match fs::remove_dir_all(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Failed::File { path, action: "removed", source })
        }
        _ => Ok(()),
    }
}

/// Writes the page anew and fails where it is not the one that was there: then the new one is to be looked at and kept.
pub fn tell() -> Result<String, Failed> {
    let facts = Facts::read(&folder())?;
    let page = page::render(&facts);
    let path = root().join("docs/fidelity.md");
    let before = fs::read_to_string(&path).unwrap_or_default();
    if before != page {
        fs::write(&path, &page).map_err(|source| Failed::File { path, action: "written", source })?;
        return Err(Failed::Fidelity);
    }
    Ok(format!(
        "docs/fidelity.md is as the tests found it: {} resource types, {} operations, {} known differences",
        facts.types.len(),
        facts.operations.values().map(|service| service.served.len()).sum::<usize>(),
        facts.differences.len(),
    ))
}
