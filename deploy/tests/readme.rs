//! Every command that the README shows for `deploy`, in its order.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use catalog::Catalog;
use support::{Bench, text, workspace};

/// The lines of the README's shell blocks that call `deploy`, split into words.
fn commands() -> Vec<Vec<String>> {
    let readme = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    readme
        .split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.strip_prefix("sh\n"))
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("deploy "))
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[test]
fn every_command_of_the_readme_works() {
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    let bench = Bench::new();
    let account = Bench::new();
    account.ok(&["local", "start"]);
    let endpoint = account.json(&["local", "status"])["endpoint"].as_str().unwrap().to_owned();
    let profiles = bench.work.path().join("aws-config");
    std::fs::write(
        &profiles,
        format!(
            "[profile sandbox]\nregion = us-east-1\naws_access_key_id = test\naws_secret_access_key = test\n\
             endpoint_url = {endpoint}\n"
        ),
    )
    .unwrap();
    for words in commands {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = bench.command(&words);
        if words.contains(&"aws") {
            command.env("AWS_CONFIG_FILE", &profiles);
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "deploy {}\n{}\n{}",
            words.join(" "),
            text(&output.stdout),
            text(&output.stderr)
        );
    }
    bench.assert_bare();
}

#[test]
fn the_readmes_two_commands_are_the_aliases_that_exist() {
    let readme = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    let aliases = std::fs::read_to_string(workspace().join(".cargo/config.toml")).unwrap();
    let ci = std::fs::read_to_string(workspace().join(".ci/run")).unwrap();
    assert!(readme.contains("cargo run --release -- run"));
    assert!(
        readme.contains("cargo xtask test") && aliases.contains("xtask =") && ci.contains("cargo xtask test")
    );
}

/// The names in a row's last cell are the tunables of the variant in its first.
#[test]
fn the_readmes_table_of_variants_is_that_of_the_templates() {
    let readme = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    let rows: BTreeMap<&str, BTreeSet<&str>> = readme
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ");
            let (id, _, tunables) = (cells.next()?.strip_suffix('`')?, cells.next()?, cells.next()?);
            Some((id, tunables.split(", ").collect()))
        })
        .collect();
    let catalog = Catalog::builtin().unwrap();
    for variant in catalog.variants() {
        let row = rows.get(variant.id.as_str());
        let row = row.unwrap_or_else(|| panic!("README.md's table lacks {}", variant.id));
        let tunables: BTreeSet<&str> = variant.tunables.keys().map(String::as_str).collect();
        assert_eq!(*row, tunables, "README.md's row of {}", variant.id);
    }
    assert_eq!(rows.len(), catalog.variants().len(), "{:?}", rows.keys());
}
