//! Variants under a domain: real TLS, on and off while they serve, and nothing left in the zone.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::io::{Read, Write};

use serde_json::{Value, json};
use support::Bench;

/// The head of the answer of a load balancer to a request in plain HTTP for `host`.
fn plain(url: &str, host: &str) -> String {
    let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut connection = std::net::TcpStream::connect(address).unwrap();
    write!(connection, "GET /items?limit=1 HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

fn url(bench: &Bench, variant: &str) -> String {
    let status = bench.json(&["status", variant]);
    let stacks = status["stacks"].as_array().unwrap();
    let own = stacks.iter().find(|stack| stack["variant"] == variant).unwrap_or_else(|| panic!("{status}"));
    own["url"].as_str().unwrap().to_owned()
}

/// Sets or clears the domain, and asserts that no request failed meanwhile and that the check is equal.
fn redeploy(bench: &Bench, variant: &str, domain: &str) -> Value {
    let redeployed = bench.json(&["redeploy", variant, "--domain", domain]);
    let changed: Vec<&Value> =
        redeployed["changes"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(changed, ["domain", "zone"], "{redeployed}");
    assert_eq!(redeployed["served"]["failed"], 0, "{redeployed}");
    assert_ne!(redeployed["served"]["requests"], 0, "{redeployed}");
    assert_eq!(redeployed["check"][0]["differences"], json!([]), "{redeployed}");
    redeployed
}

#[test]
fn a_domain_comes_and_goes_while_the_variants_serve() {
    let bench = Bench::new();
    bench.ok(&["up", "crud-lambda", "crud-fargate"]);
    for variant in ["crud-lambda", "crud-fargate"] {
        let before = url(&bench, variant);
        assert!(before.starts_with("http://127.0.0.1:"), "{before}");
        let redeployed = redeploy(&bench, variant, "example.com");
        assert_eq!(redeployed["served"]["withdrawn"], 0, "the address that AWS gives goes on serving");
        let secure = url(&bench, variant);
        assert!(secure.starts_with("https://127.0.0.1:"), "{secure}");
        if variant == "crud-fargate" {
            let answer = plain(&before, "bakeoff-crud-fargate.example.com");
            assert!(answer.starts_with("HTTP/1.1 301"), "{answer}");
            let to = "location: https://bakeoff-crud-fargate.example.com:443/items?limit=1\r\n";
            assert!(answer.contains(to), "{answer}");
            assert!(plain(&before, "127.0.0.1").starts_with("HTTP/1.1 401"));
        }
        bench.keep_exercised(&[variant]);
        redeploy(&bench, variant, "");
        assert_eq!(url(&bench, variant), before);
    }
    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn the_family_is_compared_over_tls() {
    let bench = Bench::new();
    let results = bench.json(&["run", "crud", "--set", "domain=example.com"]);
    assert_eq!(results["comparison"]["comparable"], true, "{results:#}");
    let measured = results["comparison"]["results"].as_array().unwrap();
    assert_eq!(measured.len(), 3, "{results:#}");
    for result in measured {
        assert_eq!(result["success"], result["requests"], "{result}");
    }
    bench.assert_bare();
}

#[test]
fn domain_and_zone_go_together() {
    let bench = Bench::new();
    let told = bench.fails(1, &["up", "crud", "--set", "zone=Z0123456789"]);
    assert!(told.contains("zone goes with domain"), "{told}");
    let told = bench.fails(1, &["up", "crud", "--set", "domain=example.com", "--target", "aws"]);
    assert!(told.contains("domain goes with zone, the hosted zone"), "{told}");
    let told = bench.fails(1, &["up", "crud", "--set", "domain=Example"]);
    assert!(told.contains("a domain name such as example.com, or nothing"), "{told}");
    bench.assert_bare();
}
