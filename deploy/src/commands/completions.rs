//! `deploy completions`

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::context::Context;

pub fn run(context: &Context, shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "deploy", &mut script);
    context.printer.raw(&String::from_utf8_lossy(&script));
}
