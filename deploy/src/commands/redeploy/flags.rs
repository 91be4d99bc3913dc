//! The flags of `redeploy VARIANT`, which come from the variant's template.

use std::collections::BTreeMap;
use std::ffi::OsString;

use catalog::Variant;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};

use crate::cli::{Command, GlobalArgs, RedeployArgs, RedeployVariant};
use crate::commands::list::tunables;
use crate::context::Context;
use crate::failure::Failure;

const SET: &str = "set";

/// The global flags that stand behind the variant's name. Anything that is no global flag is left for later.
pub fn globals(command: &Command) -> GlobalArgs {
    let Command::Redeploy(RedeployArgs { variant: RedeployVariant::Named(words) }) = command else {
        return GlobalArgs::default();
    };
    let parser = GlobalArgs::augment_args(clap::Command::new("redeploy"))
        .ignore_errors(true)
        .disable_help_flag(true)
        .arg(Arg::new("rest").num_args(0..).allow_hyphen_values(true));
    let Ok(matches) = parser.try_get_matches_from(words) else { return GlobalArgs::default() };
    GlobalArgs::from_arg_matches(&matches).unwrap_or_default()
}

/// A variant and the values of its tunables by flag.
pub type Wish<'c> = (&'c Variant, BTreeMap<String, String>);

/// What is wanted; `None` where the flags' help was wanted, which is printed.
pub fn read(context: &Context, args: RedeployArgs) -> Result<Option<Wish<'_>>, Failure> {
    let RedeployVariant::Named(words) = args.variant;
    let name = words.first().and_then(|word| word.to_str()).unwrap_or_default();
    let variant = context.catalog.variant(name)?;
    let matches = match parse(variant, &words)? {
        Ok(matches) => matches,
        Err(told) => {
            context.printer.raw(&told);
            return Ok(None);
        }
    };
    let mut values = BTreeMap::new();
    for text in matches.get_many::<String>(SET).into_iter().flatten() {
        let (flag, value) = text.split_once('=').ok_or_else(|| {
            Failure::new(format!("--set \"{text}\" is not of the form TUNABLE=VALUE"))
                .hint("write --set memory=1024")
        })?;
        let own = format!("{}.", variant.id);
        values.insert(flag.strip_prefix(&own).unwrap_or(flag).to_owned(), value.to_owned());
    }
    for flag in variant.tunables.keys() {
        if let Some(value) = matches.get_one::<String>(flag) {
            values.insert(flag.clone(), value.clone());
        }
    }
    Ok(Some((variant, values)))
}

/// The matches, or the help that was asked for.
fn parse(variant: &Variant, words: &[OsString]) -> Result<Result<ArgMatches, String>, Failure> {
    use clap::error::ErrorKind;

    let mut command = clap::Command::new(variant.id.clone()).arg(
        Arg::new(SET)
            .long(SET)
            .value_name("TUNABLE=VALUE")
            .action(ArgAction::Append)
            .help("Give a tunable a value, as its own flag does"),
    );
    for tunable in tunables(variant)? {
        let help = format!("{} ({}) [default: {}]", tunable.description, tunable.allowed, tunable.default);
        command = command.arg(
            Arg::new(tunable.name.clone())
                .long(tunable.name)
                .value_name("VALUE")
                .allow_hyphen_values(true)
                .help_heading("Settings")
                .help(help),
        );
    }
    // The global flags bring a description of their own, so this one comes last.
    let command = GlobalArgs::augment_args(command)
        .bin_name(format!("deploy redeploy {}", variant.id))
        .about(format!("Change the settings of {} ({}) while it serves", variant.id, variant.title))
        .after_help("A setting that is not given keeps its deployed value.");
    match command.try_get_matches_from(words) {
        Ok(matches) => Ok(Ok(matches)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Err(error.render().ansi().to_string()))
        }
        Err(error) => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            let names: Vec<String> = variant.tunables.keys().map(|flag| format!("--{flag}")).collect();
            Err(Failure::new(first.strip_prefix("error: ").unwrap_or(first)).hint(format!(
                "{} takes {}; `deploy redeploy {} --help` explains them",
                variant.id,
                names.join(", "),
                variant.id
            )))
        }
    }
}
