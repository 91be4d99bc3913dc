//! Two runs of the same variants, before and after.

mod fixture;

use report::{Changes, Entry, Results, Verdict};

use self::fixture::{results, steady};

/// One variant with these medians, and a setting.
fn run(millis: &[u64], memory: &str) -> Results {
    let mut results = results();
    results.entries.truncate(1);
    results.checks[0].variants.truncate(1);
    let Entry { sample, setup } = &mut results.entries[0];
    *sample = steady("publish-direct", millis);
    setup.settings.insert("memory".into(), memory.into());
    results
}

#[test]
fn a_change_that_helped_is_told_with_its_size_and_what_was_set() {
    let changes = Changes::between(&run(&[20, 21, 20, 19], "512"), &run(&[10, 11, 10, 9], "1024"));
    assert!(changes.comparable, "{:?}", changes.reasons);
    assert_eq!(changes.variants[0].verdict(), Verdict::Faster);
    insta::assert_snapshot!(changes.text());
}

#[test]
fn what_is_not_shown_is_not_claimed() {
    let changes = Changes::between(&run(&[10, 30, 9, 12], "512"), &run(&[11, 28, 10, 14], "512"));
    assert_eq!(changes.variants[0].verdict(), Verdict::NotShown);
    assert!(changes.text().contains("publish-direct (nothing changed that is known): no difference shown"));
    let single = Changes::between(&run(&[10], "512"), &run(&[20], "512"));
    assert_eq!(single.variants[0].verdict(), Verdict::TooFewTrials);
    assert!(single.text().contains("too few trials to tell"));
    let slower = Changes::between(&run(&[10, 10, 11], "512"), &run(&[20, 21, 20], "512"));
    assert_eq!(slower.variants[0].verdict(), Verdict::Slower);
}

#[test]
fn runs_under_other_circumstances_are_not_comparable() {
    let before = run(&[10, 11], "512");
    let mut after = run(&[10, 11], "512");
    after.plan.shape = "another".into();
    after.machine.cores = 64;
    after.place.region = None;
    after.entries[0].sample.variant = "publish-lambda".into();
    let changes = Changes::between(&before, &after);
    let text = changes.text();
    assert!(!changes.comparable && changes.variants.is_empty());
    for part in [
        "both: the load was `4 connections, 300 requests` before and `another` after",
        "both: the machines that measured are not alike",
        "both: the region was us-east-1 before and none after",
        "both: no variant was measured in both runs",
        "publish-lambda was measured only after.",
        "publish-direct was measured only before.",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let json = serde_json::to_value(&changes).unwrap();
    assert_eq!(json["comparable"], false);
}
