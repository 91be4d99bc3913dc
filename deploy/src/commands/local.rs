//! `deploy local`

use serde_json::json;

use crate::cli::LocalCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::local::{self, Presence, Record};

pub async fn run(context: &Context, command: LocalCommand) -> Result<(), Failure> {
    match command {
        LocalCommand::Start { port } => start(context, port).await,
        LocalCommand::Stop => stop(context).await,
        LocalCommand::Status => {
            status(context).await;
            Ok(())
        }
        LocalCommand::Serve { port } => {
            let ready = |record: &Record| show(context, record);
            local::serve(&context.state, port, &context.settings, ready).await
        }
    }
}

async fn start(context: &Context, port: u16) -> Result<(), Failure> {
    let settings = &context.settings;
    let record = match local::find(&context.state).await {
        Presence::Serving(record) => {
            let other = port != 0 && !record.endpoint.ends_with(&format!(":{port}"));
            if other {
                return Err(Failure::new(format!(
                    "an embedded cloud runs already at {} (pid {}), so none is started on port {port}",
                    record.endpoint, record.pid
                ))
                .hint("`deploy local stop` stops it"));
            }
            record
        }
        Presence::Died(record) => {
            context.printer.warn(&format!("{}; starting a new one", local::died(&record)));
            local::start(&context.state, port, settings).await?
        }
        Presence::Mute(_) | Presence::Absent => local::start(&context.state, port, settings).await?,
    };
    show(context, &record);
    Ok(())
}

async fn stop(context: &Context) -> Result<(), Failure> {
    match local::find(&context.state).await {
        Presence::Absent => context.printer.data("no embedded cloud runs"),
        Presence::Died(record) => {
            local::sweep_dead(&context.state);
            context.printer.data(&format!("{}; what was left of it is removed", local::died(&record)));
        }
        Presence::Serving(record) | Presence::Mute(record) => {
            if !local::stop(&context.state, &record).await {
                return Err(Failure::new(format!("the embedded cloud (pid {}) does not end", record.pid))
                    .hint(format!("its log is {}; end the process by hand", record.log.display())));
            }
            context.printer.data(&format!("the embedded cloud at {} has stopped", record.endpoint));
        }
    }
    context.printer.json(&json!({"state": "absent"}));
    Ok(())
}

async fn status(context: &Context) {
    match local::find(&context.state).await {
        Presence::Serving(record) => show(context, &record),
        Presence::Absent => {
            context.printer.data("no embedded cloud runs; `deploy local start` or `deploy up` starts one");
            context.printer.json(&json!({"state": "absent"}));
        }
        Presence::Died(record) => {
            context.printer.data(&format!("{}; `deploy up` starts a new one", local::died(&record)));
            context.printer.json(&state("died", &record));
        }
        Presence::Mute(record) => {
            context.printer.data(&format!(
                "the embedded cloud (pid {}) at {} does not answer; its log is {}",
                record.pid,
                record.endpoint,
                record.log.display()
            ));
            context.printer.json(&state("mute", &record));
        }
    }
}

fn show(context: &Context, record: &Record) {
    let apart = match record.distance_ms {
        0 => String::new(),
        millis => format!("   calls to another region take {millis} ms longer"),
    };
    context.printer.data(&format!(
        "the embedded cloud serves at {}   pid {}   log {}{apart}",
        record.endpoint,
        record.pid,
        record.log.display()
    ));
    context.printer.json(&state("serving", record));
}

fn state(state: &str, record: &Record) -> serde_json::Value {
    json!({
        "state": state,
        "endpoint": record.endpoint,
        "pid": record.pid,
        "log": record.log,
        "ca": record.ca,
        "regions": record.regions,
        "distanceMs": record.distance_ms,
        "version": record.version,
    })
}
