//! `deploy cost`, and what a measurement says of costs.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::collections::BTreeMap;

use serde_json::Value;
use support::Bench;

/// A figure of each variant.
fn figures(costs: &Value, name: &str) -> BTreeMap<String, f64> {
    let rows = costs["variants"].as_array().unwrap().iter();
    rows.map(|row| (row["variant"].as_str().unwrap().to_owned(), row[name].as_f64().unwrap())).collect()
}

#[test]
fn every_variant_has_a_price_before_anything_stands() {
    let bench = Bench::new();
    let costs = bench.json(&["cost", "--rate", "10", "--hours", "2", "--plan", "speed-5"]);
    let listed = bench.json(&["list"]).as_array().unwrap().len();
    let (idle, hourly) = (figures(&costs, "idle_per_hour"), figures(&costs, "usd_per_hour"));
    assert_eq!(idle.len(), listed);
    assert_eq!(
        (&costs["region"], &costs["plan_requests"]),
        (&Value::from("us-east-1"), &Value::from(40_000))
    );
    for (variant, row) in idle.keys().zip(costs["variants"].as_array().unwrap()) {
        assert!(hourly[variant] > idle[variant], "{row}");
        let (usd, plan) = (row["usd"].as_f64().unwrap(), row["plan_usd"].as_f64().unwrap());
        assert!((usd - 2.0 * hourly[variant]).abs() < 1e-9, "{row}");
        assert!(plan > 2.0 * idle[variant] + row["per_million"].as_f64().unwrap() * 0.0399, "{row}");
    }
    // What runs all the time costs all the time, and a gateway takes its price a request.
    assert!(
        idle["publish-direct"] == 0.0 && idle["publish-fargate"] > 0.05 && idle["proxy-http"] > 0.05,
        "{idle:?}"
    );
    let million = figures(&costs, "per_million");
    assert!(million["publish-direct"] > 4.0 && million["publish-fargate"] < 1.0, "{million:?}");
    assert!(!bench.state.path().join("cloud.log").exists(), "no cloud was asked");
}

#[test]
fn settings_and_assumptions_change_the_price() {
    let bench = Bench::new();
    let of = |arguments: &[&str]| {
        let costs = bench.json(&[&["cost", "query-lambda"], arguments].concat());
        (figures(&costs, "idle_per_hour")["query-lambda"], figures(&costs, "per_million")["query-lambda"])
    };
    let (idle, million) = of(&[]);
    let (_, more_memory) = of(&["--set", "memory=3008"]);
    let (_, longer) = of(&["--billed-ms", "100"]);
    let (cached, _) = of(&["--set", "cache=on"]);
    let (kept, _) = of(&["--set", "provisioned=2"]);
    assert!(more_memory > million + 0.3 && longer > million + 0.5, "{million} {more_memory} {longer}");
    assert!((cached - idle - 0.02).abs() < 1e-9 && kept > idle + 0.01, "{idle} {cached} {kept}");
    let table = bench.ok(&["cost", "proxy", "--plan", "proxy-30s"]);
    assert!(
        table.contains("proxy-elb") && !table.contains("query-") && table.contains("$ for proxy-30s"),
        "{table}"
    );
    assert!(bench.json(&["cost", "proxy", "--plan", "proxy-30s"])["variants"][0]["plan_usd"].is_null());
}

#[test]
fn what_cannot_be_priced_is_refused() {
    let bench = Bench::new();
    for (arguments, words) in [
        (&["cost", "--rate=-1"][..], "--rate -1 is not from 0"),
        (&["cost", "--hours", "nan"], "--hours NaN is not from 0"),
        (&["cost", "--plan", "speed-9"], "no plan \"speed-9\""),
        (&["cost", "--prices", "/proc/version"], "--prices /proc/version"),
        (&["cost", "query-lambda", "--set", "memory=1"], "memory"),
        (&["cost", "nothing"], "nothing"),
    ] {
        let told = bench.fails(1, arguments);
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
}

#[test]
fn a_measurement_says_what_its_requests_used() {
    let bench = Bench::new();
    bench.ok(&["up", "publish-lambda", "publish-direct"]);
    let (out, raw) = (bench.work.path().join("out.json"), bench.work.path().join("requests.csv.gz"));
    let (out, raw) = (out.to_str().unwrap(), raw.to_str().unwrap());
    let load = ["--connections", "24", "--requests", "200", "--trials", "2"];
    bench.ok(&[&["bench", "--out", out, "--raw", raw][..], &load].concat());
    let results: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    for entry in results["entries"].as_array().unwrap() {
        let bill = &entry["setup"]["bill"];
        let quantity = |item: &str| {
            let lines = bill["lines"].as_array().unwrap().iter();
            lines
                .filter(|line| line["item"] == item)
                .map(|line| line["quantity"].as_f64().unwrap())
                .sum::<f64>()
        };
        assert!(
            (quantity("rest-api-request") - 1.0).abs() < 1e-9 && (quantity("sns-publish") - 1.0).abs() < 1e-9,
            "{bill}"
        );
        assert!(quantity("logs-ingested") > 1e-7 && quantity("internet-out") > 1e-7, "{bill}");
        let cold = |trial: &Value| trial["cold"].as_array().unwrap().len();
        let cold: usize = entry["sample"]["trials"].as_array().unwrap().iter().map(cold).sum();
        assert_eq!(
            cold > 0,
            entry["sample"]["variant"] == "publish-lambda",
            "more at once than ever before: {entry}"
        );
        if entry["sample"]["variant"] == "publish-lambda" {
            assert!((quantity("lambda-request") - 1.0).abs() < 0.02, "one call a request: {bill}");
            assert!(quantity("lambda-x86_64") > 0.0, "{bill}");
        } else {
            assert!(quantity("lambda-request") == 0.0, "{bill}");
        }
        assert_eq!(bill["unpriced"].as_array().unwrap().len(), 0, "{bill}");
    }
    let reported = bench.ok(&["report", out]);
    assert!(reported.contains("$/million"), "{reported}");
    let mut rows = String::new();
    let file = std::fs::File::open(raw).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(file), &mut rows).unwrap();
    assert_eq!(rows.lines().count(), 1 + 2 * 2 * 200);
    bench.ok(&["down"]);
    bench.assert_bare();
}
