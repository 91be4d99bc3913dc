//! The cache of a stage.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use data_plane::rest_api::{Authorization, CacheSetting, IntegrationKind, Method, MethodSetting, StageSpec};
use serde_json::json;

use crate::rest_api::{Fakes, Served, api, lambda, method, stage};

/// An API whose function answers with the number of its call, and status 500 for the ID `bad`.
async fn served(setting: CacheSetting, verb: &str) -> (Served, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let fakes = Fakes {
        function: Box::new(move |event| {
            let call = counted.fetch_add(1, Ordering::SeqCst) + 1;
            let status = if event["pathParameters"]["id"] == "bad" { 500 } else { 200 };
            Ok(
                json!({"statusCode": status, "headers": {"X-Call": call.to_string()}, "body": call.to_string()}),
            )
        }),
        ..Fakes::default()
    };
    let mut integration = lambda(IntegrationKind::AwsProxy, "f");
    integration.cache_key_parameters =
        vec!["method.request.path.id".to_owned(), "method.request.querystring.limit".to_owned()];
    let get = Method { integration: Some(integration.clone()), ..method("GET", &[], integration.clone()) };
    let post = Method { http_method: "POST".to_owned(), ..get.clone() };
    let signed = Method { authorization: Authorization::Iam, ..get.clone() };
    let definition = api(vec![("/a/{id}", vec![get, post]), ("/iam/{id}", vec![signed])]);
    let settings = MethodSetting {
        resource_path: "/*".into(),
        http_method: verb.into(),
        throttle: None,
        cache: setting,
    };
    let spec = StageSpec { method_settings: vec![settings], cache_capacity: Some(1 << 20), ..stage() };
    (Served::new(definition, spec, fakes).await, calls)
}

fn enabled(encrypted: bool) -> CacheSetting {
    CacheSetting { enabled: Some(true), ttl: Some(Duration::from_mins(1)), encrypted: Some(encrypted) }
}

#[tokio::test]
async fn answers_are_kept_by_their_key() {
    for encrypted in [false, true] {
        let (served, calls) = served(enabled(encrypted), "*").await;
        let ask = async |verb: &str, path: &str| served.ask(served.request(verb, path), "").await.1;
        for (verb, path, call) in [
            ("GET", "/a/1", "1"),
            ("GET", "/a/1?other=2", "1"),
            ("GET", "/a/1?limit=5", "2"),
            ("GET", "/a/2", "3"),
            ("GET", "/a/1?limit=5", "2"),
            // Nothing but GET is kept unless a setting names it, and no failure at all.
            ("POST", "/a/1", "4"),
            ("POST", "/a/1", "5"),
            ("GET", "/a/bad", "6"),
            ("GET", "/a/bad", "7"),
            ("GET", "/iam/1", r#"{"message":"Missing Authentication Token"}"#),
        ] {
            assert_eq!(ask(verb, path).await, call, "{verb} {path}");
        }
        let kept = served.send(served.request("GET", "/a/1"), "").await;
        assert_eq!(kept.headers()["x-call"], "1");
        assert_eq!(calls.load(Ordering::SeqCst), 7);
    }
}

#[tokio::test]
async fn a_cache_that_is_off_or_for_another_method_keeps_nothing() {
    for (setting, verb) in [
        (CacheSetting::default(), "*"),
        (CacheSetting { ttl: Some(Duration::ZERO), ..enabled(false) }, "*"),
        (enabled(false), "POST"),
    ] {
        let (served, _) = served(setting, verb).await;
        for call in ["1", "2"] {
            assert_eq!(served.ask(served.request("GET", "/a/1"), "").await.1, call, "{setting:?}");
        }
    }
    let (served, _) = served(enabled(false), "POST").await;
    for _ in 0..2 {
        assert_eq!(served.ask(served.request("POST", "/a/1"), "").await.1, "1");
    }
}

#[tokio::test]
async fn only_who_may_gets_a_fresh_answer() {
    let (served, _) = served(enabled(false), "*").await;
    let ask = async |path: &str, who: &str, control: &str| {
        let request =
            served.request("GET", path).header("authorization", who).header("cache-control", control);
        let answer = served.send(request, "").await;
        (crate::support::text(&answer).to_owned(), answer.headers().contains_key("warning"))
    };
    assert_eq!(ask("/a/1", "x", "no-store").await, ("1".to_owned(), false));
    assert_eq!(ask("/a/1", "x", "max-age=0").await, ("1".to_owned(), true));
    assert_eq!(ask("/iam/1", "good", "x").await, ("2".to_owned(), false));
    assert_eq!(ask("/iam/1", "good", "max-age=0").await, ("2".to_owned(), true));
    assert_eq!(ask("/iam/1", "admin", "max-age=0").await, ("3".to_owned(), false));
    assert_eq!(ask("/iam/1", "good", "x").await, ("3".to_owned(), false));
}
