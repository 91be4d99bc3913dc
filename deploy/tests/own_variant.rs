//! A template in a directory of one's own is a variant like the others, without a change of any program.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::{Bench, text, workspace};

/// Another architecture for a workload, written from nothing.
const WRITTEN: &str = include_str!("own_variant/publish-mine.yaml");

/// A built-in variant that is changed as one would: another default, and a tunable that it does not have.
fn copied() -> String {
    let file = workspace().join("templates/variants/query-lambda.yaml");
    let mut body = fs::read_to_string(file).unwrap();
    for (from, to) in [
        ("Title: API Gateway + Lambda", "Title: My function"),
        ("      memory: MemorySize\n", "      memory: MemorySize\n      timeout: TimeoutSeconds\n"),
        (
            "Parameters:\n",
            "Parameters:\n  TimeoutSeconds: {Type: Number, Default: 15, MinValue: 3, MaxValue: 29, \
             Description: Seconds until a request is given up}\n",
        ),
        ("Type: Number, Default: 512, MinValue: 128", "Type: Number, Default: 256, MinValue: 128"),
        ("      Timeout: 15\n", "      Timeout: !Ref TimeoutSeconds\n"),
        ("${MemorySize} MB,", "${MemorySize} MB, ${TimeoutSeconds} s,"),
    ] {
        assert!(body.contains(from), "query-lambda.yaml has no {from:?}");
        body = body.replacen(from, to, 1);
    }
    body
}

/// A directory of templates that holds these variants.
fn directory(bench: &Bench, variants: &[(&str, &str)]) -> PathBuf {
    let directory = bench.work.path().join("my-templates");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(directory.join("variants")).unwrap();
    for (name, body) in variants {
        fs::write(directory.join("variants").join(name), body).unwrap();
    }
    directory
}

/// Each value of a list under the name that one of its members gives.
fn by<'v>(list: &'v Value, name: &str) -> BTreeMap<&'v str, &'v Value> {
    list.as_array().unwrap().iter().map(|one| (one[name].as_str().unwrap(), one)).collect()
}

#[test]
fn it_is_listed_shown_deployed_checked_redeployed_and_deleted() {
    let bench = Bench::new();
    let own = directory(&bench, &[("publish-mine.yaml", WRITTEN), ("query-mine.yaml", &copied())]);
    let own = ["--templates", own.to_str().unwrap()];
    let with = |arguments: &[&'static str]| [arguments, &own].concat();

    let listed = bench.json(&with(&["list"]));
    let ids: BTreeSet<&str> = by(&listed, "variant").into_keys().collect();
    let built_in = bench.json(&["list"]);
    let mut expected: BTreeSet<&str> = by(&built_in, "variant").into_keys().collect();
    assert!(expected.insert("publish-mine") && expected.insert("query-mine"));
    assert_eq!(ids, expected);
    let shown = bench.json(&with(&["show", "publish-mine"]));
    assert_eq!(shown["needs"], json!(["artifacts", "topic"]), "{shown}");
    assert_eq!(shown["hops"], json!(["App Runner", "SNS"]));
    assert_eq!(bench.ok(&with(&["show", "publish-mine", "--template"])).trim_end(), WRITTEN.trim_end());
    let help = bench.ok(&with(&["redeploy", "query-mine", "--help"]));
    assert!(help.contains("Seconds until a request is given up (3 to 29) [default: 15]"), "{help}");

    let chosen = ["publish-direct", "publish-mine", "query-direct", "query-mine"];
    let up = bench.json(&with(&[&["up"], &chosen[..]].concat()));
    for variant in chosen {
        let one = by(&up["variants"], "variant")[variant];
        assert_eq!(one["state"], "created", "{one}");
        assert!(one["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{one}");
    }
    let check = bench.json(&with(&["check"]));
    for (workload, variants) in
        [("publish", ["publish-direct", "publish-mine"]), ("query", ["query-direct", "query-mine"])]
    {
        let verdict = by(&check, "workload")[workload];
        assert_eq!(verdict["variants"], json!(variants));
        assert_eq!(verdict["differences"], json!([]), "{verdict:#}");
        assert!(verdict["inputs"].as_u64().unwrap() >= 40, "{verdict:#}");
    }

    let told = bench.fails(1, &with(&["redeploy", "query-mine", "--timeout", "30"]));
    assert!(told.contains("timeout 30 is not allowed for query-mine: 3 to 29"), "{told}");
    for (variant, flag, before, after) in
        [("query-mine", "--timeout", "15", "20"), ("publish-mine", "--concurrency", "100", "50")]
    {
        let redeployed = bench.json(&with(&["redeploy", variant, flag, after]));
        let name = flag.trim_start_matches('-');
        assert_eq!(redeployed["changes"], json!([{"name": name, "before": before, "after": after}]));
        assert_eq!(redeployed["served"]["failed"], 0, "{redeployed}");
        assert_ne!(redeployed["served"]["requests"], 0, "{redeployed}");
        assert_eq!(redeployed["check"][0]["differences"], json!([]), "{redeployed}");
    }
    let again = bench.json(&with(&["up", "query-mine"]));
    assert_eq!(again["variants"][0]["state"], "unchanged", "{again}");
    assert_eq!(again["variants"][0]["settings"]["timeout"], "20", "{again}");

    let down = bench.json(&with(&["down"]));
    assert_eq!(down["left"], json!([]));
    bench.assert_bare();
}

#[test]
fn it_is_measured_and_reported_beside_the_built_in_ones() {
    let bench = Bench::new();
    let own = directory(&bench, &[("publish-mine.yaml", WRITTEN), ("query-mine.yaml", &copied())]);
    let out = bench.work.path().join("results.json");
    let printed = bench.ok(&[
        "run",
        "publish-direct",
        "publish-mine",
        "query-direct",
        "query-mine",
        "--templates",
        own.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--seed",
        "7",
    ]);
    let rows = printed.lines().filter(|line| line.trim_start().starts_with("mine "));
    assert_eq!(rows.count(), 2, "{printed}");
    let saved: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    for check in saved["checks"].as_array().unwrap() {
        assert_eq!(check["differences"], json!([]), "{check:#}");
    }
    let entries = saved["entries"].as_array().unwrap();
    for (variant, title) in [("publish-mine", "App Runner"), ("query-mine", "My function")] {
        let entry = entries.iter().find(|entry| entry["sample"]["variant"] == variant).unwrap();
        assert_eq!(entry["setup"]["title"], title);
        let trials = entry["sample"]["trials"].as_array().unwrap();
        assert!(!trials.is_empty());
        for trial in trials {
            assert_ne!(trial["requests"], 0, "{trial:#}");
            assert_eq!(trial["success"], trial["requests"], "{trial:#}");
        }
    }
    assert!(!bench.state.path().exists(), "nothing is left");
}

#[test]
fn one_that_breaks_the_contract_is_refused_with_words_before_any_call() {
    let bench = Bench::new();
    for (from, to, words) in [
        ("  Url:", "  Uri:", "it has no output Url"),
        ("    Workload: publish\n", "", "missing field `Workload`"),
        ("Workload: publish", "Workload: Publish!", "is not made of lower-case letters, digits and hyphens"),
        (
            "Workload: publish",
            "Workload: sailing",
            "publish-mine serves the workload sailing, which cannot be checked",
        ),
        ("Hops: [App Runner, SNS]", "Hops: []", "Hops must name at least one hop"),
        ("ImageUri: container", "ImageUri: sails", "there is no artifact \"sails\""),
        (
            "concurrency: MaxConcurrency",
            "concurrency: MaxSails",
            "names the parameter MaxSails, which the template does not have",
        ),
        ("Default: 100, ", "", "the parameter MaxConcurrency has no Default"),
        ("  TopicArn: {", "  Topick: {", "nothing gives the parameter Topick a value"),
        ("Title: App Runner", "Title: App Runner\n    Sails: 2", "unknown field `Sails`"),
        ("Resources:\n", "Resources: [\n", "line "),
    ] {
        assert!(WRITTEN.contains(from), "{from}");
        let broken = WRITTEN.replacen(from, to, 1);
        let own = directory(&bench, &[("publish-mine.yaml", &broken)]);
        let told = bench.fails(1, &["run", "publish-mine", "--templates", own.to_str().unwrap()]);
        assert!(told.contains("publish-mine") && told.contains(words), "{to:?} must say {words:?}: {told}");
    }
    for (name, words) in [
        ("Publish Mine.yaml", "\"Publish Mine\" cannot name a stack"),
        ("topic.yaml", "templates/foundation/topic.yaml has the same name"),
        ("all.yaml", "which selects every variant"),
    ] {
        let own = directory(&bench, &[(name, WRITTEN)]);
        let told = bench.fails(1, &["up", "publish", "--templates", own.to_str().unwrap()]);
        assert!(told.contains(words), "{name} must say {words:?}: {told}");
    }
    assert!(bench.cloud().is_none(), "nothing may be started before everything is checked");
}

/// What CloudFormation alone can tell fails the stack with the reason, and leaves the others standing.
#[test]
fn one_with_an_unknown_property_fails_alone() {
    let bench = Bench::new();
    let broken = WRITTEN.replacen("AutoDeploymentsEnabled", "AutoDeploymentEnabled", 1);
    let own = directory(&bench, &[("publish-mine.yaml", &broken)]);
    let own = own.to_str().unwrap();
    let output = bench.output(&["up", "publish-direct", "publish-mine", "--templates", own, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("✗ publish-mine") && told.contains("AutoDeploymentEnabled"), "{told}");
    assert!(told.contains("1 of 2 variants are up and usable"), "{told}");
    fs::write(bench.work.path().join("my-templates/variants/publish-mine.yaml"), WRITTEN).unwrap();
    let up = bench.json(&["up", "publish-mine", "--templates", own]);
    assert_eq!(up["variants"][0]["state"], "created", "{up}");
    bench.ok(&["down", "--templates", own]);
    bench.assert_bare();
}
