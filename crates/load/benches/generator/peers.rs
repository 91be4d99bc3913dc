//! Other people's load generators, as `cargo xtask bench-tools` installs them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::Result;
use crate::child;
use crate::figures::float;

/// What one of them achieved.
pub struct Achieved {
    pub requests: f64,
    pub seconds: f64,
    pub cpu: Duration,
    /// The median latency in milliseconds, where it was asked for.
    pub p50: Option<f64>,
}

fn program(path: &str) -> Result<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools").join(path);
    if program.exists() {
        return Ok(program);
    }
    Err(format!("there is no {}; install it with: cargo xtask bench-tools", program.display()).into())
}

/// Fails where one of them is missing.
pub fn check() -> Result<()> {
    program(WRK)?;
    program(OHA).map(|_| ())
}

const WRK: &str = "bin/wrk";
const OHA: &str = "oha/bin/oha";

/// wrk with as many threads as ours has.
pub fn wrk(url: &str, connections: u32, duration: Duration) -> Result<Achieved> {
    let threads = std::thread::available_parallelism()?.to_string();
    let (connections, seconds) = (connections.to_string(), format!("{}s", duration.as_secs()));
    let arguments = ["-t", &threads, "-c", &connections, "-d", &seconds, url];
    let finished = child::run(Command::new(program(WRK)?).args(arguments), duration)?;
    let text = finished.stdout;
    if text.contains("Socket errors") || text.contains("Non-2xx") {
        return Err(format!("wrk had failures:\n{text}").into());
    }
    // "  123456 requests in 3.00s, 12.34MB read"
    let line = text.lines().find(|line| line.contains(" requests in ")).ok_or("wrk counted nothing")?;
    let (requests, rest) = line.trim().split_once(" requests in ").ok_or("wrk counted nothing")?;
    let seconds = rest.split("s,").next().ok_or("wrk told no time")?;
    Ok(Achieved { requests: requests.parse()?, seconds: seconds.parse()?, cpu: finished.cpu, p50: None })
}

/// oha as fast as it can, or at a rate with latencies from the intended time.
pub fn oha(url: &str, connections: u32, rate: Option<u32>, duration: Duration) -> Result<Achieved> {
    let (connections, seconds) = (connections.to_string(), format!("{}s", duration.as_secs()));
    let mut command = Command::new(program(OHA)?);
    command.args(["--no-tui", "--output-format", "json", "-c", &connections, "-z", &seconds]);
    if let Some(rate) = rate {
        command.args(["-q", &rate.to_string(), "--latency-correction"]);
    }
    let finished = child::run(command.arg(url), duration)?;
    let value: Value = serde_json::from_str(&finished.stdout)?;
    let answered = value["statusCodeDistribution"]["200"].as_u64().ok_or("oha saw no status 200")?;
    let seconds = value["summary"]["total"].as_f64().ok_or("oha told no time")?;
    let p50 = value["latencyPercentiles"]["p50"].as_f64().map(|seconds| seconds * 1000.0);
    Ok(Achieved { requests: float(answered), seconds, cpu: finished.cpu, p50 })
}
