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

/// The cases in which a variant differs whose template has each of the first texts replaced by the second.
fn red(variant: &str, replacements: &[(&str, &str)]) -> BTreeSet<String> {
    let bench = Bench::new();
    let templates = bench.templates();
    let file = templates.join(format!("variants/{variant}.yaml"));
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (right, wrong) in replacements {
        assert!(text.contains(right), "{right}");
        text = text.replace(right, wrong);
    }
    std::fs::write(&file, text).unwrap();
    let own = ["--templates", templates.to_str().unwrap()];
    bench.ok(&[&["up", variant], &own[..]].concat());
    let output = bench.output(&[&["check", variant, "--json"], &own[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    let check: Value = serde_json::from_slice(&output.stdout).unwrap();
    let differences = check[0]["differences"].as_array().unwrap().iter();
    let cases = differences.filter_map(|one| one["case"].as_str().map(str::to_owned)).collect();
    bench.ok(&["down"]);
    bench.assert_bare();
    cases
}

/// A task that believes whoever claims to be the gateway.
#[test]
fn a_task_that_checks_no_tokens_turns_the_check_red() {
    let cases = red("crud-fargate", &[("{Name: AUTH, Value: library}", "{Name: AUTH, Value: gateway}")]);
    assert!(cases.contains("a name in a header for a token"), "{cases:?}");
}

/// A gateway that asks nobody and says that everyone is the same one, who may do everything.
#[test]
fn a_gateway_that_lets_everyone_pass_turns_the_check_red() {
    let cases = red(
        "crud-gateway",
        &[
            ("AuthorizationType: CUSTOM\n      AuthorizerId: !Ref Authorizer\n", "AuthorizationType: NONE\n"),
            ("context.authorizer.subject", "\"'anyone'\""),
            ("context.authorizer.scopes", "\"'items:read items:write'\""),
        ],
    );
    for case in
        ["no token", "an expired token", "a token signed by somebody else", "creating without the scope"]
    {
        assert!(cases.contains(case), "{case}: {cases:?}");
    }
}

/// A gateway that says of every change that it is for any version.
#[test]
fn a_change_that_ignores_the_version_turns_the_check_red() {
    let path = "          integration.request.path.id: method.request.path.id\n";
    let any = format!("{path}          integration.request.header.If-Match: \"'*'\"\n");
    let cases = red("crud-gateway", &[(path, &any)]);
    for case in ["update an old version", "delete an old version", "update without a version"] {
        assert!(cases.contains(case), "{case}: {cases:?}");
    }
}

#[test]
fn without_a_deployment_there_is_no_token() {
    let bench = Bench::new();
    let told = bench.fails(1, &["token"]);
    assert!(told.contains("nothing that gives tokens is deployed"), "{told}");
    assert!(told.contains("deploy up crud"), "{told}");
}
