//! At a given rate.

use std::time::Duration;

use crate::figures::{float, judge, median};
use crate::peers;
use crate::server::{PERIOD, STALL, Server};
use crate::{Result, client};

const CONNECTIONS: u32 = 50;
const ROUNDS: usize = 3;

pub fn measure(server: &Server) -> Result<()> {
    peers::check()?;
    punctuality(server)?;
    median_latency(server)?;
    stall(server)
}

fn punctuality(server: &Server) -> Result<()> {
    println!("open loop, 5,000 requests a second for 30 s");
    let run = client::open(&server.url(), 1000, 5_000, Duration::from_secs(30))?;
    let (requests, dropped) = (run.number("requests")?, run.number("dropped_sends")?);
    let in_time = (1.0 - (run.number("late_sends")? + dropped) / (requests + dropped)) * 100.0;
    judge("sent within 1 ms of the intended time", &format!("{in_time:.2} %"), ">= 99 %", in_time >= 99.0);
    Ok(())
}

fn median_latency(server: &Server) -> Result<()> {
    println!("open loop, 20,000 requests a second, {CONNECTIONS} connections, {ROUNDS} rounds of 10 s");
    let (rate, duration) = (20_000, Duration::from_secs(10));
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let own = || client::open(&server.url(), CONNECTIONS, rate, duration);
        let oha = || peers::oha(&server.url(), CONNECTIONS, Some(rate), duration);
        let (own, oha) = if round % 2 == 0 {
            let own = own()?;
            (own, oha()?)
        } else {
            let oha = oha()?;
            (own()?, oha)
        };
        let (p50, others) = (own.number("latency_p50")?, oha.p50.ok_or("oha told no median")?);
        println!(
            "  p50 {p50:.3} ms (from sending {:.3} ms, {:.0} requests/s), oha {others:.3} ms ({:.0} requests/s)",
            own.number("service_p50")?,
            own.number("requests")? / own.number("seconds")?,
            oha.requests / oha.seconds
        );
        ratios.push(p50 / others);
    }
    let ratio = median(ratios);
    judge("p50 against oha's", &format!("x {ratio:.2}"), "x 0.7 to x 1.3", (0.7..=1.3).contains(&ratio));
    Ok(())
}

fn stall(server: &Server) -> Result<()> {
    println!("open loop, 100 requests a second, 10 connections, 60 s, a server that stalls 1 s in every 5");
    let run = client::open(&server.stalling(), 10, 100, Duration::from_mins(1))?;
    for (name, quantile) in [("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
        let truth = truth(quantile);
        let latency = run.number(&format!("latency_{name}"))?;
        let service = run.number(&format!("service_{name}"))?;
        let off = (latency / truth - 1.0) * 100.0;
        judge(
            &format!("{name} from the intended time (from sending {service:.1} ms)"),
            &format!("{latency:.1} ms"),
            &format!("{truth:.0} ms +- 3 %"),
            off.abs() <= 3.0,
        );
    }
    Ok(())
}

/// Requests come evenly, so the share of the stall of all time waits, evenly from nothing to the whole stall; the others
/// are answered at once. In milliseconds.
fn truth(quantile: f64) -> f64 {
    let stalled = STALL.as_secs_f64() / PERIOD.as_secs_f64();
    float(u64::try_from(STALL.as_millis()).unwrap_or(u64::MAX)) * (1.0 - (1.0 - quantile) / stalled)
}
