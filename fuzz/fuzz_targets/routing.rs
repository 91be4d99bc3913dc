//! Any request: its service, region, protocol and parameters are told, and whoever sent it gets an answer that can be read.
#![no_main]

use fuzz::signature;
use fuzz::wire::{ApiError, Element, Node, Protocol, Scope, WireRequest, WireResponse, service_of};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;

const PROTOCOLS: [Protocol; 6] = [
    Protocol::Query,
    Protocol::QueryJson,
    Protocol::AwsJson10,
    Protocol::AwsJson11,
    Protocol::RestJson,
    Protocol::RestXml,
];

/// What XML 1.0 can hold: <https://www.w3.org/TR/xml/#charsets>
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// An answer has a final status, and a body that its media type's readers can read.
fn check(answer: &WireResponse) -> Option<Element> {
    assert!((200..600).contains(&answer.status.as_u16()), "{}", answer.status);
    let media = answer.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(text) = std::str::from_utf8(&answer.body) else { panic!("{:?} is not UTF-8", answer.body) };
    if media.contains("json") {
        assert!(serde_json::from_str::<Value>(text).is_ok(), "not JSON: {text}");
        return None;
    }
    assert!(text.chars().all(is_xml), "no reader of XML takes {text:?}");
    match Element::parse(&answer.body) {
        Ok(root) => Some(root),
        Err(error) => panic!("{error}: {text}"),
    }
}

/// Parameters that come back as a map are those that were sent.
fn reflect(request: &WireRequest) {
    let sent: Vec<(String, String)> =
        request.params().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let answer =
        WireResponse::of_query(request, "Reflect", Ok(Node::Struct(vec![("Map", Node::Map(sent.clone()))])));
    let Some(root) = check(&answer) else { return };
    let map = root.child("ReflectResult").and_then(|result| result.child("Map"));
    let entries = map.map(|map| map.children.as_slice()).unwrap_or_default();
    let read: Vec<(String, String)> = entries
        .iter()
        .map(|entry| {
            let text = |name| entry.child_text(name).unwrap_or_default().to_owned();
            (text("key"), text("value"))
        })
        .collect();
    if sent.iter().all(|(name, value)| name.chars().chain(value.chars()).all(is_xml)) {
        assert_eq!(read, sent);
    }
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some(mut request) = fuzz::request(input) else { return Corpus::Reject };
    let scope = Scope::of(&request.headers, &request.uri);
    let params = request.params();
    for (name, _) in params.iter() {
        let prefix = name.split_once('.').map_or(name, |(prefix, _)| prefix);
        let longer = format!("{prefix}.member");
        for items in [params.structures(prefix), params.structures(&longer)] {
            assert!(items.iter().map(|item| item.iter().count()).sum::<usize>() <= params.iter().count());
        }
        let _ = params.map(&longer, "Key", "Value");
        assert!(params.get(name).is_some());
    }
    let _ = (request.json(), Element::parse(&request.body));
    assert!(signature::verify(&request, "test", "a secret that no request was signed with").is_err());
    if let Some(service) = service_of(&request, scope.as_ref()) {
        request = request.for_service(&service, scope.as_ref().map_or("", |scope| &scope.region));
    }
    let operation = request.target_operation().or(params.get("Action")).unwrap_or("Unknown").to_owned();
    let error = ApiError::unknown_operation(&request, &operation).detail("Operation", operation);
    for protocol in PROTOCOLS.into_iter().chain([Protocol::of(&request), Protocol::query(&request)]) {
        check(&error.clone().into_response(protocol, &request));
    }
    reflect(&request);
    check(&WireResponse::of_aws_json(&request, request.json()));
    Corpus::Keep
});
