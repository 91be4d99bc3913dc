//! The HTML file, read as a browser would.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use quick_xml::Reader;
use quick_xml::events::Event;
use report::{Bill, Format, Line, Per, Prices, Report, Results, Trial};

use self::fixture::results;

/// Elements that HTML never closes.
const VOID: [&str; 3] = ["meta", "br", "link"];

/// An element: its name, and its attributes.
type Element = (String, Vec<(String, String)>);

fn html(results: &Results) -> String {
    let prices = Prices::built_in("us-east-1").unwrap();
    Report::new(results).priced(&prices).export(Format::Html).unwrap()
}

/// Every element of a document, which must be well-formed.
fn elements(html: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(html);
    reader.config_mut().check_end_names = false;
    let (mut elements, mut open) = (Vec::new(), Vec::new());
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let key = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
                    (key, attribute.unescape_value().unwrap().into_owned())
                });
                let element = (name.clone(), attributes.collect());
                elements.push(element);
                if matches!(event, Event::Start(_)) && !VOID.contains(&name.as_str()) {
                    open.push(name);
                }
            }
            Event::End(end) => {
                let name = String::from_utf8(end.name().as_ref().to_vec()).unwrap();
                assert_eq!(open.pop().as_ref(), Some(&name), "an end that nothing began");
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open, [""; 0], "elements that never end");
    elements
}

fn attribute<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    element.1.iter().find_map(|(key, value)| (key == name).then_some(value.as_str()))
}

/// With a bill for two variants.
fn priced() -> Results {
    let mut results = results();
    for (index, item, quantity, per) in
        [(0, "rest-api-request", 1.0, Per::Request), (2, "fargate-vcpu-x86_64", 0.5, Per::Hour)]
    {
        let line = Line { item: item.into(), quantity, per, what: "a <thing>".into() };
        results.entries[index].setup.bill = Some(Bill { lines: vec![line], unpriced: Vec::new() });
    }
    results
}

#[test]
fn the_document_is_well_formed_and_nothing_in_it_has_two_meanings() {
    let html = html(&priced());
    assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\">"));
    let elements = elements(&html);
    let mut ids: Vec<&str> = elements.iter().filter_map(|element| attribute(element, "id")).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id stands twice");
    for element in &elements {
        for reference in ["aria-labelledby", "aria-describedby"] {
            for id in attribute(element, reference).unwrap_or_default().split_whitespace() {
                assert!(ids.contains(&id), "{element:?} refers to nothing");
            }
        }
        if let Some(target) = attribute(element, "href") {
            assert!(ids.contains(&target.strip_prefix('#').unwrap()), "{target} leads nowhere");
        }
    }
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let html = html(&priced());
    for element in elements(&html) {
        let (name, attributes) = &element;
        assert!(
            !["script", "link", "img", "iframe", "object", "embed", "image", "use"].contains(&name.as_str()),
            "{element:?}"
        );
        for (key, value) in attributes {
            assert!(!["src", "srcset", "xlink:href", "action"].contains(&key.as_str()), "{element:?}");
            assert!(!key.starts_with("on") && key != "style", "{element:?}");
            assert!(!value.contains("://"), "{element:?}");
        }
        if name == "meta" && attribute(&element, "http-equiv").is_some() {
            assert!(attribute(&element, "content").unwrap().starts_with("default-src 'none'"));
        }
    }
    let style = html.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn every_chart_has_a_name_a_description_and_its_table() {
    let html = html(&priced());
    let elements = elements(&html);
    let images: Vec<&Element> =
        elements.iter().filter(|element| attribute(element, "role") == Some("img")).collect();
    // Each workload has latency, five courses, statuses and cold starts; one has prices.
    assert_eq!(images.len(), 2 * 8 + 1);
    for image in &images {
        assert_eq!(attribute(image, "aria-labelledby").unwrap().split_whitespace().count(), 2);
    }
    let count = |name: &str| elements.iter().filter(|element| element.0 == name).count();
    assert_eq!(count("figure"), images.len());
    assert!(count("title") == images.len() + 1 && count("desc") == images.len());
    for figure in html.split("<figure>").skip(1) {
        let figure = figure.split("</figure>").next().unwrap();
        assert!(figure.contains("<details><summary>The figures as a table</summary>"), "{figure}");
        assert!(figure.contains("<figcaption>") && figure.contains("<th scope=\"row\">"), "{figure}");
    }
    assert!(!html.contains("NaN") && !html.contains(">inf"), "a figure is no number");
}

#[test]
fn the_keyboard_reaches_the_values_of_a_chart() {
    let html = html(&results());
    let elements = elements(&html);
    let stops: Vec<&Element> =
        elements.iter().filter(|element| attribute(element, "role") == Some("listitem")).collect();
    assert_eq!(stops.len(), 2 * 10);
    assert!(stops.iter().all(|stop| attribute(stop, "tabindex") == Some("0")));
    let label = attribute(stops[0], "aria-label").unwrap();
    assert!(
        label.starts_with("p50: direct ") && label.contains(" ms (") && label.contains("; lambda "),
        "{label}"
    );
}

#[test]
fn text_of_others_stays_text() {
    let mut results = results();
    results.entries[0].sample.variant = "</title><script>alert(1)</script>".into();
    results.entries[0].setup.hops = vec!["<b onclick=x>".into()];
    results.plan.name = "\"><img src=x>".into();
    let html = html(&results);
    assert!(!html.contains("<script") && !html.contains("<b onclick") && !html.contains("<img"));
    elements(&html);
}

#[test]
fn what_is_not_comparable_stands_in_a_box_with_the_reason() {
    let mut results = results();
    results.entries[1].setup.url = "https://example.com".into();
    let html = html(&results);
    let publish = html.split("id=\"workload-publish\"").nth(1).unwrap().split("</section>").next().unwrap();
    let query = html.split("id=\"workload-query\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(publish.contains("<p class=\"verdict\">Not comparable</p>"), "{publish}");
    assert!(publish.contains("publish-lambda had TLS"));
    assert!(!publish.contains("p50 vs fastest") && query.contains("p50 vs fastest"));
    assert!(!query.contains("Not comparable"));
}

#[test]
fn figures_that_were_published_of_the_same_plan_stand_beside_ours() {
    let mut results = results();
    assert!(!html(&results).contains("Beside what was published"));
    results.plan.name = "bakeoff-full".into();
    let full = html(&results);
    assert!(full.contains("line published s0") && full.contains("lambda, published (Lambda, 3,008 MB)"));
    assert!(full.contains("published: Fargate, 50 tasks of 4 vCPU"));
    results.plan.name = "speed-5".into();
    assert!(html(&results).contains("answers by status: 200: 9998, 500: 2"));
}

#[test]
fn a_run_that_measured_nothing_is_a_document_all_the_same() {
    let mut results = results();
    for entry in &mut results.entries {
        entry.sample.trials.truncate(1);
        for trial in &mut entry.sample.trials {
            *trial = Trial { elapsed: std::time::Duration::ZERO, ..fixture::trial(&[], 0) };
        }
    }
    let html = html(&results);
    elements(&html);
    assert!(html.contains("no request ended") && html.contains("With a single trial there are no intervals"));
    results.entries.clear();
    elements(&self::html(&results));
}
