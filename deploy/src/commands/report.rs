//! `deploy report`

use std::path::{Path, PathBuf};

use clap::Args;
use report::{Changes, Format, Report, Results, Threshold};

use crate::billing::prices;
use crate::context::Context;
use crate::failure::{Failure, chain};
use crate::measurement::{check_place, replace};
use crate::printer::Printer;

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A file of results, or with --compare the one before and the one after [default: that of the last `deploy bench`]
    #[arg(value_name = "FILE", num_args = 0..=2)]
    pub files: Vec<PathBuf>,
    /// Tell whether a change between two runs made a difference
    #[arg(long)]
    pub compare: bool,
    /// text, json, csv, markdown, junit or html [default: text]
    #[arg(long, value_name = "NAME", conflicts_with = "compare")]
    pub format: Option<String>,
    /// Write the report to a file, in the format that its name ends with; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    pub out: Vec<PathBuf>,
    /// Fail where this holds of a variant, such as p99>200ms, ok<99.9% or VARIANT:rate<100; may be repeated
    #[arg(long, value_name = "CONDITION", conflicts_with = "compare")]
    pub fail_if: Vec<String>,
    /// A file of prices instead of those that come with the program
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
}

pub fn run(context: &Context, args: &ReportArgs) -> Result<(), Failure> {
    match (args.files.as_slice(), args.compare) {
        ([before, after], true) => {
            let changes = Changes::between(&read(before)?, &read(after)?);
            context.printer.data(&changes.text());
            context.printer.json(&changes);
            Ok(())
        }
        (_, true) => Err(Failure::new("--compare takes two files: the results before and those after")
            .hint("deploy report --compare before.json after.json")),
        ([_, _], false) => Err(Failure::new("a report is of one file of results")
            .hint("`deploy report --compare BEFORE AFTER` tells what changed between two")),
        ([file], false) => document(context, args, &read(file)?),
        (_, false) => document(context, args, &read(&context.state.results())?),
    }
}

/// Everything that can be refused is refused before anything is printed.
fn document(context: &Context, args: &ReportArgs, results: &Results) -> Result<(), Failure> {
    let format = format(context, args)?;
    let files =
        args.out.iter().map(|file| Ok((file, format_of(file)?))).collect::<Result<Vec<_>, Failure>>()?;
    let thresholds = args.fail_if.iter().map(|text| text.parse().map_err(|error| Failure::of(&error)));
    let thresholds: Vec<Threshold> = thresholds.collect::<Result<_, Failure>>()?;
    let report = Report::new(results)
        .priced(&prices(args.prices.as_deref(), results.place.region.as_deref())?)
        .judged(&thresholds)
        .map_err(|error| Failure::of(&error))?;
    for (file, format) in files {
        let text = report.export(format).map_err(|error| Failure::unexpected(chain(&error)))?;
        replace(file, text.as_bytes()).map_err(|error| {
            Failure::new(format!("the report cannot be written to {}: {error}", file.display()))
        })?;
        context.printer.step("Report", &file.display().to_string());
    }
    if args.out.is_empty() || args.format.is_some() || context.settings.json {
        Printer::raw(&report.export(format).map_err(|error| Failure::unexpected(chain(&error)))?);
    }
    let crossed: Vec<String> =
        report.judgements.iter().filter(|judgement| judgement.failed).map(ToString::to_string).collect();
    if crossed.is_empty() { Ok(()) } else { Err(Failure::new(format!("--fail-if: {}", crossed.join("; ")))) }
}

fn format(context: &Context, args: &ReportArgs) -> Result<Format, Failure> {
    match &args.format {
        Some(name) => name.parse().map_err(|error: report::ExportError| Failure::of(&error)),
        None if context.settings.json => Ok(Format::Json),
        None => Ok(Format::Text),
    }
}

/// The format of a file that can be written.
fn format_of(file: &Path) -> Result<Format, Failure> {
    check_place(file)?;
    Format::of_file(file).ok_or_else(|| {
        let known: Vec<String> =
            Format::ALL.iter().map(|format| format!(".{}", format.extension())).collect();
        Failure::new(format!("--out {}: its name does not tell the format", file.display()))
            .hint(format!("let it end in one of {}", known.join(", ")))
    })
}

fn read(file: &Path) -> Result<Results, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(format!("the results {} cannot be read: {error}", file.display()))
            .hint("`deploy bench --out FILE` and `deploy run --out FILE` write such a file")
    })?;
    Results::from_json(&text).map_err(|error| Failure::new(format!("{}: {}", file.display(), chain(&error))))
}
