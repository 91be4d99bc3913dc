//! The HTML report in a real browser, and broken copies of it that each check must notice.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "browser/checks.rs"]
mod checks;
#[path = "browser/chromium.rs"]
mod chromium;
mod fixture;

use std::sync::LazyLock;

use report::{Bill, Format, Line, Per, Prices, Report, Results, Threshold};

use self::checks::Complaints;
use self::chromium::Chromium;

/// Every part that a report can have: figures that others published, a workload that is not comparable, cold starts, failures, costs that break even,
/// thresholds, and words that are longer than a phone is wide.
fn full() -> Results {
    let mut results = fixture::results();
    results.plan.name = "bakeoff-full".into();
    results.repeat.push(format!("deploy bench --url long=https://{}.example.com/items", "a-".repeat(60)));
    results.unavailable.insert("query-apprunner".into(), "the account may not use App Runner".into());
    let query = results.entries.iter_mut().find(|entry| entry.sample.workload == "query").unwrap();
    query.setup.url = format!("https://example.com/{}", "a".repeat(200));
    query.setup.hops.push("an-intermediate-hop-whose-name-has-no-place-to-break-it-anywhere".into());
    results.checks[1].differences.push("query-direct answered 200 where 400 was expected".into());
    for (index, item, quantity, per) in [
        (0, "rest-api-request", 1.0, Per::Request),
        (1, "rest-api-request", 1.2, Per::Request),
        (2, "fargate-vcpu-x86_64", 0.5, Per::Hour),
    ] {
        let line = Line { item: item.into(), quantity, per, what: "Service: 2 tasks of 0.25 vCPU".into() };
        let unpriced = vec!["What is sent to other regions costs extra".to_owned()];
        results.entries[index].setup.bill = Some(Bill { lines: vec![line], unpriced });
    }
    results
}

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let results = full();
    let prices = Prices::built_in("us-east-1").unwrap();
    let thresholds: Vec<Threshold> = ["p99>200ms", "p50>1ms"].map(|text| text.parse().unwrap()).into();
    let report = Report::new(&results).priced(&prices).judged(&thresholds).unwrap();
    report.export(Format::Html).unwrap()
});

/// What a check complains of in a page.
fn complaints(html: &str, check: fn(&mut Chromium) -> Complaints) -> Vec<String> {
    let mut browser = Chromium::start().unwrap_or_else(|error| panic!("{error}"));
    browser.open(html).unwrap();
    check(&mut browser).unwrap_or_else(|error| panic!("{error}"))
}

/// What the browser says of a page while it loads it.
fn noise(html: &str) -> Vec<String> {
    let mut browser = Chromium::start().unwrap_or_else(|error| panic!("{error}"));
    checks::quiet(&browser.open(html).unwrap())
}

/// A page with something more at the end of its body.
fn with(addition: &str) -> String {
    let broken = PAGE.replace("</body>", &format!("{addition}</body>"));
    assert_ne!(*PAGE, broken);
    broken
}

/// The same without the policy that keeps the browser from loading and running things.
fn unguarded(addition: &str) -> String {
    let page = with(addition);
    let broken = page.replace("http-equiv=\"Content-Security-Policy\"", "name=\"none\"");
    assert_ne!(page, broken);
    broken
}

#[track_caller]
fn assert_noticed(complaints: &[String], word: &str) {
    assert!(
        complaints.iter().any(|complaint| complaint.contains(word)),
        "{word:?} is not in {complaints:#?}"
    );
}

#[test]
fn the_page_loads_nothing_and_the_browser_has_nothing_to_say() {
    assert_eq!(noise(&PAGE), [""; 0]);
}

#[test]
fn the_page_has_every_part() {
    for part in [
        "Not comparable",
        "Beside what was published",
        "Cold starts",
        "is cheaper than",
        "Thresholds",
        "Not measured",
        "the first said",
    ] {
        assert!(PAGE.contains(part), "{part}");
    }
}

#[test]
fn charts_and_tables_are_told_to_those_who_do_not_see_them() {
    assert_eq!(complaints(&PAGE, checks::told), [""; 0]);
}

#[test]
fn the_page_is_as_wide_as_a_phone() {
    assert_eq!(complaints(&PAGE, checks::narrow), [""; 0]);
}

#[test]
fn text_and_charts_stand_out_by_day_by_night_and_on_paper() {
    assert_eq!(complaints(&PAGE, checks::legible), [""; 0]);
}

#[test]
fn the_keyboard_reaches_everything_and_shows_where_it_is() {
    assert_eq!(complaints(&PAGE, checks::reachable), [""; 0]);
}

#[test]
fn paper_has_what_a_screen_has() {
    assert_eq!(complaints(&PAGE, checks::printable), [""; 0]);
}

#[test]
fn a_run_that_measured_nothing_is_a_page_all_the_same() {
    let mut results = full();
    results.entries.clear();
    let page = Report::new(&results).export(Format::Html).unwrap();
    assert_eq!(noise(&page), [""; 0]);
    assert_eq!(complaints(&page, checks::narrow), [""; 0]);
}

#[test]
fn an_image_from_elsewhere_is_noticed_with_the_policy_and_without() {
    let image = r#"<img src="http://images.invalid/logo.png" alt="a logo">"#;
    assert_noticed(
        &noise(&unguarded(image)),
        "Network.requestWillBeSent: \"http://images.invalid/logo.png\"",
    );
    assert_noticed(&noise(&with(image)), "Content Security Policy");
}

#[test]
fn a_script_that_fails_is_noticed() {
    let broken = noise(&unguarded("<script>console.warn('beware'); missing();</script>"));
    assert_noticed(&broken, "missing is not defined");
    assert_noticed(&broken, "beware");
}

#[test]
fn something_wider_than_a_phone_is_noticed() {
    let broken = with(r#"<style>#wide { width: 500px }</style><p id="wide">wide</p>"#);
    assert_noticed(&complaints(&broken, checks::narrow), "id=\"wide\"");
}

#[test]
fn words_of_a_drawing_that_a_phone_shows_too_small_or_not_at_all_are_noticed() {
    let drawing = r#"<svg viewBox="0 0 640 40"><text style="font-size: 9px" x="9" y="20">small</text><text x="630" y="20">beyond</text></svg>"#;
    let broken = complaints(&with(drawing), checks::narrow);
    assert_noticed(&broken, "\"small\" is 4.");
    assert_noticed(&broken, "\"beyond\" lies beyond");
}

#[test]
fn a_drawing_without_a_name_is_noticed() {
    let drawing = r#"<figure><svg role="img" viewBox="0 0 9 9"><path d="M0 0L9 9"></path></svg></figure>"#;
    let broken = complaints(
        &with(&format!("{drawing}<h1>Again</h1><table><tr><td>1</td></tr><tr><td>2</td></tr></table>")),
        checks::told,
    );
    assert_noticed(&broken, "a drawing is told as the image \"\"");
    assert_noticed(&broken, "a table of 0 rows");
    assert_noticed(&broken, "2 headings");
}

#[test]
fn pale_text_and_pale_charts_are_noticed() {
    let pale = "<style>@media (prefers-color-scheme: dark) { :root { --soft: #4a5058; --s1: #333333 } } .label { fill: #aaaaaa }</style>";
    let broken = complaints(&with(pale), checks::legible);
    assert_noticed(&broken, "screen, dark: the text");
    assert_noticed(&broken, "screen, dark: the shape");
    assert_noticed(&broken, "screen, light: the text \"p50\" of <text>");
}

#[test]
fn a_focus_that_is_lost_or_not_seen_is_noticed() {
    let broken = with(
        "<style>summary:focus { outline: none }</style><a href='#main' inert tabindex='0'>unreachable</a>",
    );
    let broken = complaints(&broken, checks::reachable);
    assert_noticed(&broken, "the focus is not seen on <summary");
    assert_noticed(&broken, "Tab never reaches <a href=\"#main\" inert");
}

#[test]
fn what_paper_lacks_is_noticed() {
    let broken = with(
        "<style>@media print { h3 { display: none } #wide { width: 900px } }</style><p id=\"wide\">wide</p>",
    );
    let broken = complaints(&broken, checks::printable);
    assert_noticed(&broken, "\"Cold starts\" of <h3> is not printed");
    assert_noticed(&broken, "id=\"wide\"");
}

/// Processes that were started with this word among their arguments.
fn processes(word: &str) -> usize {
    let all = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    all.filter(|line| String::from_utf8_lossy(line).contains(word)).count()
}

#[test]
fn a_test_that_fails_leaves_no_browser_behind() {
    let mut browser = Chromium::start().unwrap_or_else(|error| panic!("{error}"));
    browser.open("<!DOCTYPE html><title>here</title>").unwrap();
    let frame = browser.call("Page.getFrameTree", &serde_json::json!({})).unwrap();
    let address = frame["frameTree"]["frame"]["url"].as_str().unwrap();
    let home = address.strip_prefix("file://").unwrap().strip_suffix("page.html").unwrap().to_owned();
    assert!(processes(&home) > 0);
    let failed = std::thread::spawn(move || {
        let _held = browser;
        panic!("on purpose, while a browser runs");
    });
    assert!(failed.join().is_err());
    assert_eq!(processes(&home), 0);
    assert!(!std::path::Path::new(&home).exists());
}
