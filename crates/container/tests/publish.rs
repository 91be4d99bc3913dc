//! The container's program with the workload `publish`, against a server that plays SNS.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

#[path = "../../workload/tests/topic/mod.rs"]
mod topic;

mod service;

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use service::{Service, program, run_to_end};
use topic::{Mood, TOPIC_ARN, Topic};
use workload::proof::Expect;
use workload::publish::MAX_BODY_BYTES;

#[tokio::test]
async fn every_case_is_answered_as_expected() {
    let topic = Topic::start().await;
    let service = Service::start(topic.environment()).await;
    for case in workload::publish::cases() {
        let answer = service.request(case.method, &case.path, case.content_type, &case.body).await;
        let arrived = topic.take_messages();
        match case.expect {
            Expect::Published => {
                assert_eq!(
                    (answer.status, answer.json()),
                    (200, json!({"messageId": "m-1"})),
                    "{}",
                    case.name
                );
                assert!(
                    arrived.len() == 1 && arrived[0].as_bytes() == case.body,
                    "{} arrived changed",
                    case.name
                );
            }
            Expect::Refused { statuses, message } => {
                assert!(statuses.contains(&answer.status), "{}: {answer:?}", case.name);
                if let Some(message) = message {
                    assert_eq!(answer.json(), json!({ "message": message }), "{}", case.name);
                }
                assert!(arrived.is_empty(), "{}", case.name);
            }
        }
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_told_apart() {
    let topic = Topic::start().await;
    let service = Service::start(topic.environment()).await;
    let method = service.request("DELETE", "/publish", None, b"").await;
    assert_eq!((method.status, method.json()), (405, json!({"message": "Method not allowed"})));
    assert_eq!(method.header("allow"), Some("POST"));
    let path = service.request("GET", "/", None, b"").await;
    assert_eq!((path.status, path.json()), (404, json!({"message": "Not found"})));
    let not_text = service.request("POST", "/publish", None, b"\xff").await;
    assert_eq!(
        (not_text.status, not_text.json()),
        (400, json!({"message": "The request body is not UTF-8 text"}))
    );
}

#[tokio::test]
async fn a_topic_in_trouble_is_told_and_does_not_make_the_service_unwell() {
    let topic = Topic::start().await;
    let service = Service::start(topic.environment()).await;
    for (mood, status, message) in [
        (Mood::Throttle, 429, "Too many requests"),
        (Mood::Fail, 502, "The topic did not accept the message"),
        (Mood::Deny, 502, "The topic did not accept the message"),
    ] {
        topic.set_mood(mood);
        let answer = service.request("POST", "/publish", None, b"x").await;
        assert_eq!((answer.status, answer.json()), (status, json!({ "message": message })), "{mood:?}");
        topic.take_calls();
        assert_eq!(service.request("GET", "/healthz", None, b"").await.status, 200, "{mood:?}");
        assert_eq!(topic.take_calls(), 0, "the health check does not touch the topic");
    }
}

#[tokio::test]
async fn too_large_bodies_are_refused_however_they_are_sent() {
    let topic = Topic::start().await;
    let service = Service::start(topic.environment()).await;
    let too_large = json!({"message": "The request body is over 256 KiB"});

    let announced = service.request("POST", "/publish", None, &vec![b'x'; 3 * 1024 * 1024]).await;
    assert_eq!((announced.status, announced.json()), (413, too_large.clone()));

    let mut chunked = service.connect().await;
    chunked.write(b"POST /publish HTTP/1.1\r\nhost: service\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 65536], b"\r\n"].concat();
    for _ in 0..MAX_BODY_BYTES / 65536 {
        chunked.write(&chunk).await;
    }
    chunked.write(b"1\r\nx\r\n0\r\n\r\n").await;
    let answer = chunked.answer().await;
    assert_eq!((answer.status, answer.json()), (413, too_large));
    chunked.send("POST", "/publish", None, b"next").await;
    assert_eq!(chunked.answer().await.status, 200, "the connection is still good");
}

#[tokio::test]
async fn a_signal_finishes_what_is_in_flight_and_closes_the_rest() {
    for signal in [Signal::TERM, Signal::INT] {
        let topic = Topic::start().await;
        let service = Service::start(topic.environment()).await;
        let (mut unused, mut idle, mut busy) =
            (service.connect().await, service.connect().await, service.connect().await);
        idle.send("GET", "/healthz", None, b"").await;
        assert_eq!(idle.answer().await.header("connection"), None);
        topic.set_mood(Mood::Slow(Duration::from_millis(1500)));
        busy.send("POST", "/publish", None, b"in flight").await;
        while topic.take_calls() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }

        let asked = Instant::now();
        service.signal(signal);
        assert!(unused.is_closed().await);
        assert!(idle.is_closed().await);
        assert!(
            asked.elapsed() < Duration::from_millis(1200),
            "unused connections do not wait for those in use"
        );
        let refused = tokio::net::TcpStream::connect(service.address).await;
        assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);

        let answer = busy.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
        assert!(busy.is_closed().await);
        assert_eq!(topic.take_messages(), ["in flight"]);
        let (status, log) = service.end().await;
        assert_eq!(status.code(), Some(0));
        assert_eq!(log.last().unwrap()["message"], "stopped");
    }
}

#[tokio::test]
async fn a_bad_environment_ends_the_program_with_words() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_port = taken.local_addr().unwrap().port().to_string();
    let good = [
        ("WORKLOAD", "publish".to_owned()),
        ("TOPIC_ARN", TOPIC_ARN.to_owned()),
        ("BIND_ADDRESS", "127.0.0.1".to_owned()),
        ("PORT", "0".to_owned()),
    ];
    let taken_words =
        format!("the port {taken_port} of 127.0.0.1 cannot be listened on: Address already in use");
    for (name, value, words) in [
        ("WORKLOAD", "", "WORKLOAD is not set: set it to the work to do, for example WORKLOAD=publish"),
        ("WORKLOAD", "publsh", "WORKLOAD: there is no workload \"publsh\": the workloads are publish"),
        ("TOPIC_ARN", "", "TOPIC_ARN is not set: set it to the ARN of the SNS topic"),
        ("TOPIC_ARN", "messages", "TOPIC_ARN is \"messages\", which is not the ARN of the SNS topic"),
        ("PORT", "http", "PORT is \"http\", which is not a port from 0 to 65535"),
        ("BIND_ADDRESS", "localhost", "BIND_ADDRESS is \"localhost\", which is not an IP address"),
        ("PORT", taken_port.as_str(), taken_words.as_str()),
    ] {
        let mut command = program(&good);
        command.env(name, value);
        let (code, message) = run_to_end(command).await;
        assert_eq!(code, Some(1), "{name}={value}");
        assert!(message.starts_with(words), "{name}={value}: {message}");
    }
    let mut command = program(&good);
    command.arg("--serve");
    let (code, message) = run_to_end(command).await;
    assert_eq!(code, Some(1));
    assert!(message.starts_with("\"--serve\" is not understood"), "{message}");
}

#[tokio::test]
async fn the_health_check_asks_the_service() {
    let topic = Topic::start().await;
    let service = Service::start(topic.environment()).await;
    let ask = |port: u16| {
        let mut command = program(&[("PORT", port.to_string())]);
        command.arg("--healthcheck");
        run_to_end(command)
    };
    assert_eq!(
        ask(service.address.port()).await.0,
        Some(0),
        "reached over the loopback, as it listens on 0.0.0.0"
    );

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, message) = ask(nobody.port()).await;
    assert_eq!(code, Some(1));
    assert!(message.contains(&format!("unhealthy: http://{nobody}/healthz: ")), "{message}");

    let (code, message) = ask(topic.address.port()).await;
    assert_eq!((code, message.contains("404")), (Some(1), true), "{message}");
}
