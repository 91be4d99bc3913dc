//! Samples to figures, JSON and text.

mod fixture;

use report::{Comparison, Origin, Quantiles, Reason, Sample};

use self::fixture::{histogram, sample, steady};

#[test]
fn json_has_the_published_shape_and_no_other_key() {
    let comparison = Comparison::new(&[sample("publish-direct", &[(200, 100)], 100)], Vec::new());
    let json = serde_json::to_value(&comparison).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&json), ["comparable", "reasons", "results"]);
    let result = &json["results"][0];
    let expected = [
        "variant",
        "requests",
        "success",
        "rate",
        "latency_ms",
        "service_ms",
        "statuses",
        "late_sends",
        "dropped_sends",
    ];
    assert_eq!(keys(result), expected);
    let quantiles = ["p50", "p66", "p75", "p80", "p90", "p95", "p98", "p99", "p99_9", "max", "mean", "min"];
    assert_eq!(keys(&result["latency_ms"]), quantiles);
    assert_eq!(keys(&result["service_ms"]), quantiles);
    assert_eq!(result["statuses"], serde_json::json!({"200": 100}));
    assert_eq!(result["rate"], 50.0);
    assert_eq!(json["comparable"], true);
}

#[test]
fn percentiles_are_within_the_histograms_three_digits() {
    let quantiles = Quantiles::of(&histogram((1..=1000).map(|index| index * 1000)));
    for (value, expected) in [
        (quantiles.p50, 500.0),
        (quantiles.p90, 900.0),
        (quantiles.p99, 990.0),
        (quantiles.p99_9, 999.0),
        (quantiles.max, 1000.0),
        (quantiles.min, 1.0),
        (quantiles.mean, 500.5),
    ] {
        let value = value.unwrap();
        assert!((value - expected).abs() / expected < 0.001, "{value} is not {expected}");
    }
}

#[test]
fn nothing_measured_is_null_and_not_comparable() {
    let comparison = Comparison::new(&[sample("publish-direct", &[], 0)], Vec::new());
    let json = serde_json::to_value(&comparison).unwrap();
    assert!(json["results"][0]["latency_ms"]["p50"].is_null());
    assert_eq!(json["comparable"], false);
    assert_eq!(json["reasons"][0], "publish-direct: no request ended");
    assert!(comparison.text(Origin::Endpoint).contains("–"));
}

#[test]
fn the_table_aligns_figures_and_names_failures() {
    let samples = [
        sample("publish-direct", &[(200, 3000)], 3000),
        sample("publish-lambda", &[(200, 2998), (502, 1)], 3000),
    ];
    let text = Comparison::new(&samples, Vec::new()).text(Origin::EmbeddedCloud);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "publish     n   ok %   p50   p90   p99   max  rate/s  p50 vs fastest (95 %)");
    assert_eq!(
        lines[1], "direct   3000  100.0  1500  2701  2972  3000    1500                      –",
        "{text}"
    );
    assert!(lines[2].starts_with("lambda   3000   99.9"), "{text}");
    assert_eq!(lines[3], "  publish-lambda: 2998 × 200, 1 × 502, 1 without an answer");
    assert!(text.ends_with("The embedded cloud measures this machine and this code, not AWS.\n"));
    assert!(!Comparison::new(&samples, Vec::new()).text(Origin::Endpoint).contains("embedded"));
}

#[test]
fn reasons_make_a_comparison_not_comparable_and_are_printed() {
    let mut dropped = sample("publish-direct", &[(200, 10)], 10);
    dropped.trials[0].dropped_sends = 4;
    dropped.doubts.push("the load generator was late".to_owned());
    let comparison = Comparison::new(&[dropped], vec![Reason::new("publish-lambda", "the bodies differ")]);
    assert!(!comparison.comparable);
    let text = comparison.text(Origin::Endpoint);
    assert!(text.contains("Not comparable:\n  publish-lambda: the bodies differ\n"), "{text}");
    assert!(text.contains("publish-direct: the load generator was late"), "{text}");
    assert!(text.contains("publish-direct: 4 requests were never sent"), "{text}");
}

#[test]
fn each_workload_has_its_own_table() {
    let mut other = sample("own", &[(200, 10)], 10);
    other.workload = "query".to_owned();
    let text = Comparison::new(&[sample("publish-direct", &[(200, 10)], 10), other], Vec::new())
        .text(Origin::Endpoint);
    let heads: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("ok %"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(heads, ["publish", "query"]);
    assert!(text.lines().any(|line| line.starts_with("own ")), "{text}");
}

#[test]
fn a_difference_is_shown_where_the_trials_agree_and_not_where_they_contradict() {
    let fast = steady("publish-direct", &[10, 11, 10, 9]);
    let slow = steady("publish-lambda", &[14, 15, 15, 13]);
    let noisy = steady("publish-fargate", &[11, 30, 9, 12]);
    let comparison = Comparison::new(&[slow, noisy, fast], Vec::new());
    let slower = |index: usize| comparison.results[index].slower.as_ref().unwrap();
    let p50 = |index: usize| slower(index).gaps.p50.unwrap();
    assert_eq!(slower(0).against, "publish-direct");
    assert!(p50(0).is_shown() && p50(0).ms_95.unwrap().contains(4.0), "{:?}", p50(0));
    assert!((p50(0).ratio - 1.4).abs() < 0.1 && p50(0).ratio_95.unwrap().low > 1.0);
    assert!(!p50(1).is_shown(), "{:?}", p50(1));
    assert!(comparison.results[2].slower.is_none());
    let text = comparison.text(Origin::Endpoint);
    assert!(text.contains("no difference shown") && text.contains("+4."), "{text}");
    assert!(comparison.results[2].latency_95.p50.unwrap().contains(10.0));
}

#[test]
fn samples_survive_the_way_through_json() {
    let sample = steady("publish-direct", &[10, 11]);
    let text = serde_json::to_string(&sample).unwrap();
    assert_eq!(serde_json::from_str::<Sample>(&text).unwrap(), sample);
}
