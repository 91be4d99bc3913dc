//! `deploy bench` with a plan that turns a variant's settings.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use serde_json::{Value, json};
use support::Bench;

/// A plan of two causes, small enough for a test.
const PLAN: &str = r#"
connections = 2
requests = 30
trials = 2
[[causes]]
name = "cache"
sides = [{ cache = "off" }, { cache = "on" }]
[[causes]]
name = "again"
sides = [{ cache = "on" }, { cache = "encrypted" }]
[[causes]]
name = "auth"
sides = [{ auth = "none" }, { auth = "resource-policy" }, { auth = "iam" }]
[[causes]]
name = "region"
sides = [{ backend-region = "" }, { backend-region = "us-west-2" }]
"#;

fn settings(bench: &Bench, variant: &str) -> Value {
    let status = bench.json(&["status", variant]);
    let stacks = status["stacks"].as_array().unwrap();
    stacks.iter().find(|stack| stack["variant"] == variant).unwrap()["settings"].clone()
}

#[test]
fn settings_are_measured_against_each_other_and_given_back() {
    let bench = Bench::new();
    let plan = bench.work.path().join("causes.toml");
    std::fs::write(&plan, PLAN).unwrap();
    let plan = plan.to_str().unwrap();
    bench.ok(&["up", "query-direct", "--set", "cache-ttl=77", "--set", "throttle=9000"]);
    let before = settings(&bench, "query-direct");
    let told = bench.fails(1, &["bench", "--plan", plan, "--cause", "region"]);
    assert!(told.contains("no variant that stands has what the plan causes turns"), "{told}");
    let told = bench.fails(1, &["bench", "--plan", plan, "--cause", "weather"]);
    assert!(told.contains("--cause weather: the plan has cache, again, auth, region"), "{told}");
    let out = bench.work.path().join("out.json");
    let measured = bench.json(&["bench", "--plan", plan, "--out", out.to_str().unwrap()]);
    assert_eq!((&measured["comparable"], &measured["reasons"]), (&json!(true), &json!([])), "{measured:#}");
    let results = measured["results"].as_array().unwrap();
    let names: Vec<&str> = results.iter().map(|result| result["variant"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "query-direct cache cache=off",
            "query-direct cache cache=on",
            "query-direct again cache=on",
            "query-direct again cache=encrypted",
            "query-direct auth auth=none",
            "query-direct auth auth=resource-policy",
            "query-direct auth auth=iam",
        ]
    );
    for result in results {
        assert_eq!((&result["requests"], &result["success"]), (&json!(60), &json!(60)), "{result}");
    }
    let p50 = |at: usize| results[at]["latency_ms"]["p50"].as_f64().unwrap();
    assert!(p50(1) < p50(0), "a kept answer takes less time: {measured:#}");
    let saved: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let sides: Vec<&Value> = saved["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["setup"]["settings"]["auth"])
        .collect();
    assert_eq!(sides[4..], ["none", "resource-policy", "iam"]);
    let mut after = settings(&bench, "query-direct");
    // The address that was let in stays, and means nothing as long as nobody is kept out.
    after["allowed-cidr"] = before["allowed-cidr"].clone();
    assert_eq!(after, before);
    bench.ok(&["check", "query-direct"]);
    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn sides_that_do_not_do_the_same_work_are_told() {
    let bench = Bench::new();
    let plan = bench.work.path().join("logs.toml");
    let text = "connections = 1\nrequests = 5\n[[causes]]\nname = 'logs'\nsides = [{access-log = 'on'}, {access-log = 'off'}]";
    std::fs::write(&plan, text).unwrap();
    bench.ok(&["up", "publish-direct"]);
    let measured = bench.json(&["bench", "--plan", plan.to_str().unwrap()]);
    assert_eq!(measured["comparable"], false, "{measured:#}");
    let reason = measured["reasons"][0].as_str().unwrap();
    assert!(reason.contains("a line of log for each request"), "{reason}");
    std::fs::write(&plan, text.replace("'off'", "'sometimes'")).unwrap();
    let told = bench.fails(1, &["bench", "--plan", plan.to_str().unwrap()]);
    assert!(told.contains("sometimes"), "{told}");
    assert_eq!(settings(&bench, "publish-direct")["access-log"], "on");
    bench.ok(&["down"]);
    bench.assert_bare();
}
