//! Variants whose table stands in another region than they do: near and far hold the same, and a variant serves while it
//! turns from one to the other.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Bench, text};

const DISTANCE: Duration = Duration::from_millis(120);

/// Sets the region of a variant's table, and asserts that nothing else changed, that no request failed meanwhile, and that the
/// check is equal.
fn turn(bench: &Bench, variant: &str, region: &str) {
    let redeployed = bench.json(&["redeploy", variant, "--backend-region", region]);
    let changed: Vec<&Value> =
        redeployed["changes"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(changed, ["backend-region"], "{redeployed}");
    assert_eq!(redeployed["served"]["failed"], 0, "{redeployed}");
    assert_ne!(redeployed["served"]["requests"], 0, "{redeployed}");
    assert_eq!(redeployed["check"][0]["differences"], json!([]), "{redeployed}");
}

/// The stacks that stand, each with the region that is told of it.
fn stacks(bench: &Bench) -> Vec<(String, Value)> {
    let status = bench.json(&["status"]);
    let name = |stack: &Value| stack["stack"].as_str().unwrap().to_owned();
    status["stacks"].as_array().unwrap().iter().map(|stack| (name(stack), stack["region"].clone())).collect()
}

/// How long the quickest of some answers of a variant takes.
fn quickest(bench: &Bench, variant: &str) -> Duration {
    let status = bench.json(&["status", variant]);
    let url = status["stacks"][0]["url"].as_str().unwrap_or_else(|| panic!("{status}")).to_owned();
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let once = || {
        let begin = Instant::now();
        let mut connection = std::net::TcpStream::connect(host).unwrap();
        write!(connection, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        begin.elapsed()
    };
    (0..10).map(|_| once()).min().unwrap()
}

#[test]
fn a_variant_turns_to_a_table_in_another_region_and_back_while_it_serves() {
    let bench = Bench::new();
    let distance = DISTANCE.as_millis().to_string();
    let up = bench.output(&["up", "query-lambda", "query-express", "--distance-ms", &distance]);
    assert!(up.status.success(), "{}", text(&up.stderr));
    let told = format!("calls to another region take {distance} ms longer");
    assert!(text(&up.stderr).contains(&told), "{}", text(&up.stderr));
    bench.ok(&["seed", "--items", "300", "--seed", "7"]);

    for (region, words) in [
        ("eu-west-1", "the embedded cloud has no region eu-west-1, only us-east-1, us-west-2"),
        ("Oregon", "a region such as us-west-2, or nothing for the variant's own"),
    ] {
        let refused = bench.fails(1, &["redeploy", "query-lambda", "--backend-region", region]);
        assert!(refused.contains(words), "{refused}");
    }

    for variant in ["query-lambda", "query-express"] {
        let near = quickest(&bench, variant);
        assert!(near < DISTANCE, "{variant} {near:?}");
        turn(&bench, variant, "us-west-2");
        let far = quickest(&bench, variant);
        assert!(far >= DISTANCE, "{variant} {far:?}");
    }
    let standing = stacks(&bench);
    assert!(standing.contains(&("bakeoff-table-us-west-2".to_owned(), json!("us-west-2"))), "{standing:?}");
    assert!(standing.contains(&("bakeoff-table".to_owned(), Value::Null)), "{standing:?}");

    // The far table was filled as the near one was, and another seeding fills both.
    bench.ok(&["check"]);
    turn(&bench, "query-express", "");
    bench.ok(&["check"]);
    bench.ok(&["seed", "--items", "200", "--seed", "8"]);
    bench.ok(&["check"]);
    turn(&bench, "query-lambda", "us-east-1");
    turn(&bench, "query-lambda", "");

    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn only_the_tables_that_are_used_stand() {
    let bench = Bench::new();
    bench.ok(&["up", "query-lambda", "--set", "backend-region=us-west-2"]);
    let names = |bench: &Bench| stacks(bench).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&bench), ["bakeoff-artifacts", "bakeoff-query-lambda", "bakeoff-table-us-west-2"]);
    bench.ok(&["check"]);
    // What was chosen is kept; the table beside the variant appears, filled, once the variant wants it.
    bench.ok(&["up", "query-lambda"]);
    assert_eq!(names(&bench).len(), 3);
    turn(&bench, "query-lambda", "");
    assert_eq!(
        names(&bench),
        ["bakeoff-artifacts", "bakeoff-query-lambda", "bakeoff-table", "bakeoff-table-us-west-2"]
    );
    let events = bench.ok(&["events"]);
    assert!(events.contains("table-us-west-2 CREATE_COMPLETE"), "{events}");
    bench.ok(&["down", "query-lambda"]);
    bench.assert_bare();
}
