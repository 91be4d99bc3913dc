//! What a REST API makes of a request for its backend, and of the backend's answer.

use std::time::Duration;

use bytes::Bytes;
use data_plane::rest_api::Passthrough::{self, Never, WhenNoMatch, WhenNoTemplates};
use data_plane::rest_api::{ContentHandling, Integration, IntegrationKind, ServiceOperation};
use data_plane::task::Task;
use http::Response;
use serde_json::{Value, json};

use crate::rest_api::{Fakes, Served, answer, api, lambda, map, method, stage, templates};
use crate::support::{client, eventually, get, task_context, task_spec, text};

fn sns() -> Integration {
    let body = "Action=Publish&TopicArn=$util.urlEncode($stageVariables.topicArn)&Message=$util.urlEncode($input.body)";
    Integration {
        kind: IntegrationKind::Aws,
        http_method: Some("POST".to_owned()),
        uri: Some("arn:aws:apigateway:us-east-1:sns:action/Publish".to_owned()),
        credentials: Some("arn:role".to_owned()),
        passthrough: Passthrough::Never,
        request_parameters: map([
            ("integration.request.header.Content-Type", "'application/x-www-form-urlencoded'"),
            ("integration.request.header.X-From", "method.request.header.x-mine"),
            ("integration.request.header.X-Absent", "method.request.header.x-none"),
            ("integration.request.querystring.who", "context.identity.sourceIp"),
            ("integration.request.querystring.topic", "stageVariables.topicArn"),
            ("integration.request.querystring.page", "method.request.querystring.p"),
            ("integration.request.header.X-Deep", "method.request.body.a.b"),
        ]),
        request_templates: templates([("text/plain", body), ("application/json", body)]),
        responses: vec![
            answer(200, "200", r#"{"messageId":"$input.path('$.id')"}"#),
            answer(429, "429", r#"{"message":"slow down"}"#),
            answer(
                502,
                r"4([013-9]\d|2[0-8])|5\d{2}",
                "#set($error = $input.json('$'))\n#if($error.contains(\"Empty\"))\n#set($context.responseOverride.status = 400)\n#set($context.responseOverride.header.X-Why = \"empty\")\n{\"message\":\"empty\"}\n#elseif($error.contains(\"Odd\"))\n#set($context.responseOverride.status = 418)\n#else\n{\"message\":\"failed\"}\n#end",
            ),
        ],
        ..Integration::default()
    }
}

fn answering(status: u16, body: &'static str) -> Fakes {
    Fakes {
        service: Box::new(move |_| {
            Response::builder()
                .status(status)
                .header("x-amzn-requestid", "sns-1")
                .body(Bytes::from_static(body.as_bytes()))
                .unwrap()
        }),
        ..Fakes::default()
    }
}

async fn publish(fakes: Fakes) -> Served {
    let definition = api(vec![("/publish", vec![method("POST", &[200, 400, 429, 502], sns())])]);
    Served::new(definition, stage(), fakes).await
}

#[tokio::test]
async fn a_service_integration_maps_both_ways() {
    let served = publish(answering(200, r#"{"id":"m-1"}"#)).await;
    let request = served.request("POST", "/publish?p=1&p=2").header("x-mine", "yes").header("x-secret", "s");
    let (status, body) = served.ask(request, r#"{"a":{"b":"c d"}, "x": "&=+%ü"}"#).await;
    assert_eq!((status, body.as_str()), (200, r#"{"messageId":"m-1"}"#));
    let call = served.fakes.service_calls.lock().unwrap()[0].clone();
    assert_eq!((call.service.as_str(), call.region.as_str()), ("sns", "us-east-1"));
    assert_eq!(call.operation, ServiceOperation::Action("Publish".to_owned()));
    assert_eq!((call.method.as_str(), call.credentials.as_deref()), ("POST", Some("arn:role")));
    assert_eq!(call.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(
        (&call.headers["x-from"], &call.headers["x-deep"]),
        (&"yes".parse().unwrap(), &"c d".parse().unwrap())
    );
    assert!(!call.headers.contains_key("x-absent") && !call.headers.contains_key("x-secret"));
    let query: Vec<(&str, &str)> =
        call.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(query, [("page", "2"), ("topic", "arn:topic"), ("who", "127.0.0.1")]);
    assert_eq!(
        call.body,
        "Action=Publish&TopicArn=arn%3Atopic&Message=%7B%22a%22%3A%7B%22b%22%3A%22c+d%22%7D%2C+%22x%22%3A+%22%26%3D%2B%25%C3%BC%22%7D"
    );
}

#[tokio::test]
async fn the_status_selects_the_response_and_templates_override_it() {
    for (status, body, expected) in [
        (429, "{}", (429, r#"{"message":"slow down"}"#)),
        (500, "{}", (502, r#"{"message":"failed"}"#)),
        (403, "{}", (502, r#"{"message":"failed"}"#)),
        (400, r#"{"Error":"Empty message"}"#, (400, r#"{"message":"empty"}"#)),
        // 418 is not among the method's responses, and nothing matches 302.
        (400, r#"{"Error":"Odd"}"#, (500, r#"{"message":"Internal server error"}"#)),
        (302, "{}", (500, r#"{"message":"Internal server error"}"#)),
    ] {
        let served = publish(answering(status, body)).await;
        let response = served.send(served.request("POST", "/publish"), "x").await;
        assert_eq!((response.status().as_u16(), text(&response).trim()), expected, "{status} {body}");
        assert_eq!(response.headers().get("x-why").is_some(), expected.0 == 400);
    }
}

#[tokio::test]
async fn the_content_type_selects_the_template_or_the_passthrough() {
    let build = |passthrough: Passthrough, kinds: &[&str]| {
        let template = |kind: &&str| ((*kind).to_owned(), format!("from {kind}: $input.body"));
        Integration {
            kind: IntegrationKind::Aws,
            uri: Some("arn:aws:apigateway:us-east-1:sns:path/{a}/x".to_owned()),
            passthrough,
            request_parameters: map([("integration.request.path.a", "method.request.path.id")]),
            request_templates: kinds.iter().map(template).collect(),
            responses: vec![answer(200, "", "")],
            ..Integration::default()
        }
    };
    let json_only: &[&str] = &["application/json"];
    for (passthrough, kinds, content_type, expected) in [
        (Never, json_only, None, Some("from application/json: b")),
        (Never, json_only, Some("application/json; charset=utf-8"), Some("from application/json: b")),
        (Never, json_only, Some("Application/JSON"), Some("from application/json: b")),
        (Never, json_only, Some("application/xml"), None),
        (WhenNoMatch, json_only, Some("application/xml"), Some("b")),
        (WhenNoTemplates, json_only, Some("application/xml"), None),
        (WhenNoTemplates, &[], Some("application/xml"), Some("b")),
        (Never, &[], Some("application/xml"), None),
        (WhenNoMatch, &["text/plain"], None, Some("b")),
        (Never, &["text/plain"], None, None),
    ] {
        let definition = api(vec![("/p/{id}", vec![method("POST", &[200], build(passthrough, kinds))])]);
        let served = Served::new(definition, stage(), Fakes::default()).await;
        let mut request = served.request("POST", "/p/a%20b");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let (status, body) = served.ask(request, "b").await;
        let told = format!("{passthrough:?} {kinds:?} {content_type:?}");
        match expected {
            None => assert_eq!(
                (status, body.as_str()),
                (415, r#"{"message":"Unsupported Media Type"}"#),
                "{told}"
            ),
            Some(expected) => {
                assert_eq!(status, 200, "{told}");
                let call = served.fakes.service_calls.lock().unwrap()[0].clone();
                assert_eq!(call.body, expected, "{told}");
                assert_eq!(call.operation, ServiceOperation::Path("/a%20b/x".to_owned()));
            }
        }
    }
}

#[tokio::test]
async fn a_slow_backend_times_out_and_a_body_that_is_no_json_is_the_clients_fault() {
    let mut slow = sns();
    slow.timeout = Some(Duration::from_millis(150));
    slow.request_templates = templates([("application/json", "slow"), ("text/json", "$input.path('$.a')")]);
    let served =
        Served::new(api(vec![("/s", vec![method("POST", &[200], slow)])]), stage(), Fakes::default()).await;
    let late = served.ask(served.request("POST", "/s"), "{}").await;
    assert_eq!(late, (504, r#"{"message":"Endpoint request timed out"}"#.to_owned()));
    let request = served.request("POST", "/s").header("content-type", "text/json");
    let (status, body) = served.ask(request, "{\"a\":").await;
    assert_eq!(status, 400);
    assert!(body.contains("Could not parse request body into json"), "{body}");
}

#[tokio::test]
async fn a_lambda_proxy_gets_the_whole_request_and_gives_the_whole_answer() {
    let fakes = Fakes {
        function: Box::new(|_| {
            Ok(json!({
                "statusCode": "201",
                "headers": {"Content-Type": "text/plain", "X-One": 1, "Connection": "close", "Date": "then"},
                "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
                "body": "done",
            }))
        }),
        ..Fakes::default()
    };
    let definition =
        api(vec![("/p/{proxy+}", vec![method("ANY", &[], lambda(IntegrationKind::AwsProxy, "f"))])]);
    let served = Served::new(definition, stage(), fakes).await;
    let request = served
        .request("PATCH", "/p/a%20b/c?x=1&x=2&y=%C3%BC+z")
        .header("x-multi", "1")
        .header("x-multi", "2")
        .header("x-forwarded-for", "203.0.113.9");
    let response = served.send(request, "grüße").await;
    assert_eq!((response.status().as_u16(), text(&response)), (201, "done"));
    assert_eq!(response.headers()["content-type"], "text/plain");
    assert_eq!(
        (&response.headers()["x-one"], &response.headers()["x-amzn-remapped-date"]),
        (&"1".parse().unwrap(), &"then".parse().unwrap())
    );
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    let (source, event) = served.fakes.function_calls.lock().unwrap()[0].clone();
    assert_eq!(source, "arn:aws:execute-api:us-east-1:000000000000:abc123/v1/PATCH/p/{proxy+}");
    for (name, expected) in [
        ("resource", json!("/p/{proxy+}")),
        ("path", json!("/p/a b/c")),
        ("httpMethod", json!("PATCH")),
        ("queryStringParameters", json!({"x": "2", "y": "ü z"})),
        ("multiValueQueryStringParameters", json!({"x": ["1", "2"], "y": ["ü z"]})),
        ("pathParameters", json!({"proxy": "a b/c"})),
        ("stageVariables", json!({"topicArn": "arn:topic"})),
        ("body", json!("grüße")),
        ("isBase64Encoded", json!(false)),
    ] {
        assert_eq!(event[name], expected, "{name}");
    }
    assert_eq!(event["headers"]["X-Multi"], "2");
    assert_eq!(event["multiValueHeaders"]["X-Multi"], json!(["1", "2"]));
    assert_eq!(event["headers"]["X-Forwarded-For"], "203.0.113.9, 127.0.0.1");
    let context = &event["requestContext"];
    for (name, expected) in [
        ("accountId", json!("000000000000")),
        ("apiId", json!("abc123")),
        ("stage", json!("v1")),
        ("path", json!("/v1/p/a%20b/c")),
        ("resourcePath", json!("/p/{proxy+}")),
        ("resourceId", json!("id/p/{proxy+}")),
        ("httpMethod", json!("PATCH")),
        ("protocol", json!("HTTP/1.1")),
    ] {
        assert_eq!(context[name], expected, "{name}");
    }
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["identity"]["cognitoIdentityId"], Value::Null);
    assert!(context["requestTimeEpoch"].as_i64().unwrap() > 1_600_000_000_000);
    let empty = served.send(served.request("GET", "/p/x"), "").await;
    assert_eq!(empty.status(), 201);
    let (_, event) = served.fakes.function_calls.lock().unwrap()[1].clone();
    assert_eq!((&event["body"], &event["queryStringParameters"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn malformed_proxy_answers_and_failures_are_502_and_refusals_500() {
    for answer in [
        Ok(json!("text")),
        Ok(json!({"message": "no status"})),
        Ok(json!({"statusCode": "abc"})),
        Ok(json!({"statusCode": 99})),
        Ok(json!({"statusCode": 200, "body": {"a": 1}})),
        Ok(json!({"statusCode": 200, "headers": []})),
        Ok(json!({"statusCode": 200, "headers": {"a b": "c"}})),
        Err(json!({"errorMessage": "crashed"})),
    ] {
        let told = format!("{answer:?}");
        let fakes = Fakes { function: Box::new(move |_| answer.clone()), ..Fakes::default() };
        let definition = api(vec![("/p", vec![method("GET", &[], lambda(IntegrationKind::AwsProxy, "f"))])]);
        let served = Served::new(definition, stage(), fakes).await;
        let got = served.ask(served.request("GET", "/p"), "").await;
        assert_eq!(got, (502, r#"{"message":"Internal server error"}"#.to_owned()), "{told}");
    }
    let definition = api(vec![
        ("/no", vec![method("GET", &[], lambda(IntegrationKind::AwsProxy, "forbidden"))]),
        ("/busy", vec![method("GET", &[], lambda(IntegrationKind::AwsProxy, "busy"))]),
    ]);
    let served = Served::new(definition, stage(), Fakes::default()).await;
    assert_eq!(served.ask(served.request("GET", "/no"), "").await.0, 500);
    assert_eq!(served.ask(served.request("GET", "/busy"), "").await.0, 500);
}

#[tokio::test]
async fn a_lambda_with_templates_selects_by_its_error_message() {
    let mut integration = lambda(IntegrationKind::Aws, "f");
    integration.request_templates = templates([("application/json", r#"{"n": $input.json('$.n')}"#)]);
    integration.responses = vec![
        answer(200, "", r#"{"ok":$input.json('$.n')}"#),
        answer(404, ".*not found.*", r#"{"why":"$input.path('$.errorMessage')"}"#),
    ];
    let fakes = Fakes {
        function: Box::new(|event| match event["n"].as_i64() {
            Some(1) => Ok(json!({"n": 10})),
            Some(2) => Err(json!({"errorMessage": "item not found here"})),
            _ => Err(json!({"errorMessage": "else"})),
        }),
        ..Fakes::default()
    };
    let served =
        Served::new(api(vec![("/p", vec![method("POST", &[200, 404], integration)])]), stage(), fakes).await;
    assert_eq!(
        served.ask(served.request("POST", "/p"), r#"{"n":1}"#).await,
        (200, r#"{"ok":10}"#.to_owned())
    );
    let missing = served.ask(served.request("POST", "/p"), r#"{"n":2}"#).await;
    assert_eq!(missing, (404, r#"{"why":"item not found here"}"#.to_owned()));
    assert_eq!(served.ask(served.request("POST", "/p"), r#"{"n":3}"#).await.0, 200);
}

#[tokio::test]
async fn binary_bodies_travel_as_base64_where_the_api_says_so() {
    let fakes = Fakes {
        function: Box::new(|event| {
            assert_eq!(event["isBase64Encoded"], true);
            Ok(
                json!({"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": event["body"], "isBase64Encoded": true}),
            )
        }),
        ..Fakes::default()
    };
    let mut definition = api(vec![
        ("/p", vec![method("POST", &[], lambda(IntegrationKind::AwsProxy, "f"))]),
        (
            "/t",
            vec![method("POST", &[200], {
                let mut integration = sns();
                integration.content_handling = Some(ContentHandling::ConvertToText);
                integration.request_templates = templates([("image/png", "$input.body")]);
                integration
            })],
        ),
    ]);
    definition.binary_media_types = vec!["image/*".to_owned()];
    let served = Served::new(definition, stage(), fakes).await;
    let image = || served.request("POST", "/p").header("content-type", "image/png");
    assert_eq!(served.ask(image(), "bytes").await, (200, "bytes".to_owned()));
    let text = served.request("POST", "/t").header("content-type", "image/png");
    assert_eq!(served.ask(text, "bytes").await.0, 200);
    assert_eq!(served.fakes.service_calls.lock().unwrap()[0].body, "Ynl0ZXM=");
}

#[tokio::test]
async fn http_integrations_reach_a_real_server() {
    let (spec, _image) = task_spec().await;
    let (context, logs) = task_context();
    let task = Task::start(&spec, &context).unwrap();
    eventually("the service listens", || logs.messages("web").iter().any(|line| line == "listening")).await;
    let base = format!("http://{}", task.address());
    let mut proxy = Integration {
        kind: IntegrationKind::HttpProxy,
        uri: Some(format!("{base}/in/{{proxy}}")),
        request_parameters: map([
            ("integration.request.path.proxy", "method.request.path.proxy"),
            ("integration.request.header.X-Added", "'1'"),
        ]),
        ..Integration::default()
    };
    proxy.http_method = Some("ANY".to_owned());
    let plain = Integration {
        kind: IntegrationKind::Http,
        http_method: Some("POST".to_owned()),
        uri: Some(format!("{base}/back")),
        request_templates: templates([("application/json", r#"{"n":$input.json('$.n')}"#)]),
        responses: vec![answer(200, "200", r#"{"doubled":"$input.path('$.n')$input.path('$.n')"}"#)],
        ..Integration::default()
    };
    let dead = Integration { uri: Some("http://127.0.0.1:1/x".to_owned()), ..proxy.clone() };
    let secure = Integration { uri: Some("https://127.0.0.1:1/x".to_owned()), ..proxy.clone() };
    let linked = Integration {
        vpc_link: Some("${stageVariables.topicArn}".to_owned()),
        integration_target: Some("arn:alb".to_owned()),
        uri: Some("http://alb.local/{proxy}".to_owned()),
        ..proxy.clone()
    };
    let definition = api(vec![
        ("/x/{proxy+}", vec![method("ANY", &[], proxy)]),
        ("/plain", vec![method("PUT", &[200], plain)]),
        ("/dead", vec![method("GET", &[], dead)]),
        ("/secure", vec![method("GET", &[], secure)]),
        ("/link/{proxy+}", vec![method("GET", &[], linked)]),
    ]);
    let served = Served::new(definition, stage(), Fakes::default()).await;
    let request = served
        .request("PUT", "/x/a%20b/c?q=1&r=%2F")
        .header("x-mine", "m")
        .header("connection", "keep-alive");
    let response = served.send(request, "body").await;
    assert_eq!(response.status(), 200);
    let seen: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(
        (&seen["method"], &seen["uri"], &seen["body"]),
        (&json!("PUT"), &json!("/in/a%20b/c?q=1&r=%2F"), &json!("body"))
    );
    let header = |name: &str| {
        seen["headers"].as_array().unwrap().iter().find(|pair| pair[0] == name).map(|pair| pair[1].clone())
    };
    assert_eq!((header("x-mine"), header("x-added")), (Some(json!("m")), Some(json!("1"))));
    assert_eq!(header("host"), Some(json!(task.address().to_string())));
    assert_eq!(
        (header("x-forwarded-for"), header("x-amzn-apigateway-api-id")),
        (Some(json!("127.0.0.1")), Some(json!("abc123")))
    );
    let doubled = served.ask(served.request("PUT", "/plain"), r#"{"n":4}"#).await;
    assert_eq!(doubled, (200, r#"{"doubled":"44"}"#.to_owned()));
    let dead = served.ask(served.request("GET", "/dead"), "").await;
    assert_eq!(dead, (504, r#"{"message":"Network error communicating with endpoint"}"#.to_owned()));
    assert_eq!(served.ask(served.request("GET", "/secure"), "").await.0, 500);
    let linked = served.ask(served.request("GET", "/link/a/b?c=d"), "").await;
    assert_eq!(linked, (200, "arn:topic arn:alb http://alb.local/a/b?c=d".to_owned()));
    assert_eq!(text(&get(&client(), task.address(), "/pid").await), task.process_id().to_string());
}
