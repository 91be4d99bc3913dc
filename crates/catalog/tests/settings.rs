//! What a user may set, and the words for what not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use catalog::{Catalog, CatalogError};

fn catalog() -> Catalog {
    Catalog::builtin().unwrap()
}

fn settings(
    variant: &str,
    given: &[(&str, &str)],
    current: &[(&str, &str)],
) -> Result<BTreeMap<String, String>, CatalogError> {
    let current = current.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    catalog().variant(variant).unwrap().settings(given.iter().copied(), &current)
}

fn message(variant: &str, given: &[(&str, &str)]) -> String {
    settings(variant, given, &[]).unwrap_err().to_string()
}

#[test]
fn good_settings_become_parameters() {
    let values =
        settings("publish-fargate", &[("cpu", "512"), ("memory", "1024"), ("count", "2")], &[]).unwrap();
    let expected = [("Count", "2"), ("Cpu", "512"), ("Memory", "1024")];
    assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert!(settings("publish-lambda", &[], &[]).unwrap().is_empty());
}

#[test]
fn a_value_out_of_bounds_is_named_with_the_bounds() {
    assert_eq!(
        message("publish-lambda", &[("memory", "100")]),
        "memory 100 is not allowed for publish-lambda: 128 to 10240"
    );
    assert_eq!(
        message("publish-lambda", &[("arch", "mips")]),
        "arch mips is not allowed for publish-lambda: x86_64 or arm64"
    );
    assert_eq!(
        message("publish-fargate", &[("cpu", "300")]),
        "cpu 300 is not allowed for publish-fargate: 256, 512, 1024, 2048, 4096, 8192 or 16384"
    );
    assert_eq!(
        message("publish-fargate", &[("allow", "everybody")]),
        "allow everybody is not allowed for publish-fargate: an IPv4 range such as 203.0.113.0/24"
    );
}

#[test]
fn numbers_that_a_service_would_refuse_are_refused_here() {
    for value in ["", "512.5", "5e2", " 512", "NaN", "-1", "99999999999999999999"] {
        let error = settings("publish-lambda", &[("memory", value)], &[]).unwrap_err();
        assert!(matches!(error, CatalogError::NotAllowed { .. }), "{value}: {error}");
    }
}

#[test]
fn a_pair_that_fargate_does_not_offer_is_named_with_what_it_offers() {
    let error = settings("publish-fargate", &[("cpu", "512"), ("memory", "512")], &[]).unwrap_err();
    assert_eq!(error.to_string(), "512 CPU units go with 1024, 2048, 3072 or 4096 MB, not 512");
    let CatalogError::Combination { flag, allowed, .. } = &error else { panic!("{error:?}") };
    assert_eq!(flag.as_deref(), Some("memory"));
    assert_eq!(allowed, &["1024", "2048", "3072", "4096"]);
    assert_eq!(error.hint().unwrap(), "--memory 1024 goes with it");
}

#[test]
fn what_is_deployed_counts_for_what_is_not_given() {
    assert!(
        settings("publish-fargate", &[("cpu", "512")], &[]).is_err(),
        "the default memory does not go with it"
    );
    assert!(settings("publish-fargate", &[("cpu", "512")], &[("Memory", "2048")]).is_ok());
    let error =
        settings("publish-fargate", &[("cpu", "1024")], &[("Cpu", "512"), ("Memory", "1024")]).unwrap_err();
    assert_eq!(error.to_string(), "1024 CPU units go with 2048 to 8192 MB by 1024, not 1024");
}

#[test]
fn what_is_allowed_follows_the_rules_where_there_are_any() {
    let catalog = catalog();
    let allowed = |variant: &str, flag: &str, cpu: &str| {
        let current = BTreeMap::from([("Cpu".to_owned(), cpu.to_owned())]);
        catalog.variant(variant).unwrap().allowed(flag, &current).unwrap()
    };
    assert_eq!(allowed("publish-fargate", "memory", "512"), "1024, 2048, 3072 or 4096");
    assert_eq!(allowed("publish-fargate", "count", "512"), "1 to 50");
    assert_eq!(allowed("publish-lambda", "memory", ""), "128 to 10240");
    let current = BTreeMap::from([("Memory".to_owned(), "8192".to_owned())]);
    let fargate = catalog.variant("publish-fargate").unwrap();
    assert_eq!(fargate.allowed("cpu", &current).unwrap(), "1024, 2048 or 4096");
}

#[test]
fn an_unknown_setting_is_answered_with_the_known_ones() {
    let error = settings("publish-lambda", &[("memry", "512")], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "publish-lambda has no setting \"memry\", did you mean memory?; it has memory, arch, provisioned, warm, throttle, burst, access-log"
    );
    assert!(error.hint().unwrap().contains("deploy show publish-lambda"));
}

#[test]
fn names_select_variants_workloads_or_all() {
    let catalog = catalog();
    let select = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let selected = catalog.select(&names).unwrap();
        selected.into_iter().map(|variant| variant.id.as_str()).collect::<Vec<_>>()
    };
    let all: Vec<&str> = catalog.variants().map(|variant| variant.id.as_str()).collect();
    assert!(all.is_sorted() && all.len() > 3);
    assert_eq!(select(&[]), all);
    assert_eq!(select(&["all"]), all);
    let published = select(&["publish"]);
    assert_eq!(published, all.iter().copied().filter(|id| id.starts_with("publish-")).collect::<Vec<_>>());
    assert!(published.len() < all.len());
    assert_eq!(
        select(&["publish-lambda", "publish-direct", "publish-lambda"]),
        ["publish-direct", "publish-lambda"]
    );
    assert!(catalog.workloads().is_sorted() && catalog.workloads().contains(&"publish"));
}

#[test]
fn an_unknown_variant_is_answered_with_the_closest_one() {
    let catalog = catalog();
    let error = catalog.select(&["publish-lamda".to_owned()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no variant \"publish-lamda\"; did you mean publish-lambda? (\"deploy list\" shows all)"
    );
    let error = catalog.variant("xyz").unwrap_err();
    assert_eq!(error.to_string(), "no variant \"xyz\" (\"deploy list\" shows all)");
}

#[test]
fn a_bound_above_the_other_is_named_with_the_other() {
    let error = settings("query-apprunner", &[("min", "10"), ("max", "5")], &[]).unwrap_err();
    assert_eq!(error.to_string(), "min is at most max, which is 5, not 10");
    assert_eq!(error.hint().unwrap(), "--min 5 goes with it");
    settings("query-apprunner", &[("min", "5"), ("max", "5")], &[]).unwrap();
    let error = settings("query-apprunner", &[("max", "1")], &[("MinSize", "2")]).unwrap_err();
    assert_eq!(error.to_string(), "min is at most max, which is 1, not 2");
}
