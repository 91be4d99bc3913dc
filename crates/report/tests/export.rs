//! Each format of a report.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::path::Path;

use report::{Bill, Format, Line, Per, Prices, Report, Results, Usage};

use self::fixture::results;

/// Two workloads with prices; one of them not comparable.
fn uneven() -> Results {
    let mut results = results();
    results.checks[1].differences.push("query-direct  breed 'x|y': expected [], got <nothing>".into());
    for (variant, item, quantity, per) in [
        ("publish-direct", "rest-api-request", 1.0, Per::Request),
        ("publish-fargate", "fargate-vcpu-x86_64", 0.5, Per::Hour),
    ] {
        let entry = results.entries.iter_mut().find(|entry| entry.sample.variant == variant).unwrap();
        let line = Line { item: item.into(), quantity, per, what: format!("{item} of it") };
        entry.setup.bill =
            Some(Bill { lines: vec![line], unpriced: vec!["Thing (AWS::Some::Thing) may cost more".into()] });
    }
    results
}

fn report(results: &Results) -> Report<'_> {
    let thresholds = ["p99>3ms".parse().unwrap(), "ok<99%".parse().unwrap()];
    Report::new(results).priced(&Prices::built_in("us-east-1").unwrap()).judged(&thresholds).unwrap()
}

#[test]
fn text() {
    insta::assert_snapshot!(report(&uneven()).export(Format::Text).unwrap());
}

#[test]
fn markdown() {
    insta::assert_snapshot!(report(&uneven()).export(Format::Markdown).unwrap());
}

#[test]
fn csv() {
    insta::assert_snapshot!(report(&uneven()).export(Format::Csv).unwrap());
}

#[test]
fn junit() {
    let results = uneven();
    let report = report(&results);
    assert!(report.failed());
    insta::assert_snapshot!(report.export(Format::Junit).unwrap());
}

#[test]
fn json() {
    insta::assert_snapshot!(report(&uneven()).export(Format::Json).unwrap());
}

#[test]
fn a_format_is_told_by_its_name_or_by_that_of_a_file() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), format);
        let file = format!("out/report.{}", format.extension());
        assert_eq!(Format::of_file(Path::new(&file)), Some(format));
    }
    assert_eq!(Format::of_file(Path::new("report.PDF")), None);
    let error = "pdf".parse::<Format>().unwrap_err().to_string();
    assert_eq!(error, "there is no format pdf; there are text, json, csv, markdown, junit, html");
}

#[test]
fn the_figures_and_the_file_are_as_their_schemas_say() {
    let schema = |text: &str| jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap();
    let comparison = schema(include_str!("../schema/comparison.schema.json"));
    let file = schema(include_str!("../schema/results.schema.json"));
    let mut empty = uneven();
    empty.entries.clear();
    for results in [results(), uneven(), empty] {
        let figures: serde_json::Value =
            serde_json::from_str(&report(&results).export(Format::Json).unwrap()).unwrap();
        comparison.validate(&figures).unwrap();
        let saved: serde_json::Value = serde_json::from_str(&results.to_json().unwrap()).unwrap();
        file.validate(&saved).unwrap();
        assert!(file.validate(&figures).is_err());
        assert!(comparison.validate(&saved).is_err());
    }
    assert!(serde_json::to_value(Usage::default()).is_ok());
}
