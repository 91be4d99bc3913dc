//! Developer commands: `cargo xtask test` is everything that must pass, `cargo xtask tools` installs what it needs.

mod step;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::step::{Failed, cargo, cargo_with, heading};

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
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test => test(),
        Command::Lint => lint(),
        Command::Tools => tools::install(),
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

fn test() -> Result<(), Failed> {
    lint()?;
    tools::install()?;
    heading("templates, asked of cfn-lint");
    tools::lint_templates()?;
    heading("tests");
    cargo_with(&tools::programs(), &["test", "--workspace", "--locked", "--no-fail-fast"])
}
