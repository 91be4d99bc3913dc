//! Other people's load generators, as `cargo xtask tools` installs them.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::figures::{Figures, float};

/// What is allowed for beside the time that a program was told to take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn run(program: &str, arguments: &[&str], time: Duration) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools").join(program);
    assert!(path.exists(), "there is no {}: run `cargo xtask tools`", path.display());
    let mut command = Command::new(path);
    let running = command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(time + PATIENCE, running).await;
    let output = output.map_err(|_| format!("{program} goes on"))?.unwrap();
    if !output.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8(output.stdout).unwrap())
}

/// wrk, which hangs up at its end.
pub async fn wrk(url: &str, connections: u32, time: Duration) -> Result<Figures, String> {
    let (connections, seconds) = (connections.to_string(), format!("{}s", time.as_secs()));
    let arguments = ["--latency", "-t", "2", "-c", &connections, "-d", &seconds, url];
    let text = run("bin/wrk", &arguments, time).await?;
    if text.contains("Socket errors") || text.contains("Non-2xx") {
        return Err(format!("wrk had failures:\n{text}"));
    }
    // "  123456 requests in 3.00s, 12.34MB read"
    let line = text.lines().find_map(|line| line.trim().split_once(" requests in "));
    let (requests, rest) = line.ok_or_else(|| format!("wrk counted nothing:\n{text}"))?;
    let requests: u64 = requests.parse().unwrap();
    let taken = millis(rest.split(',').next().unwrap()) / 1000.0;
    // "     50%   10.12ms"
    let percentile = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
        millis(line.unwrap_or_else(|| panic!("wrk told no {name}:\n{text}")).trim())
    };
    let rate = float(requests) / taken;
    Ok(Figures { requests, rate, p50: percentile("50%"), p90: percentile("90%"), p99: percentile("99%") })
}

/// A time as wrk writes it: `812.00us`, `10.12ms` or `1.03s`.
fn millis(text: &str) -> f64 {
    let (number, factor) = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)]
        .into_iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))
        .unwrap_or_else(|| panic!("{text:?} is no time"));
    number.parse::<f64>().unwrap() * factor
}

/// oha in a closed loop.
pub async fn oha_at_full_speed(url: &str, connections: u32, requests: u64) -> Result<Figures, String> {
    oha(&["-n", &requests.to_string(), "-c", &connections.to_string(), url], Duration::ZERO).await
}

/// oha at a rate, with latencies from the moment that a request was due.
pub async fn oha_at_a_rate(
    url: &str,
    connections: u32,
    rate: u32,
    time: Duration,
) -> Result<Figures, String> {
    let (requests, rate) = ((u64::from(rate) * time.as_secs()).to_string(), rate.to_string());
    let connections = connections.to_string();
    oha(&["-n", &requests, "-q", &rate, "--latency-correction", "-c", &connections, url], time).await
}

async fn oha(arguments: &[&str], time: Duration) -> Result<Figures, String> {
    let arguments = [&["--no-tui", "--output-format", "json"], arguments].concat();
    let text = run("oha-unoptimised/bin/oha", &arguments, time).await?;
    let value: Value = serde_json::from_str(&text).unwrap();
    if value["errorDistribution"].as_object().is_none_or(|errors| !errors.is_empty()) {
        return Err(format!("oha had failures: {}", value["errorDistribution"]));
    }
    let requests = value["statusCodeDistribution"]["200"].as_u64().unwrap_or_default();
    let number = |group: &str, name: &str| value[group][name].as_f64().unwrap_or(f64::NAN);
    let percentile = |name| number("latencyPercentiles", name) * 1000.0;
    Ok(Figures {
        requests,
        rate: float(requests) / number("summary", "total"),
        p50: percentile("p50"),
        p90: percentile("p90"),
        p99: percentile("p99"),
    })
}
