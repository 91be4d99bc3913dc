//! The same questions to MiniStack and to the embedded cloud; what they disagree about stands, with who is right, in
//! `differences.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::MiniStack;
use crate::support::{Bench, text, workspace};

#[derive(Deserialize)]
struct Differences {
    #[serde(rename = "type")]
    types: Vec<Types>,
    observation: Vec<Observation>,
    limit: Vec<Limit>,
}

#[derive(Deserialize)]
struct Types {
    names: Vec<String>,
    ministack: String,
    source: String,
}

#[derive(Deserialize)]
struct Observation {
    at: Vec<String>,
    ministack: String,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
struct Limit {
    what: String,
    ministack: String,
    source: String,
}

type Observations = BTreeMap<String, Value>;

fn settled() -> Differences {
    toml::from_str(include_str!("differences.toml")).unwrap()
}

/// What one of the scripts beside this file finds out about a cloud.
fn ask(script: &str, endpoint: &str) -> Observations {
    let python = workspace().join("target/tools/python/bin/python");
    assert!(python.exists(), "boto3 is not installed: run `cargo xtask tools`");
    let script = workspace().join("deploy/tests/ministack").join(script);
    let output = Command::new(python).arg("-B").arg(script).arg(endpoint).output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Observations of which the clouds disagree, with what the first gives; a missing one is `null`.
fn disagreements(theirs: &Observations, ours: &Observations) -> Observations {
    let names = theirs.keys().chain(ours.keys());
    let told = |from: &Observations, name: &String| from.get(name).cloned().unwrap_or_default();
    names
        .filter(|name| theirs.get(*name) != ours.get(*name))
        .map(|name| (name.clone(), told(theirs, name)))
        .collect()
}

/// Keeps what was found out for the table of fidelity.
fn keep(name: &str, facts: &Value) {
    let folder = workspace().join("target/fidelity");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), facts.to_string()).unwrap();
}

#[test]
fn a_stack_lives_alike_in_both_clouds() {
    let cloud = MiniStack::start();
    let theirs = ask("lifecycle.py", &cloud.endpoint);
    let bench = Bench::new();
    bench.ok(&["local", "start"]);
    let endpoint = bench.json(&["local", "status"])["endpoint"].as_str().unwrap().to_owned();
    let ours = ask("lifecycle.py", &endpoint);
    bench.ok(&["local", "stop"]);

    let settled = settled();
    let known: Observations = settled
        .observation
        .iter()
        .flat_map(|one| one.at.iter().map(|at| (at.clone(), serde_json::from_str(&one.ministack).unwrap())))
        .collect();
    assert_eq!(disagreements(&theirs, &ours), known);
    // The comparison notices a status that is not the same.
    let mut spoilt = ours.clone();
    spoilt.insert("failed update: status".into(), json!("UPDATE_COMPLETE"));
    assert_eq!(disagreements(&ours, &spoilt).len(), 1);
    let differences: Vec<Value> = settled
        .observation
        .iter()
        .map(|one| json!({"about": one.at, "ministack": one.ministack, "reason": one.reason, "source": one.source}))
        .collect();
    let limits: Vec<Value> = settled
        .limit
        .iter()
        .map(|one| json!({"about": one.what, "ministack": one.ministack, "source": one.source}))
        .collect();
    let agreed = ours.len() - ours.iter().filter(|(name, told)| theirs.get(*name) != Some(*told)).count();
    keep(
        "ministack-lifecycle.json",
        &json!({"agreed": agreed, "differences": differences, "limits": limits}),
    );
}

#[test]
fn it_creates_the_types_of_our_templates_that_it_knows() {
    let cloud = MiniStack::start();
    let verdicts = ask("created.py", &cloud.endpoint);
    let refused: BTreeMap<&str, &str> = verdicts
        .iter()
        .map(|(name, verdict)| (name.as_str(), verdict.as_str().unwrap()))
        .filter(|(_, verdict)| *verdict != "created")
        .collect();
    let settled = settled();
    let known: BTreeMap<&str, &str> = settled
        .types
        .iter()
        .flat_map(|one| {
            assert!(one.source.starts_with("https://docs.aws.amazon.com/"), "{}", one.source);
            one.names.iter().map(|name| (name.as_str(), one.ministack.as_str()))
        })
        .collect();
    assert_eq!(refused, known, "{verdicts:#?}");
    assert!(verdicts.len() - refused.len() > 30, "{verdicts:#?}");
    keep("ministack-types.json", &json!(verdicts));
}
