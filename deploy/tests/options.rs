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

/// The status line's number and the body of a request with some headers.
fn asked(bench: &Bench, variant: &str, headers: &str) -> (String, String) {
    let status = bench.json(&["status", variant]);
    let url = status["stacks"][0]["url"].as_str().unwrap_or_else(|| panic!("{status}"));
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    get(host, path, headers)
}

/// The status line's number and the body of what a server says.
fn get(host: &str, path: &str, headers: &str) -> (String, String) {
    let mut connection = std::net::TcpStream::connect(host).unwrap();
    write!(connection, "GET /{path} HTTP/1.1\r\nhost: {host}\r\n{headers}connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

/// The status of a request that nobody has signed.
fn unsigned(bench: &Bench, variant: &str) -> String {
    asked(bench, variant, "").0
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

#[test]
fn an_authorizer_lets_those_in_who_have_a_token_and_brings_what_it_needs() {
    let bench = Bench::new();
    let variants = ["query-direct", "query-lambda", "query-stepfunctions"];
    bench.ok(&[&["up"][..], &variants].concat());
    assert!(bench.fails(1, &["token"]).contains("no token can be made"), "nothing gives tokens yet");
    let refused = |status: &str, message: &str| (status.to_owned(), format!("{{\"message\":\"{message}\"}}"));
    for variant in variants {
        redeploy(&bench, variant, "auth", "authorizer");
        let bearer =
            |token: &str| asked(&bench, variant, &format!("authorization: Bearer {}\r\n", token.trim()));
        let token = |scope: &str| bench.ok(&["token", "--scope", scope]);
        assert_eq!(asked(&bench, variant, ""), refused("401", "Unauthorized"), "{variant}");
        assert_eq!(bearer("x.y.z"), refused("401", "Unauthorized"), "{variant}");
        assert_eq!(bearer(&token("items:read")), refused("403", "Forbidden"), "{variant}");
        assert_eq!(bearer(&token("turkeys:read")).0, "200", "{variant}");
    }
    // What redeploy set is kept, and so is what it needs.
    bench.ok(&[&["up"][..], &variants].concat());
    let check = bench.json(&["check"]);
    assert_eq!(check[0]["differences"], json!([]), "{check}");
    // A request is either signed or has a token, so none is served throughout.
    let output = bench.output(&["redeploy", "query-direct", "--auth", "iam", "--json"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("no request is let in both before and after this change"), "{told}");
    let redeployed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&redeployed["served"], &redeployed["check"][0]["differences"]), (&json!(null), &json!([])));
    redeploy(&bench, "query-lambda", "auth", "none");
    assert_eq!(asked(&bench, "query-lambda", "").0, "200");
    bench.ok(&["down"]);
    bench.assert_bare();
}

/// How many environments functions have whose names begin so.
fn environments(bench: &Bench, begin: &str) -> usize {
    let endpoint = bench.json(&["local", "status"])["endpoint"].as_str().unwrap().to_owned();
    let host = endpoint.strip_prefix("http://").unwrap();
    let (_, inventory) = get(host, "_local/inventory", "");
    let inventory: Value = serde_json::from_str(&inventory).unwrap();
    let processes = inventory["processes"].as_array().unwrap().iter();
    processes.filter(|one| one["name"].as_str().unwrap().starts_with(&format!("function {begin}"))).count()
}

#[test]
fn a_schedule_keeps_environments_and_is_no_request() {
    let bench = Bench::new();
    bench.ok(&["up", "publish-lambda", "query-lambda"]);
    for (variant, idle) in [("publish-lambda", 2), ("query-lambda", 2)] {
        assert!(bench.fails(1, &["redeploy", variant, "--warm", "21"]).contains("0 to 20"));
        // The check compares what arrived in the topic with what was sent, so nothing else has.
        redeploy(&bench, variant, "warm", "3");
        let begun = std::time::Instant::now();
        let function = format!("bakeoff-{variant}-Function");
        while environments(&bench, &function) < idle + 2 {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{variant}");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        redeploy(&bench, variant, "warm", "0");
    }
    bench.ok(&["down"]);
    bench.assert_bare();
}
