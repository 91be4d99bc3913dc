//! The options that cut across variants: each is switched on and off while the variant serves, and does what it says.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::io::{Read, Write};

use serde_json::{Value, json};
use support::Bench;

const VARIANTS: [&str; 2] = ["query-direct", "query-lambda"];

/// Sets a tunable, and asserts that nothing else changed, that no request failed meanwhile, and that the check is equal.
fn redeploy(bench: &Bench, variant: &str, flag: &str, value: &str) {
    let redeployed = bench.json(&["redeploy", variant, &format!("--{flag}"), value]);
    let mut changed: Vec<&Value> =
        redeployed["changes"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    // The caller's own address is let in by default.
    changed.retain(|name| value != "resource-policy" || *name != "allowed-cidr");
    assert_eq!(changed, [flag], "{redeployed}");
    assert_eq!(redeployed["served"]["failed"], 0, "{redeployed}");
    assert_ne!(redeployed["served"]["requests"], 0, "{redeployed}");
    assert_eq!(redeployed["check"][0]["differences"], json!([]), "{redeployed}");
}

/// The variants whose answers differ from what the table holds.
fn stale(bench: &Bench) -> Vec<String> {
    let output = bench.output(&["check", "--json"]);
    let verdicts: Value = serde_json::from_slice(&output.stdout).unwrap();
    let differences = verdicts[0]["differences"].as_array().unwrap();
    let mut variants: Vec<String> =
        differences.iter().map(|one| one["variant"].as_str().unwrap().to_owned()).collect();
    variants.dedup();
    variants
}

fn seed(bench: &Bench, seed: &str) {
    bench.ok(&["seed", "--items", "300", "--seed", seed]);
}

#[test]
fn a_cache_keeps_answers_while_it_is_on() {
    let bench = Bench::new();
    bench.ok(&["up", "query-direct", "query-lambda"]);
    seed(&bench, "1");
    for value in ["on", "encrypted"] {
        for variant in VARIANTS {
            redeploy(&bench, variant, "cache", value);
        }
        // The check has asked for each page. While the table holds other turkeys, the pages that are kept are wrong.
        seed(&bench, "2");
        assert_eq!(stale(&bench), VARIANTS, "{value}");
        seed(&bench, "1");
        assert_eq!(stale(&bench), Vec::<String>::new(), "{value}");
    }
    for variant in VARIANTS {
        redeploy(&bench, variant, "cache", "off");
    }
    seed(&bench, "2");
    assert_eq!(stale(&bench), Vec::<String>::new());
    bench.ok(&["down"]);
    bench.assert_bare();
}

/// The status of a request that nobody has signed.
fn unsigned(bench: &Bench, variant: &str) -> String {
    let status = bench.json(&["status", variant]);
    let url = status["stacks"][0]["url"].as_str().unwrap_or_else(|| panic!("{status}"));
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut connection = std::net::TcpStream::connect(host).unwrap();
    write!(connection, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn only_those_are_let_in_who_may() {
    let bench = Bench::new();
    bench.ok(&["up", "query-direct", "query-lambda"]);
    for variant in VARIANTS {
        assert_eq!(unsigned(&bench, variant), "200");
        for (mode, status) in [("iam", "403"), ("resource-policy", "200"), ("none", "200")] {
            redeploy(&bench, variant, "auth", mode);
            assert_eq!(unsigned(&bench, variant), status, "{variant} {mode}");
        }
        // Another address than this one.
        let closed = ["redeploy", variant, "--auth", "resource-policy", "--allowed-cidr", "192.0.2.7/32"];
        assert_eq!(bench.output(&closed).status.code(), Some(1));
        assert_eq!(unsigned(&bench, variant), "403");
        let told = bench.fails(1, &["redeploy", variant, "--allowed-cidr", "127.0.0.1/32"]);
        assert!(told.contains("as long as resource-policy is in force"), "{told}");
    }
    bench.ok(&["down"]);
    bench.assert_bare();
}
