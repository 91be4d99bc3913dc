//! The rules that hold the workspace together, each as a test.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates each crate may use. Whatever is not listed here may not be used.
const ALLOWED: &[(&str, &[&str])] = &[
    ("artifacts", &["signed-http"]),
    ("asl", &[]),
    ("catalog", &["cloudformation"]),
    ("cloudformation", &[]),
    ("container", &["workload"]),
    ("data-plane", &["vtl"]),
    ("lambda", &["workload"]),
    ("load", &[]),
    ("local-cloud", &["asl", "cloudformation", "data-plane"]),
    ("report", &[]),
    ("signed-http", &[]),
    ("stacks", &["signed-http"]),
    ("vtl", &[]),
    ("workload", &["signed-http"]),
    ("xtask", &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Our crates and, for each, which of ours it uses outside its tests.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    packages
        .iter()
        .map(|package| {
            let used = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().unwrap())
                .filter(|name| ours.contains(name))
                .map(str::to_owned)
                .collect();
            (package["name"].as_str().unwrap().to_owned(), used)
        })
        .collect()
}

/// Every file below `folder` with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn dependencies_point_downwards() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    for (name, used) in crates() {
        if name == "deploy" {
            continue;
        }
        let allowed = allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no row in ALLOWED"));
        for other in used {
            assert!(allowed.contains(&other.as_str()), "{name} may not depend on {other}");
        }
    }
}

#[test]
fn every_crate_has_a_line_in_the_code_map() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for name in crates().keys() {
        assert!(readme.contains(&format!("`{name}`")), "README.md's code map lacks `{name}`");
    }
}

#[test]
fn no_source_outside_tests_names_a_variant() {
    let variants: Vec<String> = files(&root().join("templates/variants"), "yaml")
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(!variants.is_empty());
    let mut sources = files(&root().join("deploy/src"), "rs");
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        sources.extend(files(&entry.unwrap().path().join("src"), "rs"));
    }
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in product.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            for variant in &variants {
                assert!(
                    is_comment || !line.contains(variant.as_str()),
                    "{}:{} names the variant {variant}: a variant is one YAML file",
                    source.display(),
                    number + 1
                );
            }
        }
    }
}

#[test]
fn no_file_outgrows_its_noun() {
    let mut sources = files(&root().join("deploy"), "rs");
    sources.extend(files(&root().join("crates"), "rs"));
    let long: Vec<String> = sources
        .iter()
        .filter_map(|path| {
            let lines = fs::read_to_string(path).unwrap().lines().count();
            (lines > 600).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "split at 600 lines: {long:#?}");
}
