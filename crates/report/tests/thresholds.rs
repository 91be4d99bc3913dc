//! Conditions under which a run counts as failed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use report::{Bound, Comparison, Figure, Metric, Threshold, ThresholdError};

use self::fixture::steady;

fn read(text: &str) -> Threshold {
    text.parse().unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<Threshold>().unwrap_err().to_string()
}

#[test]
fn a_condition_has_a_metric_a_comparison_and_a_value_with_its_unit() {
    let threshold = read(" p99.9 >= 1.5s ");
    assert_eq!(threshold.metric, Metric::Latency(Figure::Quantile(0.999)));
    assert_eq!((threshold.bound, threshold.value, threshold.variant), (Bound::AtLeast, 1500.0, None));
    let threshold = read("publish-lambda:mean<500us");
    assert_eq!(threshold.variant.as_deref(), Some("publish-lambda"));
    assert_eq!((threshold.metric, threshold.value), (Metric::Latency(Figure::Mean), 0.5));
    assert!((read("ok<99.9%").value - 99.9).abs() < 1e-9);
    assert_eq!(read("rate<=100").bound, Bound::AtMost);
    assert!((read("rate<100/s").value - 100.0).abs() < 1e-9);
}

#[test]
fn what_is_wrong_with_a_condition_is_said_with_the_way_out() {
    assert!(refusal("p99=200ms").contains("compares nothing"));
    assert!(refusal("p42>1ms").contains("`p42` is no metric of `p42>1ms`; there are p50, p66"));
    assert!(
        refusal("p99>200").contains("`200` is no value of p99 in `p99>200`; write a number with us, ms or s")
    );
    assert!(refusal("ok<99.9").contains("with %"));
    assert!(refusal("ok<101%").contains("up to 100"));
    assert!(refusal("rate<10ms").contains("requests per second"));
    assert!(refusal("p99>1.2.3ms").contains("no value"));
    assert!(refusal("p99>").contains("no value"));
    assert!(refusal("p99>-1ms").contains("no value"));
}

#[test]
fn every_variant_is_judged_or_the_one_that_is_named() {
    let comparison = Comparison::new(&[steady("fast", &[10, 10]), steady("slow", &[30, 30])], Vec::new());
    let failed = |text: &str| -> Vec<bool> {
        read(text).judge(&comparison).unwrap().iter().map(|judgement| judgement.failed).collect()
    };
    assert_eq!(failed("p99>20ms"), [false, true]);
    assert_eq!(failed("p99<20ms"), [true, false]);
    assert_eq!(failed("slow:p50>=31ms"), [false]);
    assert_eq!(failed("ok<100%"), [false, false]);
    assert_eq!(failed("ok<=100%"), [true, true]);
    assert_eq!(failed("rate<25"), [false, false]);
    assert_eq!(failed("rate<26"), [true, true]);
    let unknown = read("quick:p50>1ms").judge(&comparison).unwrap_err();
    assert!(matches!(unknown, ThresholdError::Variant { .. }));
    assert!(unknown.to_string().ends_with("there are fast, slow"), "{unknown}");
}

#[test]
fn nothing_measured_fails_every_condition() {
    let comparison = Comparison::new(&[fixture::sample("none", &[], 0)], Vec::new());
    let judgement = &read("p50>1s").judge(&comparison).unwrap()[0];
    assert!(judgement.failed);
    assert_eq!(judgement.to_string(), "none: p50>1s (nothing was measured)");
}
