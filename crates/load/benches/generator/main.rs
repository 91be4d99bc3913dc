//! How fast, how punctual and how honest the load generator is, next to other people's: `cargo bench -p load`.
//!
//! Generators and server are processes of their own on the same two processors, and every figure that is judged is a ratio
//! or a share within one run. It prints, each with the wanted bound:
//!
//! - **closed**: requests per second and per second of the client's processor time over 50 kept connections, against `wrk`
//!   and `oha`, in turns over several rounds (the median of the rounds' ratios), and the memory of 1,000 connections;
//! - **open**: how many of 5,000 requests a second leave within a millisecond of their time; the median latency at 20,000
//!   requests a second against `oha`'s; the percentiles of a server that stalls for one second in every five, from the
//!   intended time and from the sending, next to the truth;
//! - **alike**: twenty comparisons of a server with itself, and how many of them claim a difference.
//!
//! A part can be asked for by its name: `cargo bench -p load -- closed`. All together takes eight minutes. `wrk` and `oha` come from
//! `cargo xtask bench-tools`. Run it on a machine that does nothing else; the load average is printed.
#![allow(clippy::print_stdout, reason = "a benchmark reports on its standard output")]

mod alike;
mod child;
mod client;
mod closed;
mod figures;
mod open;
mod peers;
mod server;

use std::error::Error;
use std::fs;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// As the command line program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Client and server share this many processors, however many the machine has.
const PROCESSORS: usize = 2;

fn main() -> Result<()> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server"] => server::serve(),
        ["client", ref plan @ ..] => client::run(plan),
        [] => parts(&["closed", "open", "alike"]),
        ref named => parts(named),
    }
}

fn parts(named: &[&str]) -> Result<()> {
    let processors = confine()?;
    let load = fs::read_to_string("/proc/loadavg")?;
    println!("{processors} processors, load average before: {}", load.trim());
    let server = server::Server::start()?;
    for part in named {
        match *part {
            "closed" => closed::measure(&server)?,
            "open" => open::measure(&server)?,
            "alike" => alike::measure(&server)?,
            other => return Err(format!("{other} is no part; choose from closed, open, alike").into()),
        }
    }
    Ok(())
}

/// Keeps this process and those that it starts on the first processors, and says on how many.
fn confine() -> Result<usize> {
    let allowed = sched_getaffinity(None)?;
    let mut chosen = CpuSet::new();
    let first = (0..CpuSet::MAX_CPU).filter(|processor| allowed.is_set(*processor)).take(PROCESSORS);
    first.for_each(|processor| chosen.set(processor));
    sched_setaffinity(None, &chosen)?;
    Ok(chosen.count() as usize)
}
