//! The mapping templates of the direct variant, rendered: what SNS is sent, and what the caller is told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use catalog::Catalog;
use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use regex::Regex;
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:bakeoff-topic-Topic-0";

/// The one method of the direct variant.
fn method() -> Value {
    let catalog = Catalog::builtin().unwrap();
    let template = &catalog.variant("publish-direct").unwrap().template;
    template.document().document()["Resources"]["PublishMethod"]["Properties"].clone()
}

fn render(template: &str, body: &str) -> vtl::Rendered {
    let variables = IndexMap::from([("topicArn".to_owned(), TOPIC.to_owned())]);
    let request = vtl::Request { stage_variables: &variables, ..vtl::Request::from_body(body) };
    vtl::Template::parse(template).unwrap().render(&request).unwrap()
}

/// Decodes a form as SNS does.
fn form(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().unwrap().into_owned()
    };
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap();
        (decode(key), decode(value))
    };
    text.split('&').map(pair).collect()
}

/// The response for an answer of SNS: its status after overrides, and its JSON.
fn respond(status: u16, body: &str) -> (u16, Value) {
    let method = method();
    let responses = method["Integration"]["IntegrationResponses"].as_array().unwrap();
    let response = responses.iter().find(|response| pattern(response).is_match(&status.to_string())).unwrap();
    let rendered = render(response["ResponseTemplates"]["application/json"].as_str().unwrap(), body);
    let own: u16 = response["StatusCode"].as_str().unwrap().parse().unwrap();
    let status = rendered.overrides.response_status.unwrap_or(own);
    let declared = method["MethodResponses"].as_array().unwrap();
    assert!(declared.contains(&json!({"StatusCode": status.to_string()})), "{status} is not declared");
    (status, serde_json::from_str(&rendered.body).unwrap())
}

/// The response's pattern, which must match the whole status.
fn pattern(response: &Value) -> Regex {
    Regex::new(&format!("^(?:{})$", response["SelectionPattern"].as_str().unwrap())).unwrap()
}

#[test]
fn any_text_reaches_sns_as_it_is() {
    let long = "x".repeat(200 * 1024);
    let texts = [
        "Hello",
        "{\"message\":\"Hello\"}",
        "a=1&b=2+3%25&c= d",
        "it's \"quoted\" \\ \n\r\n\ttabs",
        "$input.body #set($x = 1) ${x} #if(true) ## gone?",
        "emoji 🦃 and ümlaut, 漢字, \u{0}\u{7f}",
        " ",
        long.as_str(),
    ];
    let method = method();
    let templates = method["Integration"]["RequestTemplates"].as_object().unwrap();
    let types: Vec<&String> = templates.keys().collect();
    assert_eq!(types, ["text/plain", "application/json", "application/x-www-form-urlencoded"]);
    for template in templates.values() {
        for text in texts {
            let pairs = form(&render(template.as_str().unwrap(), text).body);
            let expected = [("Action", "Publish"), ("TopicArn", TOPIC), ("Message", text)];
            assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        }
    }
}

#[test]
fn what_sns_says_becomes_what_the_workload_says() {
    let accepted = json!({"PublishResponse": {
        "PublishResult": {"MessageId": "0f2f", "SequenceNumber": null}, "ResponseMetadata": {"RequestId": "1"}}});
    assert_eq!(respond(200, &accepted.to_string()), (200, json!({"messageId": "0f2f"})));
    let error = |code: &str, message: &str| {
        json!({"Error": {"Code": code, "Message": message, "Type": "Sender"}, "RequestId": "1"}).to_string()
    };
    let empty = error("InvalidParameter", "Invalid parameter: Empty message");
    let long = error("InvalidParameter", "Invalid parameter: Message too long");
    let throttled = error("Throttling", "Rate exceeded");
    let forbidden = error("AuthorizationError", "User: arn:aws:sts::1:assumed-role/x is not authorized");
    let many = json!({"message": "Too many requests"});
    let refused = json!({"message": "The topic did not accept the message"});
    for (status, body, expected) in [
        (400, &empty, (400, json!({"message": "The request body is empty"}))),
        (400, &long, (413, json!({"message": "The request body is over 256 KiB"}))),
        (400, &throttled, (429, many.clone())),
        (429, &throttled, (429, many)),
        (403, &forbidden, (502, refused.clone())),
        (404, &error("NotFound", "Topic does not exist"), (502, refused.clone())),
        (500, &error("InternalError", "secret"), (502, refused.clone())),
        (503, &"Service Unavailable".to_owned(), (502, refused)),
    ] {
        assert_eq!(respond(status, body), expected, "{status} {body}");
    }
}

#[test]
fn every_answer_of_sns_is_matched_by_one_pattern_at_most_and_every_error_by_one() {
    let method = method();
    let responses = method["Integration"]["IntegrationResponses"].as_array().unwrap();
    let patterns: Vec<Regex> = responses.iter().map(pattern).collect();
    for status in 100..600 {
        let count = patterns.iter().filter(|pattern| pattern.is_match(&status.to_string())).count();
        assert_eq!(count, usize::from(status == 200 || status >= 400), "{status}");
    }
}

/// A value as it is where no condition holds.
fn otherwise(value: &Value) -> Value {
    match value {
        Value::Object(object) if object.contains_key("Fn::If") => otherwise(&object["Fn::If"][2]),
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), otherwise(value))).collect(),
        other => other.clone(),
    }
}

#[test]
fn gateways_own_answers_are_the_same_in_every_variant_of_a_workload() {
    let catalog = Catalog::builtin().unwrap();
    let mut said: IndexMap<(String, String), (Value, Value)> = IndexMap::new();
    for variant in catalog.variants() {
        let resources = variant.template.document().document()["Resources"].as_object().unwrap();
        for resource in resources.values().filter(|one| one["Type"] == "AWS::ApiGateway::GatewayResponse") {
            let properties = &resource["Properties"];
            let kind = properties["ResponseType"].as_str().unwrap().to_owned();
            let answer = (otherwise(&properties["StatusCode"]), otherwise(&properties["ResponseTemplates"]));
            let first = said.entry((variant.workload.clone(), kind)).or_insert_with(|| answer.clone());
            assert_eq!(*first, answer, "{}", variant.id);
        }
    }
    let expected = json!({"application/json": "{\"message\":\"Not found\"}"});
    let unknown = said.iter().filter(|((_, kind), _)| kind == "MISSING_AUTHENTICATION_TOKEN");
    assert!(unknown.clone().count() >= 2);
    for ((workload, _), answer) in unknown {
        assert_eq!(*answer, (json!("404"), expected.clone()), "{workload}");
    }
}
