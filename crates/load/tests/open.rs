//! The open loop: its rate, and what a stall does to latency.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod server;

use std::time::{Duration, Instant};

use load::{Arrivals, FailureKind, Plan, Shape, Spread, Step, Tally, Target};
use server::{Server, answer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

async fn run_one(target: Target, plan: &Plan) -> Tally {
    load::run(&[target], plan, CancellationToken::new(), &|_| {}).await.unwrap()[0].total().unwrap()
}

fn rate(per_second: f64, millis: u64, connections: u32) -> Plan {
    let duration = Duration::from_millis(millis);
    Plan::new(Shape::Open { arrivals: Arrivals::constant(per_second, duration), connections })
}

/// How many recorded values are at least `micros`.
fn at_least(histogram: &hdrhistogram::Histogram<u64>, micros: u64) -> u64 {
    histogram.len() - histogram.count_between(0, micros)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rate_is_kept_in_every_trial() {
    let server = Server::constant(200, "{}").await;
    let plan = Plan { trials: 2, ..rate(200.0, 500, 50) };
    let begin = Instant::now();
    let outcome = run_one(server.target("direct"), &plan).await;
    assert_eq!((outcome.requests, outcome.success, server.seen()), (200, 200, 200));
    assert_eq!(outcome.dropped_sends, 0);
    assert!(begin.elapsed() >= Duration::from_millis(990), "{:?}", begin.elapsed());
    assert!((0.99..5.0).contains(&outcome.elapsed.as_secs_f64()), "{:?}", outcome.elapsed);
    assert!(outcome.latency.min() >= outcome.service.min());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_shows_in_the_latency_of_every_request_that_it_kept_back() {
    // One connection, and one answer that takes 400 ms: the 40 requests that are due meanwhile wait for it.
    let server = Server::start(|number, _| async move {
        if number == 20 {
            sleep(Duration::from_millis(400)).await;
        }
        answer(200, "{}")
    })
    .await;
    let outcome = run_one(server.target("direct"), &rate(100.0, 1000, 1)).await;
    assert_eq!((outcome.requests, outcome.success), (100, 100));
    assert_eq!(at_least(&outcome.service, 200_000), 1, "only one request was slow to be served");
    let kept_back = at_least(&outcome.latency, 200_000);
    assert!((18..100).contains(&kept_back), "{kept_back} requests waited for at least half the stall");
    assert!((35..100).contains(&outcome.late_sends), "{} were sent late", outcome.late_sends);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_enough_connections_a_stall_holds_up_nobody_else() {
    let server = Server::start(|number, _| async move {
        if number == 20 {
            sleep(Duration::from_millis(400)).await;
        }
        answer(200, "{}")
    })
    .await;
    let outcome = run_one(server.target("direct"), &rate(100.0, 800, 100)).await;
    assert_eq!((outcome.requests, outcome.success), (80, 80));
    assert_eq!(at_least(&outcome.latency, 200_000), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_sent_within_a_millisecond_of_their_time_on_the_whole() {
    let server = Server::constant(200, "{}").await;
    // Others may hold the processor for a while, so one quiet second of ten is enough; a timer that is a millisecond coarse
    // makes half of the requests late in each.
    let mut late = Vec::new();
    while late.len() < 10 && late.last().is_none_or(|late| *late >= 200) {
        let outcome = run_one(server.target("direct"), &rate(500.0, 1000, 20)).await;
        assert_eq!(outcome.requests, 500);
        late.push(outcome.late_sends);
    }
    assert!(late.last().is_some_and(|late| *late < 200), "of 500 each time, {late:?} were late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rate_follows_the_steps_and_shows_second_by_second() {
    let server = Server::constant(200, "{}").await;
    let step = |rate| Step { from: rate, to: rate, duration: Duration::from_secs(1) };
    let arrivals = Arrivals { steps: vec![step(20.0), step(200.0)], spread: Spread::Poisson };
    let plan = Plan { seed: 3, ..Plan::new(Shape::Open { arrivals: arrivals.clone(), connections: 50 }) };
    let outcome = run_one(server.target("direct"), &plan).await;
    let seconds: Vec<u64> = outcome.seconds.iter().map(|second| second.requests).collect();
    assert!(seconds.len() >= 2 && seconds[0] < 50 && seconds[1] > 100, "{seconds:?}");
    assert_eq!(seconds.iter().sum::<u64>(), outcome.requests);
    assert!(outcome.requests.abs_diff(220) < 60, "{}", outcome.requests);
}

#[tokio::test]
async fn what_is_never_sent_is_counted() {
    let server = Server::start(|_, _| async {
        sleep(Duration::from_mins(1)).await;
        answer(200, "{}")
    })
    .await;
    let plan = Plan { timeout: Duration::from_millis(200), ..rate(100.0, 300, 1) };
    let begin = Instant::now();
    let outcome = run_one(server.target("direct"), &plan).await;
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(outcome.requests + outcome.dropped_sends, 30);
    assert!(outcome.dropped_sends >= 20, "{}", outcome.dropped_sends);
    assert_eq!(outcome.failures, [(FailureKind::Timeout, outcome.requests)].into());
}

#[tokio::test]
async fn connections_that_were_closed_while_idle_are_opened_again_unnoticed() {
    // The server says nothing of closing: it drops the connection right after each answer.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap());
    let server = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            if stream.read(&mut [0; 4096]).await.unwrap() > 0 {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
            }
        }
    };
    let plan = rate(50.0, 400, 1);
    let outcome = tokio::select! {
        outcome = run_one(server::target("closing", &uri), &plan) => outcome,
        () = server => unreachable!(),
    };
    assert_eq!((outcome.requests, outcome.success), (20, 20), "{:?}", outcome.failures);
    assert_eq!(outcome.connections, 20);
}

#[tokio::test]
async fn cancelling_awaits_what_is_under_way_and_sends_no_more() {
    let server = Server::start(|_, _| async {
        sleep(Duration::from_millis(300)).await;
        answer(200, "{}")
    })
    .await;
    let shutdown = CancellationToken::new();
    let targets = [server.target("a")];
    let plan = rate(50.0, 60_000, 100);
    let begin = Instant::now();
    let run = load::run(&targets, &plan, shutdown.clone(), &|_| {});
    let (outcomes, ()) = tokio::join!(run, async {
        sleep(Duration::from_millis(250)).await;
        shutdown.cancel();
    });
    let outcome = outcomes.unwrap()[0].total().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!((outcome.requests, outcome.success), (server.seen(), server.seen()));
    assert!((5..=20).contains(&outcome.requests), "{}", outcome.requests);
    assert!(outcome.elapsed < Duration::from_secs(5));
}
