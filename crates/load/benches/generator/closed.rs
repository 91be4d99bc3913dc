//! As fast as it goes.

use std::time::Duration;

use crate::figures::{judge, median};
use crate::peers::{self, Achieved};
use crate::server::Server;
use crate::{Result, client};

const CONNECTIONS: u32 = 50;
const MANY_CONNECTIONS: u32 = 1000;
const ROUNDS: usize = 7;
const TURN: Duration = Duration::from_secs(4);

/// Requests per second, and per second of the client's processor time.
#[derive(Clone, Copy)]
struct Speed {
    rate: f64,
    per_cpu: f64,
}

impl From<Achieved> for Speed {
    fn from(achieved: Achieved) -> Self {
        let Achieved { requests, seconds, cpu, .. } = achieved;
        Self { rate: requests / seconds, per_cpu: requests / cpu.as_secs_f64() }
    }
}

const NAMES: [&str; 3] = ["own", "wrk", "oha"];

pub fn measure(server: &Server) -> Result<()> {
    peers::check()?;
    println!("closed loop, {CONNECTIONS} kept connections, {ROUNDS} rounds of {} s", TURN.as_secs());
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mut speeds = [None; 3];
        for turn in 0..3 {
            // Whoever was first in one round is last in the next, and everybody is first once in three.
            let index = if round % 2 == 0 { (round + turn) % 3 } else { (round + 2 - turn) % 3 };
            speeds[index] = Some(speed(NAMES[index], &server.url())?);
        }
        let [Some(own), Some(wrk), Some(oha)] = speeds else { return Err("a turn was left out".into()) };
        rounds.push([own, wrk, oha]);
    }
    for (index, name) in NAMES.iter().enumerate() {
        let of =
            |figure: fn(&Speed) -> f64| median(rounds.iter().map(|round| figure(&round[index])).collect());
        println!(
            "  {name:<4} {:>8.0} requests/s {:>8.0} per processor second",
            of(|s| s.rate),
            of(|s| s.per_cpu)
        );
    }
    for (peer, least) in [(1, 0.95), (2, 1.15)] {
        for (what, figure) in
            [("requests/s", rate as fn(&Speed) -> f64), ("requests per processor second", per_cpu)]
        {
            let ratio = median(rounds.iter().map(|round| figure(&round[0]) / figure(&round[peer])).collect());
            judge(
                &format!("{what} against {}", NAMES[peer]),
                &format!("x {ratio:.3}"),
                &format!(">= x {least}"),
                ratio >= least,
            );
        }
    }
    let memory = client::closed(&server.url(), MANY_CONNECTIONS, TURN)?.number("memory_mb")?;
    judge(
        &format!("peak memory at {MANY_CONNECTIONS} connections"),
        &format!("{memory:.1} MB"),
        "< 60 MB",
        memory < 60.0,
    );
    Ok(())
}

fn rate(speed: &Speed) -> f64 {
    speed.rate
}

fn per_cpu(speed: &Speed) -> f64 {
    speed.per_cpu
}

fn speed(name: &str, url: &str) -> Result<Speed> {
    Ok(match name {
        "wrk" => peers::wrk(url, CONNECTIONS, TURN)?.into(),
        "oha" => peers::oha(url, CONNECTIONS, None, TURN)?.into(),
        _ => {
            let own = client::closed(url, CONNECTIONS, TURN)?;
            let (requests, seconds) = (own.number("requests")?, own.number("seconds")?);
            Achieved { requests, seconds, cpu: own.cpu, p50: None }.into()
        }
    })
}
