//! The command line as clap sees it. What it means is decided in [`crate::settings`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::bench::BenchArgs;
use crate::commands::cost::CostArgs;
use crate::commands::report::ReportArgs;

/// Stands up AWS architectures for one HTTP API, proves that they do the same work, measures them, takes them down.
#[derive(Debug, Parser)]
#[command(
    name = "deploy",
    version,
    after_help = "Settings come from flags, then from DEPLOY_* variables (DEPLOY_PREFIX for --prefix), then from bakeoff.toml.\n\
                  Exit codes: 0 done, 1 something to fix, 2 unexpected, 130 interrupted.",
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Where to deploy: local (the embedded cloud) or aws [default: local]
    #[arg(long, global = true, value_name = "local|aws")]
    pub target: Option<String>,
    /// What stack names begin with [default: bakeoff]
    #[arg(long, global = true)]
    pub prefix: Option<String>,
    /// AWS region [default: the profile's, or us-east-1 on the embedded cloud]
    #[arg(long, global = true)]
    pub region: Option<String>,
    /// What a call to another region of the embedded cloud takes longer, there and back: 0 to 1000 ms [default: 0]
    #[arg(long, global = true, value_name = "MS")]
    pub distance_ms: Option<String>,
    /// AWS profile
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// Another endpoint for every AWS service, such as an emulator's; implies --target aws
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Directory with foundation/ and variants/ that adds to the built-in templates or replaces them by name
    #[arg(long, global = true, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// Settings file [default: bakeoff.toml where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print data as JSON on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress, only data and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Every resource's events; twice for the log of the libraries too
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Ask nothing
    #[arg(short, long, global = true)]
    pub yes: bool,
}

impl GlobalArgs {
    /// These flags, and those of `earlier` where these say nothing.
    #[must_use]
    pub fn or(self, earlier: Self) -> Self {
        Self {
            target: self.target.or(earlier.target),
            prefix: self.prefix.or(earlier.prefix),
            region: self.region.or(earlier.region),
            distance_ms: self.distance_ms.or(earlier.distance_ms),
            profile: self.profile.or(earlier.profile),
            endpoint_url: self.endpoint_url.or(earlier.endpoint_url),
            templates: self.templates.or(earlier.templates),
            config: self.config.or(earlier.config),
            json: self.json || earlier.json,
            quiet: self.quiet || earlier.quiet,
            verbose: self.verbose.max(earlier.verbose),
            yes: self.yes || earlier.yes,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The whole bake-off: up, check, a short measured burst, down, and the table
    Run(RunArgs),
    /// Deploy variants and the foundation stacks that they need
    Up(UpArgs),
    /// Delete variants, or everything, and prove that nothing is left
    Down(SelectArgs),
    /// What is deployed, with addresses and settings
    Status(SelectArgs),
    /// The variants that can be deployed, with their tunables
    List(SelectArgs),
    /// Everything about one variant
    Show(ShowArgs),
    /// Change the settings of one deployed variant while it serves
    Redeploy(RedeployArgs),
    /// Fill the table that variants read; goes on where an earlier one was interrupted
    Seed(SeedArgs),
    /// Prove that the variants do the same work
    Check(SelectArgs),
    /// Measure deployed variants, or any addresses, side by side
    Bench(Box<BenchArgs>),
    /// What was measured: tables, JSON, CSV, Markdown, XML for CI or one HTML file
    Report(ReportArgs),
    /// What variants cost, before anything is deployed
    Cost(CostArgs),
    /// What happened to the stacks
    Events(EventsArgs),
    /// What functions and tasks printed
    Logs(LogsArgs),
    /// Make a bearer token for the deployed variants that want one
    Token(TokenArgs),
    /// The embedded cloud
    #[command(subcommand)]
    Local(LocalCommand),
    /// A completion script for a shell
    Completions { shell: clap_complete::Shell },
    /// Starts a child process of the embedded cloud
    #[command(hide = true)]
    Launch {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
pub struct SelectArgs {
    /// Variants, workloads, or all [default: the settings file's `variants`, or all]
    #[arg(value_name = "VARIANT|WORKLOAD")]
    pub selection: Vec<String>,
}

#[derive(Debug, Args)]
pub struct UpArgs {
    #[command(flatten)]
    pub select: SelectArgs,
    /// Give a tunable a value: memory=1024, or VARIANT.memory=1024 for one variant
    #[arg(long, value_name = "[VARIANT.]TUNABLE=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub up: UpArgs,
    /// Write the results as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Seed of the order in which variants are measured [default: random]
    #[arg(long)]
    pub seed: Option<u64>,
}

#[derive(Debug, Args)]
pub struct SeedArgs {
    /// How many items [default: 10000, or those of the interrupted seeding]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=999_999))]
    pub items: Option<u32>,
    /// What the items follow from; the same seed makes the same items [default: 1, or that of the interrupted seeding]
    #[arg(long)]
    pub seed: Option<u64>,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    pub variant: String,
    /// Print the template's text
    #[arg(long)]
    pub template: bool,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "deploy redeploy <VARIANT> [--TUNABLE VALUE]...\n       deploy redeploy <VARIANT> --help",
    after_help = "Each variant has flags of its own: `deploy redeploy <VARIANT> --help` lists them with their bounds."
)]
pub struct RedeployArgs {
    #[command(subcommand)]
    pub variant: RedeployVariant,
}

/// The variant's name and what follows it; parsed again once the variant's tunables are known.
#[derive(Debug, Subcommand)]
pub enum RedeployVariant {
    #[command(external_subcommand)]
    Named(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct EventsArgs {
    #[command(flatten)]
    pub select: SelectArgs,
    /// How many of the latest events of each stack
    #[arg(long, default_value_t = 50)]
    pub last: usize,
}

#[derive(Debug, Args)]
pub struct LogsArgs {
    #[command(flatten)]
    pub select: SelectArgs,
    /// How many of the latest lines of each variant
    #[arg(long, default_value_t = 50)]
    pub last: usize,
    /// Go on until interrupted
    #[arg(short, long)]
    pub follow: bool,
}

#[derive(Debug, Args)]
pub struct TokenArgs {
    /// Whom the token speaks for; items belong to a subject
    #[arg(long, default_value = "me")]
    pub subject: String,
    /// A right: items:read, items:write or turkeys:read; may be repeated [default: all]
    #[arg(long)]
    pub scope: Vec<String>,
    /// How long the token is valid, such as 90s, 15m or 1h; at most 24h
    #[arg(long, default_value = "1h", value_name = "TIME")]
    pub ttl: String,
}

#[derive(Debug, Subcommand)]
pub enum LocalCommand {
    /// Start the embedded cloud in the background
    Start {
        /// Port on 127.0.0.1; 0 takes a free one
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Stop it, with everything in it
    Stop,
    /// Whether it runs, where, and where its log is
    Status,
    /// Run it in the foreground until interrupted
    Serve {
        /// Port on 127.0.0.1; 0 takes a free one
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_are_taken_on_either_side_of_the_command() {
        let before = Cli::try_parse_from(["deploy", "--prefix", "a", "list"]).unwrap();
        let after = Cli::try_parse_from(["deploy", "list", "--prefix", "a"]).unwrap();
        assert_eq!(before.global.prefix, after.global.prefix);
    }

    #[test]
    fn what_follows_a_variant_is_kept_for_later() {
        let cli =
            Cli::try_parse_from(["deploy", "--json", "redeploy", "x", "--memory", "1024", "--yes"]).unwrap();
        let Command::Redeploy(RedeployArgs { variant: RedeployVariant::Named(words) }) = cli.command else {
            panic!("{:?}", cli.command)
        };
        assert_eq!(words, ["x", "--memory", "1024", "--yes"]);
        assert!(cli.global.json && !cli.global.yes);
    }
}
