//! The mapping templates of the direct variant of `query`, rendered: what DynamoDB is sent, and what the caller is told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use catalog::Catalog;
use indexmap::IndexMap;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;
use serde_json::{Value, json};

/// The one method of the direct variant.
fn method() -> Value {
    let catalog = Catalog::builtin().unwrap();
    let template = &catalog.variant("query-direct").unwrap().template;
    template.document().document()["Resources"]["QueryMethod"]["Properties"].clone()
}

fn render(template: &str, body: &str, (path, limit): (&str, Option<&str>)) -> vtl::Rendered {
    let variables = [("tableName", "turkeys-1"), ("indexName", "breed"), ("pageSize", "115")];
    let variables: IndexMap<String, String> =
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let mut params = vtl::Params::default();
    params.querystring.extend(limit.map(|limit| ("limit".to_owned(), limit.to_owned())));
    // A header of this name says nothing.
    params.header.insert("limit".to_owned(), "7".to_owned());
    let context = json!({ "path": format!("/v1/turkeys/{path}") });
    let request = vtl::Request { body, params: &params, context: &context, stage_variables: &variables };
    vtl::Template::parse(template).unwrap().render(&request).unwrap()
}

/// What DynamoDB is sent for a path and a limit.
fn sent(path: &str, limit: Option<&str>) -> Value {
    let template =
        method()["Integration"]["RequestTemplates"]["application/json"].as_str().unwrap().to_owned();
    let rendered = render(&template, "", (path, limit));
    serde_json::from_str(&rendered.body).unwrap_or_else(|error| panic!("{error}: {}", rendered.body))
}

/// The response for an answer of DynamoDB: its status after overrides, and its JSON.
fn respond(status: u16, body: &Value) -> (u16, Value) {
    let method = method();
    let responses = method["Integration"]["IntegrationResponses"].as_array().unwrap();
    let response = responses.iter().find(|response| pattern(response).is_match(&status.to_string())).unwrap();
    let template = response["ResponseTemplates"]["application/json"].as_str().unwrap();
    let rendered = render(template, &body.to_string(), ("", None));
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
fn any_breed_reaches_dynamodb_as_one_value() {
    for breed in [
        "Bronze",
        "Bourbon Red",
        "a+b",
        "it's \"quoted\" \\ \\' \\\\' \n\r\n\ttabs",
        "x\"}},\"Limit\":1000,\"x\":{\"S\":\"y",
        "$util.x #set($x = 1) ${x} #if(true) ## {{x}}",
        "%41 %2F / ../..",
        "emoji 🦃 and ümlaut, 漢字, \u{0}\u{7f}\u{2028}",
    ] {
        let query = sent(&utf8_percent_encode(breed, NON_ALPHANUMERIC).to_string(), None);
        assert_eq!(
            query,
            json!({
                "TableName": "turkeys-1",
                "IndexName": "breed",
                "KeyConditionExpression": "breed = :breed",
                "ProjectionExpression": "pk, #name, breed, weight",
                "ExpressionAttributeNames": {"#name": "name"},
                "ExpressionAttributeValues": {":breed": {"S": breed}},
                "Limit": 115
            })
        );
    }
    assert_eq!(sent("a+b'c", None)["ExpressionAttributeValues"][":breed"]["S"], "a+b'c");
}

#[test]
fn a_limit_is_sent_if_it_is_one() {
    for (limit, number) in [("1", 1), ("9", 9), ("10", 10), ("999", 999), ("1000", 1000)] {
        assert_eq!(sent("Bronze", Some(limit))["Limit"], number);
    }
    for limit in ["", "0", "007", "1001", "-1", "+5", " 5", "5\n", "1.0", "1e2", "ten", "1,\"x\":1", "１"] {
        assert_eq!(sent("Bronze", Some(limit))["Limit"], 0, "{limit:?}");
    }
}

#[test]
fn what_dynamodb_says_becomes_what_the_workload_says() {
    let item = |id: &str, name: &str, weight: &str| json!({"pk": {"S": id}, "name": {"S": name}, "breed": {"S": "Slate"}, "weight": {"N": weight}});
    let row = |id: &str, name: &str, weight: Value| json!({"id": id, "name": name, "breed": "Slate", "weight": weight});
    let items = |items: &[Value]| json!({"Count": items.len(), "Items": items, "ScannedCount": items.len()});
    assert_eq!(respond(200, &items(&[])), (200, json!([])));
    let odd = "\"'\\\n\t $x #end 🦃 </b>";
    let two = items(&[item("a", odd, "7.25"), item("b", "Tom", "8")]);
    assert_eq!(respond(200, &two), (200, json!([row("a", odd, json!(7.25)), row("b", "Tom", json!(8))])));
    let one = items(&[item("a", "Tom", "7.25")]);
    assert_eq!(respond(200, &one), (200, json!([row("a", "Tom", json!(7.25))])));
}

#[test]
fn errors_are_told_apart() {
    let error = |code: &str, message: &str| json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message});
    let validation = |message: &str| error("ValidationException", message);
    let limit = json!({"message": "limit must be an integer from 1 to 1000"});
    let many = json!({"message": "Too many requests"});
    let failed = json!({"message": "The table did not answer"});
    let below = "failed to satisfy constraint: Member must have value greater than or equal to 1";
    for (status, body, expected) in [
        (
            400,
            validation(&format!("1 validation error detected: Value at 'Limit' {below}")),
            (400, limit.clone()),
        ),
        (
            400,
            validation(&format!("1 validation error detected: Value '0' at 'limit' {below}")),
            (400, limit),
        ),
        (
            400,
            validation(
                "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
            ),
            (200, json!([])),
        ),
        (400, validation("The table does not have the specified index: breed"), (502, failed.clone())),
        (400, error("ProvisionedThroughputExceededException", "slow"), (429, many.clone())),
        (400, error("ThrottlingException", "Rate exceeded"), (429, many.clone())),
        (400, error("RequestLimitExceeded", "slow"), (429, many.clone())),
        (429, json!({}), (429, many)),
        (400, error("ResourceNotFoundException", "Requested resource not found"), (502, failed.clone())),
        (400, error("AccessDeniedException", "secret"), (502, failed.clone())),
        (500, error("InternalServerError", "secret"), (502, failed.clone())),
        (503, json!({}), (502, failed)),
    ] {
        assert_eq!(respond(status, &body), expected, "{status} {body}");
    }
}

#[test]
fn every_answer_of_dynamodb_is_matched_by_one_pattern_at_most_and_every_error_by_one() {
    let method = method();
    let responses = method["Integration"]["IntegrationResponses"].as_array().unwrap();
    let patterns: Vec<Regex> = responses.iter().map(pattern).collect();
    for status in 100..600 {
        let count = patterns.iter().filter(|pattern| pattern.is_match(&status.to_string())).count();
        assert_eq!(count, usize::from(status == 200 || status >= 400), "{status}");
    }
}
