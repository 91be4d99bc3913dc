//! What a REST API does itself: choosing the method, validation, authorization, throttling, logging, its own answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_plane::rest_api::{
    AccessLog, Authorization, Authorizer, AuthorizerKind, CacheSetting, Deployment, IntegrationKind, Method,
    MethodSetting, RequestValidator, StageSpec, Throttle,
};
use serde_json::{Value, json};

use crate::rest_api::{Fakes, Served, answer, api, gateway_response, lambda, map, method, mock, stage};
use crate::support::{get, text};

#[tokio::test]
async fn the_method_is_chosen_by_path_and_verb() {
    let resources = vec![
        ("/", vec![method("GET", &[200], mock(200))]),
        ("/items/{id}", vec![method("GET", &[200], mock(200)), method("ANY", &[201], mock(201))]),
        ("/items/special", vec![method("GET", &[200], mock(200))]),
        ("/{proxy+}", vec![method("POST", &[200], mock(200))]),
    ];
    let served = Served::new(api(resources), stage(), Fakes::default()).await;
    for (verb, path, status, body) in [
        ("GET", "", 200, "{\"path\":\"/\"}"),
        ("GET", "/", 200, "{\"path\":\"/\"}"),
        ("GET", "/items/5?x=1", 200, "{\"path\":\"/items/{id}\"}"),
        ("DELETE", "/items/5", 201, "{\"path\":\"/items/{id}\"}"),
        ("GET", "/items/special", 200, "{\"path\":\"/items/special\"}"),
        ("POST", "/a/b/c", 200, "{\"path\":\"/{proxy+}\"}"),
        ("GET", "/a/b/c", 403, "{\"message\":\"Missing Authentication Token\"}"),
        ("POST", "/items/special", 403, "{\"message\":\"Missing Authentication Token\"}"),
    ] {
        let got = served.ask(served.request(verb, path), "").await;
        assert_eq!(got, (status, body.to_owned()), "{verb} {path}");
    }
    let response = served.send(served.request("GET", "/a"), "").await;
    assert_eq!(response.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-amzn-requestid"].len(), 36);
    assert_eq!(response.headers()["x-amz-apigw-id"].len(), 16);
    let elsewhere = get(&served.client, served.address(), "/other/items/5").await;
    assert_eq!((elsewhere.status().as_u16(), text(&elsewhere)), (403, "{\"message\":\"Forbidden\"}"));
    served.server.remove_stage("v1");
    assert_eq!(served.ask(served.request("GET", ""), "").await.1, "{\"message\":\"Forbidden\"}");
}

#[tokio::test]
async fn gateway_responses_are_customised() {
    let mut definition = api(vec![("/a", vec![method("GET", &[200], mock(500))])]);
    let mut missing = gateway_response(
        Some(404),
        r#"{"message":"Not found","type":"$context.error.responseType","topic":"$stageVariables.topicArn"}"#,
    );
    missing.parameters = map([
        ("gatewayresponse.header.X-Why", "'because'"),
        ("gatewayresponse.header.X-Asked", "method.request.header.x-asked"),
        ("gatewayresponse.header.X-Id", "context.requestId"),
    ]);
    definition.gateway_responses.insert("MISSING_AUTHENTICATION_TOKEN".to_owned(), missing);
    let server_error = gateway_response(Some(502), r#"{"oops":$context.error.messageString}"#);
    definition.gateway_responses.insert("DEFAULT_5XX".to_owned(), server_error);
    let served = Served::new(definition, stage(), Fakes::default()).await;
    let missing = served.send(served.request("GET", "/b").header("x-asked", "me"), "").await;
    assert_eq!(missing.status(), 404);
    assert_eq!(
        text(&missing),
        r#"{"message":"Not found","type":"MISSING_AUTHENTICATION_TOKEN","topic":"arn:topic"}"#
    );
    assert_eq!(
        (&missing.headers()["x-why"], &missing.headers()["x-asked"]),
        (&"because".parse().unwrap(), &"me".parse().unwrap())
    );
    assert_eq!(missing.headers()["x-id"], missing.headers()["x-amzn-requestid"]);
    // The mock answers 500, which the method does not declare.
    let undeclared = served.ask(served.request("GET", "/a"), "").await;
    assert_eq!(undeclared, (502, r#"{"oops":"Internal server error"}"#.to_owned()));
}

fn validated(
    models: [(&str, Value); 1],
    request_models: &[(&str, &str)],
    validator: RequestValidator,
) -> data_plane::rest_api::ApiDefinition {
    let parameters = [
        ("method.request.header.X-Token", true),
        ("method.request.querystring.page", true),
        ("method.request.querystring.size", false),
    ];
    let checked = Method {
        request_parameters: parameters.map(|(name, required)| (name.to_owned(), required)).into(),
        request_models: request_models
            .iter()
            .map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned()))
            .collect(),
        request_validator: Some(validator),
        ..method("POST", &[200], mock(200))
    };
    let mut definition = api(vec![("/a", vec![checked])]);
    definition.models = models.map(|(name, schema)| (name.to_owned(), schema)).into();
    let bad_body = gateway_response(
        None,
        r#"{"m":$context.error.messageString,"v":"$context.error.validationErrorString"}"#,
    );
    definition.gateway_responses.insert("BAD_REQUEST_BODY".to_owned(), bad_body);
    definition
}

#[tokio::test]
async fn required_parameters_and_bodies_are_checked_when_asked() {
    let schema = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    let validator = RequestValidator { body: true, parameters: true };
    let definition = validated([("Item", schema)], &[("application/json", "Item")], validator);
    let served = Served::new(definition, stage(), Fakes::default()).await;
    let good = || served.request("POST", "/a?page=1").header("x-token", "t");
    assert_eq!(served.ask(good(), r#"{"n":1}"#).await.0, 200);
    let none = served.ask(served.request("POST", "/a"), r#"{"n":1}"#).await;
    assert_eq!(
        none,
        (400, r#"{"message":"Missing required request parameters: [X-Token, page]"}"#.to_owned())
    );
    let empty = served.ask(served.request("POST", "/a?page=").header("x-token", "t"), "{}").await;
    assert_eq!(empty.1, r#"{"message":"Missing required request parameters: [page]"}"#);
    let missing = served.ask(good(), "{}").await;
    assert_eq!(missing.0, 400);
    assert!(
        missing.1.starts_with(r#"{"m":"Invalid request body","v":"[object has missing required properties"#),
        "{}",
        missing.1
    );
    assert_eq!(served.ask(good(), "not json").await.0, 400);
    assert_eq!(served.ask(good(), r#"{"n":"1"}"#).await.0, 400);
    // A content type without a model is not looked at.
    let text = served.ask(good().header("content-type", "text/plain"), "not json").await;
    assert_ne!(text.0, 400, "{text:?}");
    let with_charset = good().header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(served.ask(with_charset, "{}").await.0, 400);
}

#[tokio::test]
async fn what_no_validator_asks_for_is_not_checked() {
    let definition = validated(
        [("Item", json!({"required": ["n"]}))],
        &[("application/json", "Item")],
        RequestValidator::default(),
    );
    let served = Served::new(definition, stage(), Fakes::default()).await;
    assert_eq!(served.ask(served.request("POST", "/a"), "{}").await.0, 200);
}

#[tokio::test]
async fn a_stage_throttles_each_method_by_its_most_specific_setting() {
    let setting = |path: &str, verb: &str, burst: u32| MethodSetting {
        resource_path: path.to_owned(),
        http_method: verb.to_owned(),
        throttle: Some(Throttle { rate: 0.5, burst }),
        cache: CacheSetting::default(),
    };
    let definition = api(vec![
        ("/a", vec![method("GET", &[200], mock(200)), method("PUT", &[200], mock(200))]),
        ("/b", vec![method("GET", &[200], mock(200))]),
    ]);
    let spec = StageSpec {
        method_settings: vec![setting("/*", "*", 2), setting("/a", "GET", 4), setting("/*", "GET", 3)],
        ..stage()
    };
    let served = Served::new(definition, spec, Fakes::default()).await;
    let count = async |verb: &str, path: &str| {
        let mut passed = 0;
        let mut last = (200, String::new());
        for _ in 0..6 {
            last = served.ask(served.request(verb, path), "").await;
            passed += u32::from(last.0 == 200);
        }
        assert_eq!(last, (429, r#"{"message":"Too Many Requests"}"#.to_owned()));
        passed
    };
    assert_eq!((count("GET", "/a").await, count("PUT", "/a").await, count("GET", "/b").await), (4, 2, 3));
}

#[tokio::test]
async fn the_access_log_has_a_line_for_each_request() {
    let mut spec = stage();
    spec.access_log = Some(AccessLog {
        log_group: "access".to_owned(),
        format: r#"{"id":"$context.requestId","ip":"$context.identity.sourceIp","agent":"$context.identity.userAgent","m":"$context.httpMethod","p":"$context.path","rp":"$context.resourcePath","s":"$context.status","l":$context.responseLength,"ms":$context.responseLatency,"is":"$context.integrationStatus","ims":"$context.integrationLatency","e":"$context.error.message","t":"$context.requestTime"}"#.to_owned(),
    });
    let served =
        Served::new(api(vec![("/a", vec![method("GET", &[200], mock(200))])]), spec, Fakes::default()).await;
    let good = served.send(served.request("GET", "/a").header("user-agent", "a \"b\"\\"), "").await;
    served.send(served.request("GET", "/none"), "").await;
    let lines: Vec<Value> =
        served.logs.messages("access").iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let first = &lines[0];
    assert_eq!(first["id"], good.headers()["x-amzn-requestid"].to_str().unwrap());
    assert_eq!((&first["ip"], &first["agent"]), (&json!("127.0.0.1"), &json!("a \"b\"\\")));
    assert_eq!((&first["m"], &first["p"], &first["rp"]), (&json!("GET"), &json!("/v1/a"), &json!("/a")));
    assert_eq!(
        (&first["s"], &first["l"], &first["is"]),
        (&json!("200"), &json!(good.body().len()), &json!("200"))
    );
    assert!(first["ms"].as_u64().unwrap() < 1000);
    assert_eq!(first["e"], "-");
    assert!(first["t"].as_str().unwrap().ends_with(" +0000"));
    assert_eq!(
        (&lines[1]["s"], &lines[1]["e"], &lines[1]["rp"]),
        (&json!("403"), &json!("Missing Authentication Token"), &json!("-"))
    );
}

#[tokio::test]
async fn more_than_ten_megabytes_are_refused() {
    let served =
        Served::new(api(vec![("/a", vec![method("POST", &[200], mock(200))])]), stage(), Fakes::default())
            .await;
    let most = "x".repeat(10 * 1024 * 1024);
    assert_eq!(served.ask(served.request("POST", "/a"), &most).await.0, 200);
    let over = served.ask(served.request("POST", "/a"), &(most + "x")).await;
    assert_eq!(over, (413, r#"{"message":"HTTP content length exceeded 10485760 bytes."}"#.to_owned()));
}

fn with_authorizer(kind: AuthorizerKind, sources: &[&str], ttl: u64) -> data_plane::rest_api::ApiDefinition {
    let authorized = Method {
        authorization: Authorization::Custom("auth".to_owned()),
        ..method("GET", &[200], {
            let mut integration = mock(200);
            let told = r#"{"who":"$context.authorizer.principalId","level":"$context.authorizer.level"}"#;
            integration.responses[0] = answer(200, "", told);
            integration
        })
    };
    let mut definition = api(vec![("/a/{id}", vec![authorized])]);
    definition.authorizers.insert(
        "auth".to_owned(),
        Authorizer {
            name: "auth".to_owned(),
            kind,
            uri: lambda(IntegrationKind::Aws, "authorizer").uri.unwrap(),
            credentials: None,
            identity_sources: sources.iter().map(ToString::to_string).collect(),
            identity_validation: (kind == AuthorizerKind::Token).then(|| "Bearer .*".to_owned()),
            result_ttl: Duration::from_secs(ttl),
        },
    );
    definition
}

fn policies(calls: &Arc<AtomicUsize>) -> Fakes {
    let calls = Arc::clone(calls);
    Fakes {
        function: Box::new(move |event| {
            calls.fetch_add(1, Ordering::Relaxed);
            let token = event["authorizationToken"].as_str().or_else(|| event["headers"]["X-Key"].as_str());
            let effect = match token.unwrap_or_default() {
                "Bearer good" => "Allow",
                "Bearer bad" => "Deny",
                "Bearer broken" => return Ok(json!({"policyDocument": {}})),
                "Bearer crash" => return Err(json!({"errorMessage": "boom"})),
                _ => return Err(json!({"errorMessage": "Unauthorized"})),
            };
            Ok(json!({
                "principalId": "ada",
                "context": {"level": 3},
                "policyDocument": {"Statement": [{"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}]},
            }))
        }),
        ..Fakes::default()
    }
}

#[tokio::test]
async fn a_token_authorizer_decides_and_its_decision_is_kept() {
    let calls = Arc::new(AtomicUsize::new(0));
    let definition = with_authorizer(AuthorizerKind::Token, &["method.request.header.Authorization"], 300);
    let served = Served::new(definition, stage(), policies(&calls)).await;
    let ask = async |path: &str, token: &str| {
        served.ask(served.request("GET", path).header("authorization", token), "").await
    };
    assert_eq!(ask("/a/1", "Bearer good").await, (200, r#"{"who":"ada","level":"3"}"#.to_owned()));
    assert_eq!(ask("/a/1", "Bearer good").await.0, 200);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    // The kept policy allows only the first path.
    let other = ask("/a/2", "Bearer good").await;
    assert_eq!(other, (403, r#"{"message":"User is not authorized to access this resource"}"#.to_owned()));
    let denied = ask("/a/1", "Bearer bad").await;
    assert_eq!(
        denied.1,
        r#"{"message":"User is not authorized to access this resource with an explicit deny"}"#
    );
    assert_eq!(ask("/a/1", "Bearer none").await, (401, r#"{"message":"Unauthorized"}"#.to_owned()));
    assert_eq!(ask("/a/1", "Bearer crash").await.0, 500);
    assert_eq!(ask("/a/1", "Bearer broken").await.0, 500);
    let before = calls.load(Ordering::Relaxed);
    assert_eq!(ask("/a/1", "Basic x").await.0, 401);
    assert_eq!(served.ask(served.request("GET", "/a/1"), "").await.0, 401);
    assert_eq!(calls.load(Ordering::Relaxed), before, "neither was worth a call");
    let (source, event) = served.fakes.function_calls.lock().unwrap()[0].clone();
    assert_eq!(source, "arn:aws:execute-api:us-east-1:000000000000:abc123/authorizers/auth");
    assert_eq!(event["methodArn"], "arn:aws:execute-api:us-east-1:000000000000:abc123/v1/GET/a/1");
}

#[tokio::test]
async fn a_request_authorizer_sees_the_request() {
    let calls = Arc::new(AtomicUsize::new(0));
    let sources = ["method.request.header.X-Key", "method.request.querystring.q"];
    let served =
        Served::new(with_authorizer(AuthorizerKind::Request, &sources, 0), stage(), policies(&calls)).await;
    let request = || served.request("GET", "/a/1?q=5").header("x-key", "Bearer good");
    assert_eq!(served.ask(request(), "").await.0, 200);
    assert_eq!(served.ask(request(), "").await.0, 200);
    assert_eq!(calls.load(Ordering::Relaxed), 2, "a time to live of 0 keeps nothing");
    let (_, event) = served.fakes.function_calls.lock().unwrap()[0].clone();
    assert_eq!((&event["type"], &event["queryStringParameters"]["q"]), (&json!("REQUEST"), &json!("5")));
    assert_eq!(event["pathParameters"], json!({"id": "1"}));
    assert_eq!(served.ask(served.request("GET", "/a/1"), "").await.0, 401);
}

#[tokio::test]
async fn iam_and_api_keys_guard_their_methods() {
    let signed = Method { authorization: Authorization::Iam, ..method("GET", &[200], mock(200)) };
    let keyed = Method { api_key_required: true, ..method("GET", &[200], mock(200)) };
    let served =
        Served::new(api(vec![("/iam", vec![signed]), ("/key", vec![keyed])]), stage(), Fakes::default())
            .await;
    let ask = async |token: &str| {
        served.ask(served.request("GET", "/iam").header("authorization", token), "").await
    };
    assert_eq!(ask("good").await.0, 200);
    let arn = "arn:aws:execute-api:us-east-1:********0000:abc123/v1/GET/iam";
    let user = "arn:aws:iam::000000000000:user";
    let refused =
        format!("User: {user}/bad is not authorized to perform: execute-api:Invoke on resource: {arn}");
    assert_eq!(ask("bad").await, (403, json!({"message": refused}).to_string()));
    assert_eq!(ask("forged").await, (403, r#"{"message":"The signature is not right"}"#.to_owned()));
    assert_eq!(ask("old").await, (403, r#"{"message":"The token is expired"}"#.to_owned()));
    let none = served.ask(served.request("GET", "/iam"), "").await;
    assert_eq!(none, (403, r#"{"message":"Missing Authentication Token"}"#.to_owned()));
    assert_eq!(
        served.ask(served.request("GET", "/key").header("x-api-key", "k"), "").await,
        (403, r#"{"message":"Forbidden"}"#.to_owned())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_deployment_takes_over_without_a_failed_request() {
    let version = |number: u16| {
        let mut integration = mock(200);
        integration.responses[0].templates[0] = format!("{{\"v\":{number}}}");
        api(vec![("/a", vec![method("GET", &[200], integration)])])
    };
    let served = Arc::new(Served::new(version(0), stage(), Fakes::default()).await);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (served, seen) = (Arc::clone(&served), Arc::clone(&seen));
            tokio::spawn(async move {
                loop {
                    let (status, body) = served.ask(served.request("GET", "/a"), "").await;
                    assert_eq!(status, 200);
                    let done = body == "{\"v\":20}";
                    seen.lock().unwrap().push(body);
                    if done {
                        return;
                    }
                }
            })
        })
        .collect();
    for number in 1..=20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        served.server.set_stage(stage(), Deployment::compile(version(number)).unwrap()).unwrap();
    }
    for client in clients {
        client.await.unwrap();
    }
    assert!(seen.lock().unwrap().len() > 40);
}

#[test]
fn what_cannot_be_deployed_is_named_with_its_place() {
    let refused = |definition| Deployment::compile(definition).err().unwrap().to_string();
    let mut broken = mock(200);
    broken.request_templates.insert("text/plain".to_owned(), "#if(".to_owned());
    let message = refused(api(vec![("/a", vec![method("GET", &[200], broken)])]));
    assert!(message.starts_with("GET /a integration request: template text/plain: line 1"), "{message}");
    let mut broken = mock(200);
    broken.responses[0].selection_pattern = Some("(".to_owned());
    let message = refused(api(vec![("/a", vec![method("GET", &[200], broken)])]));
    assert!(message.starts_with("GET /a integration response 200: selection pattern \"(\""), "{message}");
    let mut broken = mock(200);
    broken.request_parameters = map([("integration.request.header.X", "method.request.cookie.x")]);
    let message = refused(api(vec![("/a", vec![method("GET", &[200], broken)])]));
    assert!(message.contains("\"method.request.cookie.x\" is not a mapping expression"), "{message}");
    let bare = Method { http_method: "GET".to_owned(), ..Method::default() };
    assert_eq!(refused(api(vec![("/a", vec![bare])])), "GET /a: the method has no integration");
}
