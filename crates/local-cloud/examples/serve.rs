//! Serves a cloud on a port for a while: `cargo run -p local-cloud --example serve -- [PORT [SECONDS]]`.
//!
//! It ends after the given time (600 s by default), so that one that was forgotten does not stay.

#![allow(clippy::print_stdout, reason = "the example prints the endpoint for whoever runs it")]

use std::error::Error;
use std::time::Duration;

use data_plane::launcher::{self, Launcher};
use local_cloud::{Cloud, CloudOptions};

/// The first argument with which this program acts as the launcher of functions and tasks.
const LAUNCH: &str = "launch";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).peekable();
    if args.next_if(|arg| arg == LAUNCH).is_some() {
        return Err(launcher::launch(args).into());
    }
    let mut number = |default: u64| match args.next() {
        None => Ok(default),
        Some(arg) => arg.to_string_lossy().parse::<u64>(),
    };
    let (port, seconds) = (u16::try_from(number(4566)?)?, number(600)?);
    let work_dir = std::env::temp_dir().join(format!("local-cloud-{}", std::process::id()));
    let launcher = Launcher::new(std::env::current_exe()?, vec![LAUNCH.into()]);
    let options = CloudOptions::new(CloudOptions::bind(port).await?, work_dir.clone(), launcher);
    let cloud = Cloud::start(options).await?;
    println!("{}", cloud.endpoint());
    let leftovers = cloud
        .serve_until(async {
            tokio::select! {
                _interrupted = tokio::signal::ctrl_c() => {}
                () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
            }
        })
        .await;
    println!("{leftovers:?}");
    tokio::fs::remove_dir_all(work_dir).await?;
    Ok(())
}
