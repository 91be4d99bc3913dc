//! Our generator as a process of its own, so that its processor time and memory are its own.

use std::fs;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{HeaderMap, Method};
use load::{Arrivals, Limit, Plan, Shape, Target, TargetRequest};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::child;
use crate::figures::{float, millis};

/// What it said of a run.
pub struct Measured {
    value: Value,
    pub cpu: Duration,
}

impl Measured {
    pub fn number(&self, name: &str) -> Result<f64> {
        Ok(self.value[name].as_f64().ok_or_else(|| format!("{name} is not in {}", self.value))?)
    }
}

/// Runs a closed loop in a process of its own.
pub fn closed(url: &str, connections: u32, duration: Duration) -> Result<Measured> {
    start(&["closed", url, &connections.to_string(), &duration.as_secs().to_string()], duration)
}

/// Runs an open loop in a process of its own.
pub fn open(url: &str, connections: u32, rate: u32, duration: Duration) -> Result<Measured> {
    let (connections, rate, seconds) =
        (connections.to_string(), rate.to_string(), duration.as_secs().to_string());
    start(&["open", url, &connections, &seconds, &rate], duration)
}

fn start(plan: &[&str], duration: Duration) -> Result<Measured> {
    let finished = child::run(Command::new(std::env::current_exe()?).arg("client").args(plan), duration)?;
    Ok(Measured { value: serde_json::from_str(&finished.stdout)?, cpu: finished.cpu })
}

/// What the process does: `closed URL CONNECTIONS SECONDS` or `open URL CONNECTIONS SECONDS RATE`.
pub fn run(plan: &[&str]) -> Result<()> {
    let (url, plan) = match *plan {
        ["closed", url, connections, seconds] => {
            let limit = Limit::Duration(Duration::from_secs(seconds.parse()?));
            (url, Plan::new(Shape::Closed { connections: connections.parse()?, limit }))
        }
        ["open", url, connections, seconds, rate] => {
            let arrivals = Arrivals::constant(rate.parse()?, Duration::from_secs(seconds.parse()?));
            (url, Plan::new(Shape::Open { arrivals, connections: connections.parse()? }))
        }
        _ => return Err("client closed|open URL CONNECTIONS SECONDS [RATE]".into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let targets = [target("own", url)?];
    let outcomes = runtime.block_on(load::run(&targets, &plan, CancellationToken::new(), &|_| ()))?;
    let tally = outcomes[0].total()?;
    if tally.success < tally.requests {
        return Err(format!(
            "{} of {} failed: {:?}",
            tally.requests - tally.success,
            tally.requests,
            tally.examples
        )
        .into());
    }
    println!(
        "{}",
        json!({
            "requests": tally.requests,
            "seconds": tally.elapsed.as_secs_f64(),
            "late_sends": tally.late_sends,
            "dropped_sends": tally.dropped_sends,
            "memory_mb": peak_memory()?,
            "latency_p50": at(&tally.latency, 0.5),
            "latency_p90": at(&tally.latency, 0.9),
            "latency_p95": at(&tally.latency, 0.95),
            "latency_p99": at(&tally.latency, 0.99),
            "service_p50": at(&tally.service, 0.5),
            "service_p90": at(&tally.service, 0.9),
            "service_p95": at(&tally.service, 0.95),
            "service_p99": at(&tally.service, 0.99),
        })
    );
    Ok(())
}

/// A target that gets the same request over and over.
pub fn target(name: &str, url: &str) -> Result<Target> {
    let request = TargetRequest {
        uri: url.parse()?,
        method: Method::GET,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        accepts: None,
    };
    Ok(Target::new(name, request))
}

fn at(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    millis(histogram.value_at_quantile(quantile))
}

/// The most memory that this process ever had, in megabytes.
fn peak_memory() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("VmHWM is not told")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(float(kilobytes) * 1024.0 / 1e6)
}
