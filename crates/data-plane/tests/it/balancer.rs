use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use data_plane::balancer::{
    Action, Alias, Condition, FixedResponse, Listener, ListenerSpec, Redirect, Rule, StringCondition,
    TargetGroup, TargetState,
};
use data_plane::task::Task;
use http::{Request, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{
    client, eventually, forward_to, get, listener, listener_spec, send, target_group, task_context,
    task_spec, text, with_variable,
};

fn state(group: &TargetGroup, address: SocketAddr) -> Option<TargetState> {
    group.targets().into_iter().find(|target| target.address == address).map(|target| target.state)
}

/// A service with one version, registered and healthy.
async fn served(version: &str, group: &Arc<TargetGroup>) -> (Task, tempfile::TempDir) {
    let (spec, image) = task_spec().await;
    let (context, _logs) = task_context();
    let task = Task::start(&with_variable(spec, "VERSION", version), &context).unwrap();
    group.register(task.address());
    (task, image)
}

async fn healthy(group: &TargetGroup, count: usize) {
    eventually("targets are healthy", || {
        group.targets().iter().filter(|target| target.state == TargetState::Healthy).count() == count
    })
    .await;
}

#[tokio::test]
async fn requests_alternate_between_healthy_targets_and_say_where_they_come_from() {
    let group = target_group();
    let listener = listener(listener_spec(forward_to(&[(&group, 1)]))).await;
    let (one, _image1) = served("1", &group).await;
    let (_two, _image2) = served("2", &group).await;
    healthy(&group, 2).await;
    let client = client();
    let mut versions = Vec::new();
    for _ in 0..4 {
        versions.push(text(&get(&client, listener.address(), "/version").await).to_owned());
    }
    versions.sort();
    assert_eq!(versions, ["1", "1", "2", "2"]);
    let request = Request::post(format!("http://{}/a/b?x=1&y=%20", listener.address()))
        .header("x-forwarded-for", "203.0.113.9")
        .header("connection", "keep-alive, x-private")
        .header("x-private", "1")
        .header("te", "trailers")
        .header("host", "www.example.com");
    let answer = send(&client, request, "hello").await;
    let seen: Value = serde_json::from_slice(answer.body()).unwrap();
    let header = |name: &str| {
        let found = seen["headers"].as_array().unwrap().iter().find(|pair| pair[0] == name);
        found.map(|pair| pair[1].as_str().unwrap().to_owned())
    };
    assert_eq!((seen["method"].as_str(), seen["uri"].as_str()), (Some("POST"), Some("/a/b?x=1&y=%20")));
    assert_eq!(seen["body"], "hello");
    assert_eq!(header("x-forwarded-for").as_deref(), Some("203.0.113.9, 127.0.0.1"));
    assert_eq!(header("x-forwarded-proto").as_deref(), Some("http"));
    assert_eq!(header("x-forwarded-port").as_deref(), Some("80"));
    assert_eq!(header("host").as_deref(), Some("www.example.com"));
    assert!(header("x-amzn-trace-id").unwrap().starts_with("Root=1-"));
    assert_eq!((header("x-private"), header("te")), (None, None));
    one.stop(Duration::from_secs(5)).await;
    eventually("a dead target is unhealthy", || state(&group, one.address()) == Some(TargetState::Unhealthy))
        .await;
    for _ in 0..4 {
        assert_eq!(text(&get(&client, listener.address(), "/version").await), "2");
    }
}

#[tokio::test]
async fn a_target_nobody_forwards_to_is_unused_and_one_that_leaves_drains() {
    let group = target_group();
    let (task, _image) = served("1", &group).await;
    eventually("unused", || state(&group, task.address()) == Some(TargetState::Unused)).await;
    let listener = listener(listener_spec(forward_to(&[(&group, 1)]))).await;
    healthy(&group, 1).await;
    let address = listener.address();
    let slow = tokio::spawn(async move { get(&client(), address, "/slow?700").await });
    eventually("a request is outstanding", || group.targets()[0].outstanding_requests == 1).await;
    group.deregister(task.address());
    assert_eq!(state(&group, task.address()), Some(TargetState::Draining));
    assert_eq!(get(&client(), address, "/version").await.status(), 503);
    group.deregistered(task.address()).await;
    assert_eq!(text(&slow.await.unwrap()), "slow");
    assert_eq!(group.targets(), []);
    listener.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the port is free");
    group.stop().await;
}

#[tokio::test]
async fn a_target_with_the_wrong_code_is_unhealthy_but_serves_when_there_is_no_other() {
    let group = target_group();
    let listener = listener(listener_spec(forward_to(&[(&group, 1)]))).await;
    let (spec, _image) = task_spec().await;
    let (context, _logs) = task_context();
    let task = Task::start(&with_variable(spec, "UNHEALTHY", "1"), &context).unwrap();
    group.register(task.address());
    assert_eq!(get(&client(), listener.address(), "/x").await.status(), 503);
    eventually("unhealthy", || {
        let target = group.targets().remove(0);
        target.state == TargetState::Unhealthy
            && target.description.as_deref() == Some("Health checks failed with these codes: [503]")
    })
    .await;
    assert_eq!(get(&client(), listener.address(), "/x").await.status(), 200);
}

#[tokio::test]
async fn no_target_is_503_a_refusing_one_502_a_silent_one_504() {
    let group = target_group();
    let mut spec = listener_spec(forward_to(&[(&group, 1)]));
    spec.idle_timeout = Duration::from_millis(400);
    let listener = listener(spec).await;
    let client = client();
    let none = get(&client, listener.address(), "/").await;
    assert_eq!(none.status(), 503);
    assert_eq!(none.headers()["server"], "awselb/2.0");
    assert!(text(&none).contains("<center><h1>503 Service Temporarily Unavailable</h1></center>"));
    // Passes one health check, then answers nothing any more.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let held = tokio::spawn(async move {
        let (mut first, _) = silent.accept().await.unwrap();
        let _ = first.read(&mut [0; 1024]).await.unwrap();
        first.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let mut connections = Vec::new();
        for _ in 0..2 {
            connections.push(silent.accept().await.unwrap());
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
        connections
    });
    group.register(address);
    healthy(&group, 1).await;
    let begun = Instant::now();
    assert_eq!(get(&client, listener.address(), "/").await.status(), 504);
    assert!(begun.elapsed() < Duration::from_secs(2));
    drop(held.await.unwrap());
    assert_eq!(get(&client, listener.address(), "/").await.status(), 502);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced() {
    let group = target_group();
    let listener = listener(listener_spec(forward_to(&[(&group, 1)]))).await;
    // Answers each connection once and closes it without saying so.
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = server.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            });
        }
    });
    group.register(address);
    healthy(&group, 1).await;
    let client = client();
    for _ in 0..200 {
        let request = Request::put(format!("http://{}/", listener.address()));
        assert_eq!(send(&client, request, "again").await.status(), 200);
    }
}

#[tokio::test]
async fn bodies_of_any_size_pass_both_ways() {
    let group = target_group();
    let listener = listener(listener_spec(forward_to(&[(&group, 1)]))).await;
    let (_task, _image) = served("1", &group).await;
    healthy(&group, 1).await;
    let client = client();
    for size in [0, 1, 70_000, 1024 * 1024, 5_000_000] {
        let body = "ü".repeat(size / 2);
        let request = Request::post(format!("http://{}/back", listener.address()));
        let answer = send(&client, request, &body).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.body() == body.as_bytes(), "{size} bytes");
    }
    let head = send(&client, Request::head(format!("http://{}/version", listener.address())), "").await;
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
}

fn rule(priority: u32, conditions: Vec<Condition>, body: &str) -> Rule {
    let fixed = FixedResponse { status: StatusCode::OK, content_type: None, body: body.to_owned() };
    Rule { priority, conditions, action: Action::FixedResponse(fixed) }
}

fn ruled() -> ListenerSpec {
    let all = |path: &str| Condition::Path(vec![path.to_owned()]);
    let values = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    let mut spec = listener_spec(Action::FixedResponse(FixedResponse {
        status: StatusCode::NOT_FOUND,
        content_type: Some("application/json".to_owned()),
        body: "{}".to_owned(),
    }));
    spec.rules = vec![
        rule(9, vec![all("/a*")], "late"),
        rule(1, vec![all("/a/*"), Condition::Method(values(&["PUT", "DELETE"]))], "method"),
        rule(2, vec![Condition::Host(values(&["*.Example.com"]))], "host"),
        rule(
            3,
            vec![Condition::Header(StringCondition { name: "X-Kind".into(), values: values(&["be*a"]) })],
            "header",
        ),
        rule(4, vec![Condition::Query(vec![(Some("v".into()), "1".into()), (None, "any".into())])], "query"),
        rule(5, vec![all("/local"), Condition::SourceIp(vec![("127.0.0.0".parse().unwrap(), 8)])], "source"),
        rule(6, vec![all("/far"), Condition::SourceIp(vec![("10.0.0.0".parse().unwrap(), 8)])], "far"),
        Rule {
            priority: 7,
            conditions: vec![all("/old/*")],
            action: Action::Redirect(Redirect {
                status: StatusCode::MOVED_PERMANENTLY,
                protocol: "HTTPS".into(),
                host: "#{host}".into(),
                port: "443".into(),
                path: "/new/#{path}".into(),
                query: "#{query}&from=old".into(),
            }),
        },
    ];
    spec
}

#[tokio::test]
async fn rules_are_tried_by_priority() {
    let listener = listener(ruled()).await;
    let client = client();
    let base = format!("http://{}", listener.address());
    for (request, body) in [
        (Request::get(format!("{base}/abc")), "late"),
        (Request::put(format!("{base}/a/b")), "method"),
        (Request::get(format!("{base}/a/b")), "late"),
        (Request::get(format!("{base}/x")).header("host", "WWW.example.com:8080"), "host"),
        (Request::get(format!("{base}/x")).header("x-kind", "BETA"), "header"),
        (Request::get(format!("{base}/x?v=1")), "query"),
        (Request::get(format!("{base}/x?other=any")), "query"),
        (Request::get(format!("{base}/local")), "source"),
        (Request::get(format!("{base}/far")), "{}"),
        (Request::get(format!("{base}/x?v=2")), "{}"),
    ] {
        let told = format!("{request:?}");
        assert_eq!(text(&send(&client, request, "").await), body, "{told}");
    }
    let moved = get(&client, listener.address(), "/old/p/q?a=b").await;
    assert_eq!(moved.status(), 301);
    assert_eq!(moved.headers()["location"], "https://127.0.0.1:443/new/old/p/q?a=b&from=old");
    let missing = get(&client, listener.address(), "/far").await;
    assert_eq!(
        (missing.status().as_u16(), &missing.headers()["content-type"]),
        (404, &http::HeaderValue::from_static("application/json"))
    );
    listener.update(listener_spec(rule(1, vec![], "updated").action)).unwrap();
    assert_eq!(text(&get(&client, listener.address(), "/abc").await), "updated");
    let mut wrong = ruled();
    wrong.rules[0].conditions = vec![Condition::SourceIp(vec![("10.0.0.0".parse().unwrap(), 33)])];
    assert!(
        listener.update(wrong).unwrap_err().to_string().contains("priority 9: 10.0.0.0/33 is not a CIDR")
    );
}

#[tokio::test]
async fn weights_share_the_requests_and_a_listener_serves_in_process() {
    let (heavy, light, none) = (target_group(), target_group(), target_group());
    let listener: Arc<Listener> =
        listener(listener_spec(forward_to(&[(&none, 0), (&heavy, 90), (&light, 10)]))).await;
    let (_one, _image1) = served("heavy", &heavy).await;
    let (_two, _image2) = served("light", &light).await;
    healthy(&heavy, 1).await;
    healthy(&light, 1).await;
    let mut served = 0;
    for _ in 0..400 {
        let request =
            Request::get("/version").header("host", "h").body(data_plane::body::Body::empty()).unwrap();
        let answer = listener.handle(request, "10.1.2.3:4".parse().unwrap()).await;
        assert_eq!(answer.status(), 200);
        let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
        served += u32::from(&body[..] == b"heavy");
    }
    assert!((320..=390).contains(&served), "{served} of 400 went to the heavy group");
}

#[tokio::test]
async fn an_alias_stands_for_one_host_of_a_shared_listener() {
    let (one, other) = (target_group(), target_group());
    let fixed = |body: &str| {
        Action::FixedResponse(FixedResponse {
            status: StatusCode::OK,
            content_type: None,
            body: body.to_owned(),
        })
    };
    let mut spec = listener_spec(fixed("nobody"));
    for (priority, host) in [(1, "one.example.test"), (2, "two.example.test")] {
        spec.rules.push(Rule {
            priority,
            conditions: vec![Condition::Host(vec![host.to_owned()])],
            action: fixed(host),
        });
    }
    let listener = listener(spec).await;
    let client = client();
    for (host, expected) in [
        ("one.example.test", "one.example.test"),
        ("two.example.test", "two.example.test"),
        ("x.test", "nobody"),
    ] {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alias = Alias::start(host, Arc::clone(&listener), socket).unwrap();
        assert_eq!(text(&get(&client, alias.address(), "/").await), expected);
        alias.stop().await;
    }
    drop((one, other));
}
