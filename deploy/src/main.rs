//! The command line program `deploy`.

mod access;
mod billing;
mod cli;
mod commands;
mod context;
mod deployment;
mod domain;
mod emptying;
mod failure;
mod groundwork;
mod load_plan;
mod local;
mod local_http;
mod log_page;
mod measurement;
mod plan;
mod printer;
mod seeding;
mod settings;
mod shipping;
mod takedown;
mod target;
mod work;

use std::process::ExitCode;

use clap::Parser;
use tokio_util::sync::CancellationToken;

use cli::{Cli, Command, GlobalArgs};
use commands::redeploy;
use context::Context;
use failure::{Exit, Failure};
use local::StateDir;
use printer::Printer;
use settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The launcher becomes another program and must not have started threads before.
    if let Command::Launch { args } = cli.command {
        let error = data_plane::launcher::launch(args);
        Printer::new(false, false, 0)
            .failure(&Failure::unexpected(format!("the program did not start: {error}")));
        return ExitCode::from(Exit::Unexpected as u8);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            Printer::new(false, false, 0)
                .failure(&Failure::unexpected(format!("threads cannot be started: {error}")));
            return ExitCode::from(Exit::Unexpected as u8);
        }
    };
    let exit = runtime.block_on(main_task(cli));
    // Blocking reads of a terminal must not keep a finished program.
    runtime.shutdown_background();
    ExitCode::from(exit as u8)
}

async fn main_task(cli: Cli) -> Exit {
    let flags = redeploy::globals(&cli.command).or(cli.global.clone());
    let printer = Printer::new(flags.json, flags.quiet, flags.verbose);
    match Box::pin(command(cli.command, flags)).await {
        Ok(()) => Exit::Done,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit
        }
    }
}

async fn command(command: Command, flags: GlobalArgs) -> Result<(), Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    let settings = Settings::resolve(flags, environment)?;
    listen(settings.verbose);
    let printer = Printer::new(settings.json, settings.quiet, settings.verbose);
    let context = Context {
        state: StateDir::find(environment)?,
        catalog: catalog::Catalog::load(settings.templates.as_deref())?,
        settings,
        printer,
        cancel: CancellationToken::new(),
    };
    interrupts(&context.cancel);
    match command {
        Command::Run(args) => Box::pin(commands::run::run(&context, args)).await,
        Command::Up(args) => commands::up::run(&context, args).await,
        Command::Down(args) => Box::pin(commands::down::run(&context, &args.selection)).await,
        Command::Status(args) => commands::status::run(&context, &args.selection).await,
        Command::List(args) => commands::list::run(&context, &args.selection),
        Command::Show(args) => commands::show::run(&context, &args),
        Command::Redeploy(args) => commands::redeploy::run(&context, args).await,
        Command::Seed(args) => commands::seed::run(&context, &args).await,
        Command::Bench(args) => commands::bench::run(&context, *args).await,
        Command::Cost(args) => commands::cost::run(&context, &args),
        Command::Report(args) => commands::report::run(&context, &args),
        Command::Check(args) => commands::check::run(&context, &args.selection).await,
        Command::Events(args) => commands::events::run(&context, &args).await,
        Command::Logs(args) => commands::logs::run(&context, &args).await,
        Command::Token(args) => commands::token::run(&context, &args).await,
        Command::Local(args) => commands::local::run(&context, args).await,
        Command::Completions { shell } => {
            commands::completions::run(shell);
            Ok(())
        }
        Command::Launch { .. } => Err(Failure::unexpected("the launcher runs before everything else")),
    }
}

/// The libraries' log goes to standard error: warnings, or all from `-vv` on; `RUST_LOG` says otherwise.
fn listen(verbose: u8) {
    use tracing_subscriber::EnvFilter;

    let level = match verbose {
        0 | 1 => "error",
        _ => "debug,hyper=info,rustls=info,aws_smithy_runtime=info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    // A second subscriber could only come from a second call.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// The first Ctrl-C (or SIGTERM) stops the command in order, the second at once.
fn interrupts(cancel: &CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let cancel = cancel.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if cancel.is_cancelled() {
                std::process::exit(Exit::Interrupted as i32);
            }
            cancel.cancel();
        }
    });
}
