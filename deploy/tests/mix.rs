//! Which of several requests is sent, and how large it is.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use serde_json::Value;
use support::Bench;

#[test]
fn every_breed_and_any_size_can_be_asked_for() {
    let bench = Bench::new();
    bench.ok(&["up", "query-direct", "query-lambda", "publish-direct"]);
    let out = bench.work.path().join("out.json");
    let out = out.to_str().unwrap();
    let load = ["--connections", "2", "--requests", "60", "--out", out];
    for choice in ["uniform", "zipf:1.5"] {
        let measured = bench.json(&[&["bench", "query", "--choice", choice][..], &load].concat());
        assert_eq!(measured["comparable"], true, "{measured:#}");
        for result in measured["results"].as_array().unwrap() {
            assert_eq!(result["success"], 60, "{result}");
        }
    }
    let measured = bench.json(&[&["bench", "publish", "--payload", "70000"][..], &load].concat());
    assert_eq!(measured["results"][0]["success"], 60, "{measured}");
    let saved: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    assert!(saved["plan"]["shape"].as_str().unwrap().ends_with("bodies of 70000 bytes"), "{}", saved["plan"]);
    let lines = saved["entries"][0]["setup"]["bill"]["lines"].as_array().unwrap();
    let published = lines.iter().find(|line| line["item"] == "sns-publish").unwrap();
    assert_eq!(published["quantity"], 2.0, "a message of 70 KB is billed as two");
    bench.ok(&["down"]);
    bench.assert_bare();
}
