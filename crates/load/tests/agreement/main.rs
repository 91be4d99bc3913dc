//! Other people's load generators and ours say the same of the same server: wrk and oha in a closed loop, oha at a rate and
//! of a server that stalls. A round in which they differ is told and run once more; then it is a failure.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod figures;
mod peers;
mod scenes;

#[expect(dead_code, reason = "several tests share this module, and this one uses a part of it")]
#[path = "../server/mod.rs"]
mod server;

use std::io::Write as _;
use std::time::Duration;

use figures::{Figures, WAKING};
use load::{Arrivals, Limit, Plan, Shape, Tally};
use peers::{oha_at_a_rate, oha_at_full_speed, wrk};
use scenes::{Scene, truth_of_the_stall};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// They measure time, so one scene has the machine at a time.
static TURN: Mutex<()> = Mutex::const_new(());

/// Runs a round, and once more if its programs differ.
async fn twice<F: Future<Output = Result<(), String>>>(round: impl Fn() -> F) {
    let _turn = TURN.lock().await;
    let Err(first) = round().await else { return };
    // Not by `eprintln!`, which is silent when a test passes.
    let line = format!("this round differs and is run once more: {first}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Err(second) = round().await {
        panic!("two rounds differ.\nfirst: {first}\nsecond: {second}");
    }
}

async fn ours(scene: &Scene, shape: Shape) -> Result<Tally, String> {
    let target = scene.server.target("server");
    let outcomes = load::run(&[target], &Plan::new(shape), CancellationToken::new(), &|_| {}).await;
    let tally = outcomes.unwrap().remove(0).total().unwrap();
    if tally.success != tally.requests {
        return Err(format!("ours had failures: {:?}", tally.failures));
    }
    Ok(tally)
}

/// What a program counted must be what the server saw; one that hangs up at its end leaves up to `unfinished` behind.
fn counted(name: &str, figures: &Figures, scene: &Scene, unfinished: u64) -> Result<(), String> {
    let (told, seen) = (figures.requests, scene.server.seen());
    if (told..=told + unfinished).contains(&seen) {
        return Ok(());
    }
    Err(format!("{name} tells of {told} requests and the server saw {seen}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_closed_loop() {
    const CONNECTIONS: u32 = 20;
    /// Whole hundreds, so that the last of them are quick and do not draw out the end; they take two seconds.
    const REQUESTS: u64 = 500;
    const TIME: Duration = Duration::from_secs(2);
    twice(|| async {
        let scene = Scene::of_delays().await;
        let wrk = wrk(&scene.url(), CONNECTIONS, TIME).await?;
        counted("wrk", &wrk, &scene, CONNECTIONS.into())?;
        let truth = scene.taken();
        wrk.percentiles_agree(&truth).map_err(|reason| format!("wrk and the server: {reason}"))?;

        let scene = Scene::of_delays().await;
        let oha = oha_at_full_speed(&scene.url(), CONNECTIONS, REQUESTS).await?;
        counted("oha", &oha, &scene, 0)?;

        let scene = Scene::of_delays().await;
        let shape = Shape::Closed { connections: CONNECTIONS, limit: Limit::Requests(REQUESTS) };
        let tally = ours(&scene, shape).await?;
        let own = Figures::of(&tally, &tally.latency);
        counted("ours", &own, &scene, 0)?;
        let truth = scene.taken();
        own.percentiles_agree(&truth).map_err(|reason| format!("ours and the server: {reason}"))?;
        own.agrees_with(&wrk).map_err(|reason| format!("ours and wrk: {reason}"))?;
        own.agrees_with(&oha).map_err(|reason| format!("ours and oha: {reason}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_rate() {
    const CONNECTIONS: u32 = 60;
    const RATE: u32 = 300;
    const TIME: Duration = Duration::from_secs(3);
    twice(|| async {
        let scene = Scene::of_delays().await;
        let oha = oha_at_a_rate(&scene.url(), CONNECTIONS, RATE, TIME).await?;
        counted("oha", &oha, &scene, 0)?;

        let scene = Scene::of_delays().await;
        let arrivals = Arrivals::constant(RATE.into(), TIME);
        let tally = ours(&scene, Shape::Open { arrivals, connections: CONNECTIONS }).await?;
        let own = Figures::of(&tally, &tally.latency);
        counted("ours", &own, &scene, 0)?;
        let truth = Figures { rate: RATE.into(), ..scene.taken() };
        own.agrees_with(&truth).map_err(|reason| format!("ours and the truth: {reason}"))?;
        own.agrees_with(&oha).map_err(|reason| format!("ours and oha: {reason}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_server_that_stalls() {
    const CONNECTIONS: u32 = 10;
    const RATE: u32 = 200;
    const TIME: Duration = Duration::from_secs(3);
    twice(|| async {
        let scene = Scene::of_a_stall().await;
        let oha = oha_at_a_rate(&scene.url(), CONNECTIONS, RATE, TIME).await?;
        counted("oha", &oha, &scene, 0)?;

        let scene = Scene::of_a_stall().await;
        let arrivals = Arrivals::constant(RATE.into(), TIME);
        let tally = ours(&scene, Shape::Open { arrivals, connections: CONNECTIONS }).await?;
        let own = Figures::of(&tally, &tally.latency);
        counted("ours", &own, &scene, 0)?;
        own.percentiles_agree(&truth_of_the_stall(TIME))
            .map_err(|reason| format!("ours and the truth: {reason}"))?;
        own.agrees_with(&oha).map_err(|reason| format!("ours and oha: {reason}"))?;
        // The same run with latencies from the moment of sending, which leave out what the stall kept back.
        let omitting = Figures::of(&tally, &tally.service);
        match omitting.agrees_with(&oha) {
            Err(reason) if reason.contains("p90") => Ok(()),
            other => Err(format!("coordinated omission is not noticed: {omitting:?}, {other:?}")),
        }
    })
    .await;
}

#[test]
fn figures_that_are_off_by_more_than_the_bounds_disagree() {
    let figures = Figures { requests: 1000, rate: 500.0, p50: 20.0, p90: 60.0, p99: 120.0 };
    let near = Figures { requests: 990, rate: 480.0, p50: 22.8, p90: 52.0, p99: 136.0 };
    assert_eq!(near.agrees_with(&figures), Ok(()));
    let off = [
        ("rate", Figures { rate: 474.0, ..figures }),
        ("rate", Figures { rate: 526.0, ..figures }),
        ("p50", Figures { p50: 23.2, ..figures }),
        ("p50", Figures { p50: 16.8, ..figures }),
        ("p90", Figures { p90: 69.2, ..figures }),
        ("p99", Figures { p99: 101.8, ..figures }),
        ("p99", Figures { p99: f64::NAN, ..figures }),
    ];
    for (name, spoiled) in off {
        let reason = spoiled.agrees_with(&figures).unwrap_err();
        assert!(reason.starts_with(name), "{reason}");
    }
    // Of what is quick, the bound is a time and no share.
    let quick = Figures { p50: 0.2, p90: 0.4, p99: 0.8, ..figures };
    let slower = Figures { p50: 0.2 + 0.9 * WAKING, ..quick };
    assert_eq!(slower.agrees_with(&quick), Ok(()));
    let slower = Figures { p50: 0.2 + 1.1 * WAKING, ..quick };
    assert!(slower.agrees_with(&quick).is_err());
}
