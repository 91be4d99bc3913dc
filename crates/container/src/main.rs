//! The web service that container variants run: one program for all workloads, chosen by `WORKLOAD`.
//!
//! `container` serves until SIGTERM or SIGINT; `container --healthcheck` asks the service on this machine whether it is
//! well, for container health checks in images that hold nothing but this program.
//!
//! | variable | meaning |
//! |---|---|
//! | `WORKLOAD` | the work to do, such as `publish` |
//! | `PORT` | the port to listen on, 8080 unless set; 0 takes a free one |
//! | `BIND_ADDRESS` | the address to listen on, 0.0.0.0 unless set |
//! | `TRACE_NAME` | the name under which requests are traced in X-Ray; nothing is traced unless it is set |
//! | `LOG_LEVEL` | `error`, `warn`, `info` (unless set), `debug` or `trace` |
//!
//! Each workload has variables of its own, such as `TOPIC_ARN`.

mod answer;
mod body;
mod connections;
mod healthcheck;
mod log;
mod routes;
mod service;
mod settings;

use std::process::ExitCode;

use crate::service::ServiceError;
use crate::settings::Settings;

fn main() -> ExitCode {
    log::start();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => service::run(),
        ["--healthcheck"] => {
            Settings::address_from_env().map_err(ServiceError::from).and_then(healthcheck::run)
        }
        _ => Err(ServiceError::Arguments { given: arguments.join(" ") }),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
