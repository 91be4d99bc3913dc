//! The crud family, up, checked, broken on purpose, and down, on the embedded cloud.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::Bench;

#[test]
fn the_family_does_the_same_work_and_a_token_opens_it() {
    let bench = Bench::new();
    bench.ok(&["up", "crud"]);
    let check = bench.json(&["check", "crud"]);
    assert_eq!(check[0]["differences"], serde_json::json!([]), "{check:#}");
    assert!(check[0]["inputs"].as_u64().unwrap() >= 40);

    let printed = bench.ok(&["token", "--subject", "me", "--scope", "items:read", "--ttl", "5m"]);
    assert_eq!(printed.trim().split('.').count(), 3, "the token and nothing else");
    let minted = bench.json(&["token", "--subject", "me"]);
    assert_eq!(minted["scope"], "items:read items:write turkeys:read");
    let refused = bench.fails(1, &["token", "--scope", "admin"]);
    assert!(refused.contains("the scopes are items:read, items:write and turkeys:read"), "{refused}");
    bench.ok(&["down"]);
    bench.assert_bare();
}

/// A task that believes whoever claims to be the gateway.
#[test]
fn a_task_that_checks_no_tokens_turns_the_check_red() {
    let bench = Bench::new();
    let templates = bench.templates();
    let file = templates.join("variants/crud-fargate.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (right, wrong) = ("{Name: AUTH, Value: library}", "{Name: AUTH, Value: gateway}");
    assert!(text.contains(right));
    std::fs::write(&file, text.replace(right, wrong)).unwrap();
    let own = ["--templates", templates.to_str().unwrap()];
    bench.ok(&[&["up", "crud-fargate"], &own[..]].concat());
    let output = bench.output(&[&["check", "crud-fargate", "--json"], &own[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    let check: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases: BTreeSet<&str> =
        check[0]["differences"].as_array().unwrap().iter().filter_map(|one| one["case"].as_str()).collect();
    assert!(cases.contains("a name in a header for a token"), "{cases:?}");
    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn without_a_deployment_there_is_no_token() {
    let bench = Bench::new();
    let told = bench.fails(1, &["token"]);
    assert!(told.contains("nothing that gives tokens is deployed"), "{told}");
    assert!(told.contains("deploy up crud"), "{told}");
}
