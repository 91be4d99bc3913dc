//! Developer commands: `cargo xtask test` is everything that must pass, `cargo xtask tools` installs what it needs.

mod bench_tools;
mod fidelity;
mod opinion;
mod step;
mod suite;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::opinion::Verdict;
use crate::step::{Failed, cargo, heading};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Format check, lints, tools, and every test of the workspace
    Test,
    /// Format check and lints only
    Lint,
    /// Install the pinned programs of other people that the tests ask, under target/tools
    Tools,
    /// Install the packages among those tools, and ask those for an opinion that need nothing running
    Opinions,
    /// Every test of the workspace and nothing else, with the tools as they are installed
    Suite,
    /// Write docs/fidelity.md anew from what the tests found out last
    Fidelity,
    /// Install the load generators that `cargo bench -p load` measures ours against, under target/tools
    BenchTools,
    /// Fuzz one target, or each in turn, for longer than the tests do, from where the last time ended
    Fuzz {
        /// The name of a file in `fuzz/fuzz_targets` without its .rs; all of them unless given
        target: Option<String>,
        /// For how long each target runs
        #[arg(long, default_value_t = 300, value_name = "N")]
        seconds: u64,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test => test(),
        Command::Lint => lint(),
        Command::Tools => tools::install(),
        Command::Opinions => opinions(),
        Command::Suite => conclude(suite::run()),
        Command::Fidelity => conclude(vec![opinion::judge("docs/fidelity.md", fidelity::tell)]),
        Command::BenchTools => bench_tools::install(),
        Command::Fuzz { target, seconds } => opinion::fuzz::go_on(target.as_deref(), seconds),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            step::complain(&failed);
            ExitCode::FAILURE
        }
    }
}

fn lint() -> Result<(), Failed> {
    heading("format");
    cargo(&["fmt", "--all", "--check"])?;
    heading("lints");
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])
}

fn opinions() -> Result<(), Failed> {
    tools::install_packages()?;
    conclude(opinion::ask_all())
}

fn test() -> Result<(), Failed> {
    lint()?;
    tools::install()?;
    fidelity::forget()?;
    let mut verdicts = opinion::ask_all();
    verdicts.extend(suite::run());
    verdicts.push(opinion::judge("docs/fidelity.md", fidelity::tell));
    conclude(verdicts)
}

/// Tells what every tool said, then fails if one of them did.
fn conclude(verdicts: Vec<Verdict>) -> Result<(), Failed> {
    step::summarize(&verdicts);
    let mut failures = verdicts.into_iter().filter_map(|verdict| verdict.outcome.err());
    let Some(first) = failures.next() else { return Ok(()) };
    step::complain(&first);
    failures.for_each(|failed| step::complain(&failed));
    Err(Failed::Verdicts)
}
