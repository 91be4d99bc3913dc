//! The closed loop against servers that behave, fail, stall and die.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod server;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use load::{
    Accepts, Choice, ConnectionUse, FailureKind, Limit, LoadError, Outcome, Plan, Seal, Shape, Tally, Target,
    Think,
};
use server::{Server, answer, target};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

async fn run(targets: &[Target], plan: &Plan) -> Vec<Outcome> {
    load::run(targets, plan, CancellationToken::new(), &|_| {}).await.unwrap()
}

async fn run_one(target: Target, plan: &Plan) -> Tally {
    run(&[target], plan).await.remove(0).total().unwrap()
}

fn for_time(connections: u32, millis: u64) -> Plan {
    let limit = Limit::Duration(Duration::from_millis(millis));
    Plan::new(Shape::Closed { connections, limit })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_sent_once_and_counted_by_its_status() {
    let server = Server::start(|number, _| async move {
        if number % 2 == 0 { answer(200, "{}") } else { answer(503, "busy") }
    })
    .await;
    let outcome = run_one(server.target("direct"), &Plan::closed(4, 1000)).await;
    assert_eq!(server.seen(), 1000);
    assert_eq!((outcome.requests, outcome.success), (1000, 500));
    assert_eq!(outcome.statuses, [(200, 500), (503, 500)].into());
    assert_eq!(outcome.failures, [(FailureKind::Status, 500)].into());
    assert_eq!((outcome.latency.len(), outcome.service.len()), (1000, 1000));
    assert_eq!(outcome.connections, 4);
    assert_eq!((outcome.late_sends, outcome.dropped_sends), (0, 0));
}

#[tokio::test]
async fn the_request_arrives_as_the_target_says() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = Server::start(move |_, request| {
        let log = Arc::clone(&log);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            log.lock().unwrap().push((head, body));
            answer(200, "{}")
        }
    })
    .await;
    let mut target = server.target("direct");
    target.requests[0].uri = format!("http://{}/v1/publish?a=b", server.address).parse().unwrap();
    target.requests[0].headers.insert("content-type", "text/plain".parse().unwrap());
    run_one(target.clone(), &Plan::closed(1, 2)).await;
    for (head, body) in seen.lock().unwrap().iter() {
        assert_eq!(head.method, "POST");
        assert_eq!(head.uri, "/v1/publish?a=b");
        assert_eq!(head.headers["host"], server.address.to_string());
        assert_eq!(head.headers["content-type"], "text/plain");
        assert_eq!(head.headers["content-length"], body.len().to_string());
        assert_eq!(body, &target.requests[0].body);
    }
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn targets_take_turns_in_the_order_of_the_seed() {
    let turns = Arc::new(Mutex::new(Vec::new()));
    let mut servers = Vec::new();
    for index in 0..3_usize {
        let turns = Arc::clone(&turns);
        servers.push(
            Server::start(move |_, _| {
                turns.lock().unwrap().push(index);
                async { answer(200, "{}") }
            })
            .await,
        );
    }
    let targets: Vec<Target> = servers.iter().map(|server| server.target("t")).collect();
    let plan = Plan { trials: 5, warm_up: 2, seed: 11, ..Plan::closed(1, 3) };
    let outcomes = run(&targets, &plan).await;
    for outcome in &outcomes {
        assert_eq!((outcome.warm_up.len(), outcome.trials.len()), (2, 5));
        assert!(outcome.trials.iter().all(|trial| trial.requests == 3 && trial.connections == 1));
        assert_eq!(outcome.total().unwrap().requests, 15, "what warmed up does not count");
    }
    let expected: Vec<usize> = plan.order(3).into_iter().flatten().flat_map(|index| vec![index; 3]).collect();
    assert_eq!(*turns.lock().unwrap(), expected);
    assert_eq!(plan.order(3), plan.order(3));
    assert_ne!(plan.order(3), Plan { seed: 12, ..plan }.order(3));
}

#[tokio::test]
async fn a_server_that_dies_midway_is_counted_and_ends_the_run() {
    let server = Server::constant(200, "{}").await;
    let target = server.target("direct");
    let plan = for_time(3, 700);
    let (outcome, ()) = tokio::join!(run_one(target, &plan), async {
        sleep(Duration::from_millis(200)).await;
        drop(server);
    });
    assert!(outcome.success > 0);
    let closed = outcome.failures.get(&FailureKind::Closed).copied().unwrap_or_default();
    let refused = outcome.failures[&FailureKind::Connect];
    assert!(closed <= 3, "{:?}", outcome.failures);
    assert!((1..=3 * 60).contains(&refused), "a target that is down is not asked in a busy loop: {refused}");
    assert_eq!(outcome.requests, outcome.success + closed + refused);
    assert_eq!(outcome.latency.len(), outcome.requests);
}

#[tokio::test]
async fn a_server_that_closes_connections_is_connected_to_again() {
    let server = Server::start(|number, _| async move {
        let mut response = answer(200, "{}");
        if number % 10 == 9 {
            response.headers_mut().insert("connection", "close".parse().unwrap());
        }
        response
    })
    .await;
    let outcome = run_one(server.target("direct"), &Plan::closed(1, 100)).await;
    assert_eq!((outcome.success, outcome.connections), (100, 10), "{:?}", outcome.failures);
}

#[tokio::test]
async fn no_answer_in_time_is_a_timeout_and_counts_with_its_time() {
    let server = Server::start(|number, _| async move {
        if number == 1 {
            sleep(Duration::from_secs(30)).await;
        }
        answer(200, "{}")
    })
    .await;
    let plan = Plan { timeout: Duration::from_millis(300), ..Plan::closed(1, 3) };
    let begin = Instant::now();
    let outcome = run_one(server.target("direct"), &plan).await;
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!((outcome.requests, outcome.success), (3, 2));
    assert_eq!(outcome.failures, [(FailureKind::Timeout, 1)].into());
    assert_eq!(outcome.connections, 2, "a late answer must not be taken for the next request's");
    assert!((300_000..1_000_000).contains(&outcome.latency.max()), "{}", outcome.latency.max());
}

#[tokio::test]
async fn a_slow_body_counts_to_its_end() {
    let server = Server::start(|_, _| async {
        sleep(Duration::from_millis(50)).await;
        answer(200, "{}")
    })
    .await;
    let outcome = run_one(server.target("direct"), &Plan::closed(2, 10)).await;
    assert!(outcome.latency.min() >= 50_000, "{}", outcome.latency.min());
    assert!(outcome.elapsed >= Duration::from_millis(250), "{:?}", outcome.elapsed);
}

#[tokio::test]
async fn bodies_are_looked_at_as_often_as_asked() {
    let server =
        Server::start(|number, _| async move { answer(200, if number == 0 { "wrong" } else { "right" }) })
            .await;
    let looks = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&looks);
    let mut target = server.target("direct");
    target.look_every = NonZeroU32::new(4).unwrap();
    target.requests[0].accepts = Some(Accepts(Arc::new(move |body| {
        *counter.lock().unwrap() += 1;
        body == b"right"
    })));
    let outcome = run_one(target, &Plan::closed(1, 10)).await;
    assert_eq!(*looks.lock().unwrap(), 3);
    assert_eq!(outcome.failures, [(FailureKind::Body, 1)].into());
    assert_eq!((outcome.success, outcome.statuses[&200]), (9, 10));
}

#[tokio::test]
async fn cancelling_gives_what_was_measured_so_far() {
    let server = Server::constant(200, "{}").await;
    let shutdown = CancellationToken::new();
    let targets = [server.target("a"), server.target("b")];
    let plan = for_time(2, 60_000);
    let begin = Instant::now();
    let run = load::run(&targets, &plan, shutdown.clone(), &|_| {});
    let (outcomes, ()) = tokio::join!(run, async {
        sleep(Duration::from_millis(200)).await;
        shutdown.cancel();
    });
    assert!(begin.elapsed() < Duration::from_secs(5));
    let outcomes = outcomes.unwrap();
    let requests: Vec<u64> = outcomes.iter().map(|outcome| outcome.total().unwrap().requests).collect();
    assert_eq!(requests.iter().sum::<u64>(), server.seen());
    assert!(requests.iter().any(|requests| *requests > 0) && requests.contains(&0), "{requests:?}");
}

#[tokio::test]
async fn progress_is_told_and_ends_with_the_whole() {
    let server = Server::constant(500, "{}").await;
    let told = Mutex::new(Vec::new());
    let plan = Plan { trials: 2, ..Plan::closed(2, 25) };
    load::run(&[server.target("a")], &plan, CancellationToken::new(), &|progress| {
        told.lock().unwrap().push((progress.round, progress.requests, progress.failed));
    })
    .await
    .unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.contains(&(1, 25, 25)), "{told:?}");
    assert_eq!(told.last(), Some(&(2, 50, 50)));
}

#[tokio::test]
async fn tls_that_fails_is_told_from_a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("https://{}/", listener.local_addr().unwrap());
    let plan = Plan { timeout: Duration::from_secs(2), ..Plan::closed(1, 1) };
    let (outcome, ()) = tokio::join!(run_one(target("tls", &uri), &plan), async {
        // Closes whatever comes, before and after the TLS greeting.
        for _ in 0..2 {
            drop(listener.accept().await);
        }
    });
    assert_eq!(outcome.failures, [(FailureKind::Tls, 1)].into());
    assert!(outcome.service.is_empty(), "nothing was sent");
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_with_the_reason() {
    let server = Server::constant(200, "{}").await;
    let refuse = async |target: Target, plan: Plan| {
        load::run(&[target], &plan, CancellationToken::new(), &|_| {}).await.unwrap_err()
    };
    for (plan, reason) in [
        (Plan::closed(0, 1), "no connection"),
        (Plan { trials: 0, ..Plan::closed(1, 1) }, "no trial"),
        (Plan { timeout: Duration::ZERO, ..Plan::closed(1, 1) }, "timeout is zero"),
        (Plan::rate(0.0, Duration::from_secs(1)), "not above zero"),
        (Plan::rate(f64::NAN, Duration::from_secs(1)), "not a number"),
    ] {
        let error = refuse(server.target("a"), plan).await;
        assert!(matches!(error, LoadError::Plan { .. }));
        assert!(error.to_string().contains(reason), "{error}");
    }
    for uri in ["ftp://127.0.0.1/", "/publish"] {
        let error = refuse(target("mine", uri), Plan::closed(1, 1)).await;
        assert_eq!(
            error.to_string(),
            format!("mine cannot be reached at {uri}: it must start with http:// or https://")
        );
    }
    assert_eq!(server.seen(), 0);
}

#[tokio::test]
async fn users_think_between_their_requests_and_stop_with_the_last_one() {
    let server = Server::constant(200, "{}").await;
    let think = Think { least: Duration::from_millis(100), most: Duration::from_millis(200) };
    let plan = Plan::new(Shape::Users { users: 10, think, limit: Limit::Requests(50) });
    let begin = Instant::now();
    let outcome = run_one(server.target("direct"), &plan).await;
    assert_eq!((outcome.requests, outcome.connections), (50, 10));
    // 10 users with 150 ms between requests make some 67 a second.
    let took = begin.elapsed();
    assert!(took > Duration::from_millis(350) && took < Duration::from_secs(5), "{took:?}");
    let begin = Instant::now();
    let slow = Think { least: Duration::from_secs(50), most: Duration::from_mins(1) };
    let limit = Limit::Duration(Duration::from_millis(200));
    run_one(server.target("direct"), &Plan::new(Shape::Users { users: 3, think: slow, limit })).await;
    assert!(begin.elapsed() < Duration::from_secs(5), "nobody thinks longer than the trial lasts");
}

#[tokio::test]
async fn requests_rotate_and_each_body_is_checked_against_its_own() {
    let server = Server::start(|_, request| async move {
        answer(200, if request.uri().path() == "/a" { "a" } else { "b" })
    })
    .await;
    let mut target = server.target("pages");
    let mut second = target.requests[0].clone();
    target.requests[0].uri = format!("http://{}/a", server.address).parse().unwrap();
    second.uri = format!("http://{}/b", server.address).parse().unwrap();
    target.requests.push(second);
    target.choice = Choice::InTurn;
    target.requests[0].accepts = Some(Accepts(Arc::new(|body| body == b"a")));
    target.requests[1].accepts = Some(Accepts(Arc::new(|body| body == b"b")));
    let outcome = run_one(target, &Plan::closed(3, 60)).await;
    assert_eq!((outcome.requests, outcome.success), (60, 60), "{:?}", outcome.examples);
}

#[tokio::test]
async fn a_fresh_connection_for_each_request_when_asked_for() {
    let server = Server::constant(200, "{}").await;
    let plan = Plan { connection: ConnectionUse::Fresh, ..Plan::closed(2, 20) };
    let outcome = run_one(server.target("direct"), &plan).await;
    assert_eq!((outcome.success, outcome.connections), (20, 20));
    assert_eq!(outcome.connect.len(), 20);
}

#[tokio::test]
async fn a_request_is_sealed_right_before_it_is_sent_and_cold_answers_say_so() {
    let server = Server::start(|number, request| async move {
        let mut response = answer(if request.headers().contains_key("x-seal") { 200 } else { 403 }, "{}");
        if number == 0 {
            response.headers_mut().insert("x-cold-start", "1".parse().unwrap());
        }
        response
    })
    .await;
    let mut target = server.target("signed");
    target.cold = Some(http::HeaderName::from_static("x-cold-start"));
    target.seal = Some(Seal(Arc::new(|request, body| {
        let length = body.len().to_string();
        request.headers_mut().insert("x-seal", length.parse().unwrap());
    })));
    let outcome = run_one(target, &Plan::closed(1, 10)).await;
    assert_eq!((outcome.success, outcome.cold.len()), (10, 1));
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_counted_as_such() {
    let plan = Plan { timeout: Duration::from_secs(2), ..Plan::closed(1, 2) };
    let outcome = run_one(target("nowhere", "http://nowhere.invalid/"), &plan).await;
    let unresolved = outcome.failures.get(&FailureKind::Resolve).copied().unwrap_or_default();
    let timeouts = outcome.failures.get(&FailureKind::Timeout).copied().unwrap_or_default();
    assert_eq!(unresolved + timeouts, 2, "{:?}", outcome.failures);
    assert!(!outcome.examples.is_empty());
}

#[tokio::test]
async fn what_failed_says_why() {
    let server = Server::constant(200, "not what was asked for").await;
    let mut target = server.target("direct");
    target.requests[0].accepts = Some(Accepts(Arc::new(|_| false)));
    let outcome = run_one(target, &Plan::closed(1, 1)).await;
    assert!(outcome.examples[&FailureKind::Body].contains("not what was asked for"));
}

#[tokio::test]
async fn what_is_done_before_the_trial_does_not_make_the_generator_look_busy() {
    let server = Server::constant(200, "{}").await;
    let limit = Limit::Requests(1);
    let think = Think { least: Duration::from_millis(5), most: Duration::from_millis(10) };
    // A thousand connections are opened for one request.
    let plan = Plan::new(Shape::Users { users: 1000, think, limit });
    let outcomes = run(&[server.target("direct")], &plan).await;
    let tally = outcomes[0].total().unwrap();
    assert!(tally.busiest <= 1.0, "{} of {:?}", tally.busiest, tally.elapsed);
    assert!(tally.cpu > Duration::ZERO);
}

#[tokio::test]
async fn each_request_is_kept_where_that_is_asked_for() {
    let server = Server::start(|_, _| async { answer(200, "{}") }).await;
    let plan = Plan { raw: true, trials: 2, ..Plan::closed(3, 50) };
    let total = run_one(server.target("a"), &plan).await;
    assert_eq!(total.raw.len(), 100);
    let slowest = total.raw.iter().map(|one| one.latency).max().unwrap();
    assert!(
        total.latency.max().abs_diff(slowest.as_micros().try_into().unwrap())
            <= total.latency.max() / 1000 + 1
    );
    for one in &total.raw {
        assert_eq!((one.status, one.failure), (Some(200), None));
        assert!(
            one.service.unwrap() <= one.latency && one.first_byte.unwrap() <= one.service.unwrap(),
            "{one:?}"
        );
        assert!(one.latency <= one.at, "{one:?}");
    }
    let total = run_one(server.target("a"), &Plan::closed(3, 50)).await;
    assert_eq!(total.raw, []);
}

#[tokio::test]
async fn bytes_of_requests_and_answers_are_counted() {
    let server = Server::start(|_, _| async { answer(200, "0123456789") }).await;
    let few = run_one(server.target("a"), &Plan::closed(1, 1)).await;
    let many = run_one(server.target("a"), &Plan::closed(2, 10)).await;
    assert_eq!((many.sent_bytes, many.received_bytes), (10 * few.sent_bytes, 10 * few.received_bytes));
    let mut target = server.target("a");
    let before = few.sent_bytes;
    target.requests[0].headers.insert("x-more", "1234".parse().unwrap());
    target.requests[0].body = [&target.requests[0].body[..], b"12345"].concat().into();
    let longer = run_one(target, &Plan::closed(1, 1)).await;
    assert_eq!(longer.sent_bytes - before, 5 + "x-more: 1234\r\n".len() as u64);
    assert!((60..200).contains(&few.received_bytes), "{}", few.received_bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_watches_sees_the_latencies_of_a_turn_that_goes_on() {
    let server = Server::start(|_, _| async {
        sleep(Duration::from_millis(20)).await;
        answer(200, "{}")
    })
    .await;
    let seen = Mutex::new(Vec::new());
    let watch = |progress: &load::Progress<'_>| {
        assert!(progress.ended.is_none() || progress.latest.is_none(), "a turn that ended says it all");
        seen.lock().unwrap().extend(progress.latest.map(|latest| latest.value_at_quantile(0.5)));
    };
    let plan = for_time(4, 1200);
    load::run(&[server.target("a")], &plan, CancellationToken::new(), &watch).await.unwrap();
    let seen = seen.lock().unwrap();
    assert!((2..=8).contains(&seen.len()), "{seen:?}");
    assert!(seen.iter().all(|micros| (19_000..200_000).contains(micros)), "{seen:?}");
}
