//! Bills, prices and the rate at which two variants cost the same.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::{prop_assert, proptest};
use report::{Bill, Cost, Line, Per, Prices};

fn prices() -> Prices {
    Prices::built_in("us-east-1").unwrap()
}

fn bill(lines: &[(&str, f64, Per)]) -> Bill {
    let line = |(item, quantity, per): &(&str, f64, Per)| Line {
        item: (*item).to_owned(),
        quantity: *quantity,
        per: *per,
        what: format!("{item} here"),
    };
    Bill { lines: lines.iter().map(line).collect(), unpriced: Vec::new() }
}

fn cost(lines: &[(&str, f64, Per)]) -> Cost {
    Cost::of(&bill(lines), &prices())
}

fn near(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= expected.abs() * 1e-6
}

#[test]
fn a_bill_is_priced_by_the_hour_and_by_the_million() {
    let cost = cost(&[
        ("application-load-balancer", 1.0, Per::Hour),
        ("fargate-vcpu-x86_64", 0.5, Per::Hour),
        ("sns-publish", 1.0, Per::Request),
        ("logs-ingested", 2e-7, Per::Request),
    ]);
    assert!(near(cost.idle_per_hour, 0.0225 + 0.02024), "{cost:?}");
    assert!(near(cost.per_million, 0.5 + 0.1), "{cost:?}");
    assert!(near(cost.run(2e6, 3.0), 1.2 + 3.0 * 0.04274), "{cost:?}");
    assert!(near(cost.lines[3].usd, 0.1), "{cost:?}");
}

#[test]
fn the_steps_of_a_price_hold_for_the_units_between_them() {
    let item = &prices().items["rest-api-request"];
    assert!(near(item.monthly(1e6), 3.5));
    assert!(near(item.monthly(333e6), 333.0 * 3.5));
    assert!(near(item.monthly(1e9), 333.0 * 3.5 + 667.0 * 2.8));
    assert!(near(item.monthly(21e9), 333.0 * 3.5 + 667.0 * 2.8 + 19_000.0 * 2.38 + 1000.0 * 1.51));
    assert!(near(item.first(), 3.5e-6));
}

#[test]
fn the_rate_at_which_hours_and_requests_cost_the_same_is_found() {
    let requests = cost(&[("lambda-request", 1.0, Per::Request)]);
    let hours = cost(&[("public-ipv4", 1.0, Per::Hour)]);
    // 0.005 dollars an hour buy 25,000 requests of 0.20 dollars a million.
    let found = requests.break_even(&hours);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(near(found[0].rate, 25_000.0 / 3600.0) && near(found[0].usd_per_hour, 0.005), "{found:?}");
    assert!(!found[0].first_cheaper_above && hours.break_even(&requests)[0].first_cheaper_above);
    assert!(requests.break_even(&requests).is_empty());
}

#[test]
fn a_price_or_region_that_is_missing_is_named() {
    let cost = Cost::of(&bill(&[("gold", 1.0, Per::Hour), ("public-ipv4", 1.0, Per::Hour)]), &prices());
    assert_eq!(cost.unpriced, ["gold here: the prices of us-east-1 lack gold"]);
    assert!(near(cost.idle_per_hour, 0.005), "the rest is priced: {cost:?}");
    let error = Prices::built_in("eu-west-1").unwrap_err().to_string();
    assert!(error.contains("there are those of us-east-1"), "{error}");
    assert!(Prices::from_toml("region = 1").is_err());
}

#[test]
fn every_built_in_price_has_a_source_and_steps_that_rise_in_units_and_fall_in_price() {
    for (key, item) in &prices().items {
        assert!(item.source.starts_with("https://aws.amazon.com/"), "{key}");
        assert!(item.steps.last().unwrap().to.is_none(), "{key} ends");
        for pair in item.steps.windows(2) {
            assert!(pair[0].usd > pair[1].usd, "{key}");
            assert!(pair[1].to.is_none_or(|to| to > pair[0].to.unwrap()), "{key}");
        }
    }
}

proptest! {
    #[test]
    fn more_requests_never_cost_less(rate in 0.0_f64..50_000.0, more in 0.0_f64..50_000.0) {
        let cost = cost(&[("rest-api-request", 1.0, Per::Request), ("public-ipv4", 2.0, Per::Hour)]);
        prop_assert!(cost.hourly(rate + more) >= cost.hourly(rate) - 1e-9);
        prop_assert!(near(cost.hourly(0.0), cost.idle_per_hour));
    }
}
