//! The flags of `redeploy VARIANT`, which come from the variant's template.

use std::collections::BTreeMap;
use std::ffi::OsString;

use catalog::Variant;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};

use crate::cli::{Command, GlobalArgs, RedeployArgs, RedeployVariant};
use crate::commands::list::tunables;
use crate::context::Context;
use crate::failure::Failure;
use crate::printer::Printer;

const SET: &str = "set";

/// The global flags that stand behind the variant's name. All else is left for [`read`], which knows the variant's flags.
pub fn globals(command: &Command) -> GlobalArgs {
    let Command::Redeploy(RedeployArgs { variant: RedeployVariant::Named(words) }) = command else {
        return GlobalArgs::default();
    };
    let parser = GlobalArgs::augment_args(clap::Command::new("redeploy"));
    let mut own = vec![OsString::from("redeploy")];
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let Some(arg) = word.to_str().and_then(|text| global(&parser, text)) else { continue };
        own.push(word.clone());
        if arg.get_action().takes_values() && !word.to_string_lossy().contains('=') {
            own.extend(words.next().cloned());
        }
    }
    // What is wrong with them is told when all flags are read.
    let matches = parser.try_get_matches_from(own).ok();
    matches.and_then(|matches| GlobalArgs::from_arg_matches(&matches).ok()).unwrap_or_default()
}

/// The global flag that a word is: `--json`, `--prefix`, `--prefix=a`, `-y`.
fn global<'p>(parser: &'p clap::Command, word: &str) -> Option<&'p Arg> {
    let long = word.strip_prefix("--").map(|rest| rest.split('=').next().unwrap_or_default());
    let mut short = word.strip_prefix('-').filter(|_| long.is_none()).into_iter().flat_map(str::chars);
    let first = short.next();
    parser.get_arguments().find(|arg| {
        long.is_some_and(|long| arg.get_long() == Some(long))
            || first.is_some_and(|first| arg.get_short() == Some(first))
    })
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
            Printer::raw(&told);
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn global_flags_are_found_among_those_of_the_variant() {
        let words =
            "deploy redeploy x --memory 1024 --json --prefix team --arch=arm64 --region=eu-west-1 -y -vv";
        let cli = Cli::try_parse_from(words.split(' ')).unwrap();
        let found = globals(&cli.command);
        assert!(found.json && found.yes && found.verbose == 2 && !found.quiet);
        assert_eq!((found.prefix.as_deref(), found.region.as_deref()), (Some("team"), Some("eu-west-1")));
    }
}
