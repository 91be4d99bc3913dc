//! The flags of `deploy bench`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::SelectArgs;

#[derive(Debug, Args)]
#[command(
    after_help = "Without --plan and without a load in flags, the plan is quick. Plans of your own are TOML files with the \
                        keys of these flags:\n  users = 200\n  think = \"1s..9s\"\n  requests = 2000\n  trials = 3\n  warm-up = 1"
)]
pub struct BenchArgs {
    #[command(flatten)]
    pub select: SelectArgs,
    /// Measure this address instead of variants; may be repeated
    #[arg(long, value_name = "NAME=URL", conflicts_with = "selection")]
    pub url: Vec<String>,
    /// Where the results are saved after every trial [default: results.json in the state directory]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write each request by itself, as comma-separated values compressed by gzip
    #[arg(long, value_name = "FILE")]
    pub raw: Option<PathBuf>,
    /// Only this cause of a plan that turns settings, such as latency-causes; may be repeated
    #[arg(long, value_name = "NAME", requires = "plan")]
    pub cause: Vec<String>,
    /// Measure nothing unless what is measured does the same work in the same way
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub request: RequestArgs,
}

/// Which load.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Load")]
pub struct PlanArgs {
    /// quick, bakeoff-warmup, bakeoff-full, speed-1 to speed-5, proxy-30s, latency-causes, or a file of your own
    #[arg(long, value_name = "NAME|FILE")]
    pub plan: Option<String>,
    /// Turns of each [default: the plan's, or 1]
    #[arg(long, value_name = "N")]
    pub trials: Option<u32>,
    /// Rounds before the trials, which count nowhere [default: the plan's, or 0]
    #[arg(long, value_name = "N")]
    pub warm_up: Option<u32>,
    /// Decides the order of turns and all that is random [default: random]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A closed loop: connections that each send a request when their last one has ended
    #[arg(long, value_name = "N")]
    pub connections: Option<u32>,
    /// A closed loop: people who think between an answer and their next request
    #[arg(long, value_name = "N")]
    pub users: Option<u32>,
    /// How long they think, such as 1s..9s
    #[arg(long, value_name = "TIME..TIME")]
    pub think: Option<String>,
    /// An open loop: requests per second, whatever becomes of them
    #[arg(long, value_name = "N")]
    pub rate: Option<f64>,
    /// Requests to each in each trial
    #[arg(long, value_name = "N")]
    pub requests: Option<u64>,
    /// How long a trial of each takes, such as 30s
    #[arg(long, value_name = "TIME")]
    pub duration: Option<String>,
    /// How long a request may take [default: the plan's, or 30s]
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// Which of several requests comes next, such as those for each breed: in-turn, uniform, zipf or zipf:EXPONENT
    #[arg(long, value_name = "HOW")]
    pub choice: Option<String>,
    /// Bytes of the body, where the workload takes one [default: a small message]
    #[arg(long, value_name = "BYTES")]
    pub payload: Option<u32>,
    /// HTTP/2 instead of HTTP/1.1
    #[arg(long)]
    pub http2: bool,
    /// A new connection for each request
    #[arg(long, conflicts_with = "http2")]
    pub fresh_connections: bool,
    /// Certificates in PEM to trust beside the machine's; may be repeated
    #[arg(long, value_name = "FILE")]
    pub root_certificate: Vec<PathBuf>,
}

/// What is sent to addresses; variants are sent what their workload says.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Requests to --url")]
pub struct RequestArgs {
    /// Added to each address
    #[arg(long, requires = "url")]
    pub path: Option<String>,
    /// The file that holds one such path a line; --choice says which comes next
    #[arg(long, value_name = "FILE", requires = "url", conflicts_with = "path")]
    pub paths: Option<PathBuf>,
    /// [default: GET, or POST with a body]
    #[arg(long, requires = "url")]
    pub method: Option<String>,
    /// A header; may be repeated, and is never saved
    #[arg(long, value_name = "NAME: VALUE", requires = "url")]
    pub header: Vec<String>,
    /// The file that holds the body
    #[arg(long, value_name = "FILE", requires = "url")]
    pub body: Option<PathBuf>,
    /// Answers need not be equal, such as those that hold an ID or the time
    #[arg(long, requires = "url")]
    pub any_body: bool,
}
