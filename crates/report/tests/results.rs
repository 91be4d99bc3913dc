//! The saved file, and what forbids to compare what is in it.

mod fixture;

use report::{Origin, Reason, Results};

use self::fixture::results;

fn sentences(results: &Results) -> Vec<String> {
    results.reasons().iter().map(Reason::to_string).collect()
}

#[test]
fn results_survive_the_way_through_the_file() {
    let results = results();
    let text = results.to_json().unwrap();
    assert_eq!(Results::from_json(&text).unwrap(), results);
    assert!(text.ends_with('\n') && text.contains(r#""began":"2026-11-20T12:00:00Z""#), "{text}");
}

#[test]
fn a_file_of_another_kind_or_format_is_refused_with_the_way_out() {
    let error = Results::from_json(r#"{"comparable": true}"#).unwrap_err().to_string();
    assert!(error.contains("no file of results") && error.contains("--out"), "{error}");
    let text = results().to_json().unwrap();
    let later = text.replacen(r#""format":1"#, r#""format":2,"new":[]"#, 1);
    let error = Results::from_json(&later).unwrap_err().to_string();
    assert!(error.contains("its format is 2, and this program reads 1"), "{error}");
    let unknown = text.replacen(r#""format":1"#, r#""format":1,"new":[]"#, 1);
    assert!(Results::from_json(&unknown).is_err());
}

#[test]
fn what_was_proved_equal_under_like_conditions_is_comparable() {
    let results = results();
    assert_eq!(sentences(&results), [""; 0]);
    assert!(results.comparison().comparable);
}

#[test]
fn unequal_work_is_not_comparable() {
    let mut results = results();
    results.checks[1].differences =
        vec!["query-direct  breed 'x': expected [], got [1 2]".into(), "b".into()];
    let expected = "query: the variants do not do the same work: query-direct  breed 'x': expected [], got [1 2]; and 1 more";
    assert_eq!(sentences(&results), [expected]);
    let comparison = results.comparison();
    assert!(!comparison.comparable);
    assert_eq!(comparison.reasons_of("query").count(), 1);
    assert_eq!(comparison.reasons_of("publish").count(), 0);
}

#[test]
fn what_was_not_proved_is_not_comparable_unless_somebody_else_deployed_it() {
    let mut results = results();
    results.checks.remove(0);
    assert_eq!(sentences(&results).len(), 3);
    assert_eq!(sentences(&results)[0], "publish-direct: it was not proved to do the same work as the others");
    results.place.origin = Origin::Address;
    assert_eq!(sentences(&results), [""; 0]);
}

#[test]
fn tls_and_logs_must_be_alike_within_a_workload() {
    let mut results = results();
    results.entries[2].setup.url = "HTTPS://example.com".into();
    results.entries[3].setup.access_log = Some(false);
    results.entries[0].setup.access_log = None;
    assert_eq!(
        sentences(&results),
        [
            "publish: publish-fargate had TLS, publish-direct, publish-lambda had plain HTTP",
            "query: query-lambda had a line of log for each request, query-direct had none",
        ]
    );
}

#[test]
fn results_of_two_runs_stand_side_by_side_and_are_not_compared() {
    let (one, mut other) = (results(), results());
    other.entries[4].sample.variant = "query-apprunner".into();
    other.checks[1].variants[1] = "query-apprunner".into();
    let both = one.clone().beside(&other);
    let names: Vec<&str> = both.entries.iter().map(|entry| entry.sample.variant.as_str()).collect();
    assert_eq!(
        names[5..],
        [
            "publish-direct (2)",
            "publish-lambda (2)",
            "publish-fargate (2)",
            "query-direct (2)",
            "query-apprunner",
        ]
    );
    let reasons = sentences(&both);
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].starts_with("publish: the variants were measured in different runs"), "{reasons:?}");
    assert_eq!(Results::from_json(&both.to_json().unwrap()).unwrap(), both);
}
