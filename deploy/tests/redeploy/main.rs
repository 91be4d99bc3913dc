//! Every tunable of every variant, turned while the variant serves: just that changes, AWS shows it, and no request fails.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod aws;
mod reach;
#[path = "../support/mod.rs"]
mod support;
mod turns;

use std::collections::{BTreeMap, BTreeSet};

use aws::{Aws, Stack};
use catalog::{Catalog, CatalogError, Variant};
use serde_json::{Value, json};
use support::Bench;
use turns::{ELSEWHERE, TURNS, Told, Turn};

#[test]
fn every_tunable_is_turned() {
    let catalog = Catalog::builtin().unwrap();
    for variant in catalog.variants() {
        for (flag, parameter) in &variant.tunables {
            assert!(
                TURNS.iter().any(|turn| turn.parameter == parameter)
                    || ELSEWHERE.contains(&parameter.as_str()),
                "{} has --{flag}, which no test turns: give its parameter {parameter} a line in \
                 deploy/tests/redeploy/turns.rs",
                variant.id
            );
        }
        assert!(
            ["crud", "proxy", "publish", "query"].contains(&variant.workload.as_str()),
            "the workload {} of {} has no test in deploy/tests/redeploy/main.rs",
            variant.workload,
            variant.id
        );
    }
    for turn in TURNS {
        let has = |variant: &Variant| variant.flag(turn.parameter).is_some();
        assert!(catalog.variants().any(has), "no variant has a tunable {}", turn.parameter);
    }
}

#[test]
fn tunables_of_crud() {
    turn_all("crud");
}

#[test]
fn tunables_of_proxy() {
    turn_all("proxy");
}

#[test]
fn tunables_of_publish() {
    turn_all("publish");
}

#[test]
fn tunables_of_query() {
    turn_all("query");
}

/// Turns everything that can be turned of a workload's variants, one after another.
fn turn_all(workload: &str) {
    let bench = Bench::new();
    bench.ok(&["up", workload]);
    let endpoint = bench.json(&["local", "status"])["endpoint"].as_str().unwrap().to_owned();
    let aws = Aws::at(&endpoint);
    let catalog = Catalog::builtin().unwrap();
    let variants = catalog.select(&[workload.to_owned()]).unwrap();
    for variant in &variants {
        refuse_what_does_not_go_with_what_is_deployed(&bench, &aws, variant);
    }
    for turn in TURNS {
        for variant in &variants {
            if variant.flag(turn.parameter).is_some() {
                turn_one(&bench, &aws, variant, turn);
            }
        }
    }
    let check = bench.json(&["check"]);
    assert_eq!(check[0]["differences"], json!([]), "{check:#}");
    bench.keep_exercised(&variants.iter().map(|variant| variant.id.as_str()).collect::<Vec<_>>());
    assert_eq!(bench.json(&["down"])["left"], json!([]));
    bench.assert_bare();
}

fn stack_of(variant: &Variant) -> String {
    format!("bakeoff-{}", variant.id)
}

fn turn_one(bench: &Bench, aws: &Aws, variant: &Variant, turn: &Turn) {
    let name = stack_of(variant);
    let before = aws.stack(&name);
    let wanted = wanted(variant, turn, &before);
    let flags: BTreeMap<&str, &str> =
        wanted.iter().map(|(parameter, value)| (variant.flag(parameter).unwrap(), *value)).collect();
    let options: Vec<String> = flags.iter().map(|(flag, value)| format!("--{flag}={value}")).collect();
    let mut arguments = vec!["redeploy", &variant.id];
    arguments.extend(options.iter().map(String::as_str));
    if let Some(words) = turn.refused {
        let told = bench.fails(1, &arguments);
        assert!(told.contains(words), "{arguments:?}: {told}");
        assert_untouched(aws, &name, &before, &arguments);
        return;
    }

    let template = &variant.template;
    let named: BTreeSet<String> =
        wanted.keys().flat_map(|parameter| reach::named(template, parameter)).collect();
    let reached = reach::reached(template, named.clone());
    let rest = picture(aws, &before, |id| !reached.contains(id));
    let redeployed = bench.json(&arguments);
    assert_eq!(redeployed["result"], "updated", "{arguments:?}: {redeployed}");
    let changes: BTreeMap<&str, &str> = redeployed["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["name"].as_str().unwrap(), change["after"].as_str().unwrap()))
        .collect();
    assert_eq!(changes, flags, "{arguments:?}: {redeployed}");
    assert_ne!(redeployed["served"]["requests"], 0, "{arguments:?}: {redeployed}");
    assert_eq!(redeployed["served"]["failed"], 0, "{arguments:?}: {redeployed}");
    assert_eq!(redeployed["check"][0]["differences"], json!([]), "{arguments:?}: {redeployed}");

    let after = aws.stack(&name);
    let mut parameters = before.parameters;
    // Some are filled only as long as a tunable has a certain value.
    for parameter in variant.when.keys() {
        parameters.insert(parameter.clone(), after.parameters[parameter].clone());
    }
    parameters.extend(wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    assert_eq!(after.parameters, parameters, "{arguments:?}");
    let touched: BTreeSet<String> = aws.touched(&name, before.events).into_iter().collect();
    assert!(!touched.is_disjoint(&named), "{arguments:?} touched {touched:?}, not {named:?}");
    assert!(touched.is_subset(&reached), "{arguments:?} touched {touched:?}, not only {reached:?}");
    assert_eq!(picture(aws, &after, |id| !reached.contains(id)), rest, "{arguments:?}");
    for (kind, place, told) in turn.shown {
        let own = reach::named(template, turn.parameter);
        for id in own.iter().filter(|id| after.resources.get(*id).is_some_and(|(of, _)| of == kind)) {
            let described = aws.describe(&after, id).unwrap();
            let expected = match told {
                Told::As => wanted[turn.parameter],
                Told::Is(text) => text,
            };
            let shown = text(described.pointer(place));
            assert_eq!(shown, expected, "{arguments:?}: {place} of {kind} {id}\n{described:#}");
        }
    }
}

/// Parameters and values of a turn.
fn wanted<'t>(variant: &Variant, turn: &'t Turn, deployed: &Stack) -> BTreeMap<&'t str, &'t str> {
    let with = |value: &'t str| {
        let with = turn.with.iter().copied().filter(|(parameter, _)| variant.flag(parameter).is_some());
        let mut wanted: BTreeMap<&str, &str> = with.collect();
        wanted.insert(turn.parameter, value);
        wanted
    };
    let goes = |wanted: &BTreeMap<&str, &str>| {
        let flags = wanted.iter().map(|(parameter, value)| (variant.flag(parameter).unwrap(), *value));
        variant.settings(flags, &deployed.parameters).is_ok()
    };
    turn.values.iter().map(|value| with(value)).find(goes).unwrap_or_else(|| {
        panic!(
            "{}: {:?} of {} go with nothing of {:?}: add a value to deploy/tests/redeploy/turns.rs",
            variant.id, turn.values, turn.parameter, deployed.parameters
        )
    })
}

/// What AWS tells of the resources that are chosen.
fn picture(aws: &Aws, stack: &Stack, chosen: impl Fn(&str) -> bool) -> BTreeMap<String, Value> {
    let ids = stack.resources.keys().filter(|id| chosen(id));
    ids.filter_map(|id| Some((id.clone(), aws.describe(stack, id)?))).collect()
}

/// A value as a template would give it; nothing where there is none.
fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string().trim_end_matches(".0").to_owned(),
    }
}

fn assert_untouched(aws: &Aws, name: &str, before: &Stack, arguments: &[&str]) {
    let after = aws.stack(name);
    assert_eq!(after.events, before.events, "{arguments:?}");
    assert_eq!(after.parameters, before.parameters, "{arguments:?}");
}

fn refuse_what_does_not_go_with_what_is_deployed(bench: &Bench, aws: &Aws, variant: &Variant) {
    let name = stack_of(variant);
    let deployed = aws.stack(&name);
    for flag in variant.tunables.keys() {
        let refused = candidates(variant, flag).into_iter().find_map(|value| {
            let error = variant.settings([(flag.as_str(), value.as_str())], &deployed.parameters).err()?;
            matches!(error, CatalogError::Combination { .. }).then_some((value, error.to_string()))
        });
        // Where only addresses lack, those of the caller are taken.
        let Some((value, words)) = refused.filter(|(_, words)| !words.contains("needs")) else { continue };
        let option = format!("--{flag}={value}");
        let arguments = ["redeploy", &variant.id, &option];
        let told = bench.fails(1, &arguments);
        assert!(told.contains(&words), "{arguments:?} must say {words:?}: {told}");
        assert_untouched(aws, &name, &deployed, &arguments);
    }
}

/// The values of a tunable that its template names.
fn candidates(variant: &Variant, flag: &str) -> Vec<String> {
    let parameter = variant.setting(flag).unwrap();
    let bounds = [parameter.min_value, parameter.max_value].into_iter().flatten();
    let mut candidates = parameter.allowed_values.clone();
    candidates.extend(bounds.map(|bound| bound.to_string()));
    candidates
}

#[test]
fn what_a_template_does_not_allow_is_refused_before_any_call() {
    let bench = Bench::new();
    for variant in Catalog::builtin().unwrap().variants() {
        for flag in variant.tunables.keys() {
            let parameter = variant.setting(flag).unwrap();
            let above = parameter.max_value.map(|max| (max + 1.0).to_string());
            let Some(value) = [above, Some("%".to_owned())]
                .into_iter()
                .flatten()
                .find(|value| variant.settings([(flag.as_str(), value.as_str())], &BTreeMap::new()).is_err())
            else {
                // A text that may be anything.
                continue;
            };
            let told = bench.fails(1, &["redeploy", &variant.id, &format!("--{flag}={value}")]);
            let words = format!("{flag} {value} is not allowed for {}: ", variant.id);
            assert!(told.contains(&words), "{told}");
        }
    }
    assert!(bench.cloud().is_none());
}

#[test]
fn pairs_that_do_not_go_together_are_refused_before_any_call() {
    let bench = Bench::new();
    let catalog = Catalog::builtin().unwrap();
    let mut refused = BTreeSet::new();
    for variant in catalog.variants() {
        let flags: Vec<&String> = variant.tunables.keys().collect();
        for (index, one) in flags.iter().enumerate() {
            for other in &flags[index + 1..] {
                let Some((values, words)) = illegal_pair(variant, one, other) else { continue };
                let options = [format!("--{one}={}", values.0), format!("--{other}={}", values.1)];
                let told = bench.fails(1, &["redeploy", &variant.id, &options[0], &options[1]]);
                assert!(told.contains(&words), "{options:?} must say {words:?}: {told}");
                refused.insert((variant.id.clone(), (*one).clone(), (*other).clone()));
            }
        }
    }
    assert!(bench.cloud().is_none());
    for variant in catalog.variants() {
        for (one, other) in [("cpu", "memory"), ("min", "max")] {
            let (Ok(low), Ok(high)) = (variant.setting(one), variant.setting(other)) else { continue };
            // Bounds that do not overlap leave nothing to refuse.
            let apart = one == "min" && low.max_value <= high.min_value;
            let pair = (variant.id.clone(), one.to_owned(), other.to_owned());
            assert!(apart || refused.contains(&pair), "{} takes any {one} with any {other}", variant.id);
        }
    }
}

/// Two values that are allowed each, but not together, and the words for it.
fn illegal_pair(variant: &Variant, one: &str, other: &str) -> Option<((String, String), String)> {
    let settings = |pairs: &[(&str, &str)]| variant.settings(pairs.iter().copied(), &BTreeMap::new());
    let combination = |pairs: &[(&str, &str)]| match settings(pairs) {
        Err(error @ CatalogError::Combination { .. }) => Some(error.to_string()),
        _ => None,
    };
    let firsts = candidates(variant, one);
    let pairs = firsts
        .iter()
        .flat_map(|first| candidates(variant, other).into_iter().map(move |second| (first.clone(), second)));
    let mut pairs = pairs.filter_map(|(first, second)| {
        let words = combination(&[(one, &first), (other, &second)])?;
        Some(((first, second), words))
    });
    // Where only addresses lack, those of the caller are taken.
    pairs.find(|(_, words)| !words.contains("needs"))
}
