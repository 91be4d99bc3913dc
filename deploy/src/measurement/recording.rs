//! What a run has measured so far, in a file that is whole at every moment.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::Group;
use super::machine::machine;
use super::raw::RawFile;
use super::trial::trial;
use crate::billing::Turn;
use crate::failure::{Failure, chain};
use crate::load_plan::LoadPlan;
use crate::printer::Printer;
use crate::work::Verdict;

/// The results of a run, and the file that they are saved to after every trial.
#[derive(Debug)]
pub struct Recording {
    pub results: report::Results,
    file: Option<PathBuf>,
    /// Why the results could not be saved the last time.
    trouble: Option<String>,
    cut_short: bool,
    /// The first trial of each.
    turns: BTreeMap<String, Turn>,
    /// Where each request is written by itself, if that was asked for.
    pub raw: Option<RawFile>,
}

impl Recording {
    /// A run that begins now.
    pub fn begin(place: report::Place, plan: &LoadPlan, file: Option<PathBuf>) -> Self {
        let described = report::Plan {
            name: plan.name.clone(),
            shape: plan.shape(),
            trials: plan.load.trials,
            warm_up: plan.load.warm_up,
            seed: plan.load.seed,
        };
        let mut results = report::Results::begin(place, described, machine(), now());
        results.versions.insert(env!("CARGO_PKG_NAME").to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self { results, file, trouble: None, cut_short: false, turns: BTreeMap::new(), raw: None }
    }

    /// What the proof of a workload found, for the part of it that each of these groups is.
    pub fn prove(&mut self, verdict: &Verdict, groups: &[Group]) {
        for group in groups {
            let part = group.name.strip_prefix(&verdict.workload);
            let Some(part) = part.filter(|part| part.is_empty() || part.starts_with(' ')) else { continue };
            self.results.checks.push(report::Check {
                workload: group.name.clone(),
                variants: verdict.variants.iter().map(|variant| format!("{variant}{part}")).collect(),
                inputs: u64::try_from(verdict.inputs).unwrap_or(u64::MAX),
                differences: verdict.differences.iter().map(ToString::to_string).collect(),
            });
        }
    }

    /// The groups that are to be measured.
    pub fn enter(&mut self, groups: &[Group]) {
        let contestants = groups
            .iter()
            .flat_map(|group| group.contestants.iter().map(move |contestant| (&group.name, contestant)));
        self.results.entries.extend(contestants.map(|(workload, contestant)| report::Entry {
            setup: contestant.setup.clone(),
            sample: report::Sample {
                variant: contestant.target.name.clone(),
                workload: workload.clone(),
                trials: Vec::new(),
                warm_up: Vec::new(),
                doubts: Vec::new(),
            },
        }));
    }

    /// A turn that has ended.
    pub fn trial(&mut self, progress: &load::Progress<'_>, tally: &load::Tally) {
        self.results.ended = now();
        let warm_up = progress.round <= progress.warm_up;
        if let Some(raw) = &mut self.raw {
            raw.add(progress, &tally.raw);
        }
        if !warm_up {
            let turn = || Turn::ending(OffsetDateTime::now_utc(), tally);
            self.turns.entry(progress.target.to_owned()).or_insert_with(turn);
        }
        if let Some(sample) = self.sample(progress.target) {
            let kept = if warm_up { &mut sample.warm_up } else { &mut sample.trials };
            kept.push(trial(tally));
        }
    }

    /// The first trial of whatever was measured of a variant, by the name that it has in the report.
    pub fn turns_of(&self, variant: &str) -> Vec<(String, Turn)> {
        let of_variant = |name: &str| {
            name.strip_prefix(variant).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let turns = self.turns.iter().filter(|(name, _)| of_variant(name));
        turns.map(|(name, turn)| (name.clone(), turn.clone())).collect()
    }

    /// What something is billed for.
    pub fn bill(&mut self, name: &str, bill: report::Bill) {
        if let Some(entry) = self.results.entries.iter_mut().find(|entry| entry.sample.variant == name) {
            entry.setup.bill = Some(bill);
        }
    }

    /// Why a variant's figures are not those of the variant.
    pub fn doubt(&mut self, name: &str, doubts: Vec<String>) {
        if let Some(sample) = self.sample(name) {
            sample.doubts.extend(doubts);
        }
    }

    /// The run was stopped before the plan was done. The last trial of some may be a part of one.
    pub fn cut_short(&mut self, trials: u32) {
        self.cut_short = true;
        for entry in &mut self.results.entries {
            let held = entry.sample.trials.len();
            entry.sample.doubts.push(format!(
                "the run was stopped before the plan was done: it held {held} of {trials} trials, and the last may be a part of one"
            ));
        }
    }

    /// Whether the user stopped the run.
    pub fn is_cut_short(&self) -> bool {
        self.cut_short
    }

    fn sample(&mut self, name: &str) -> Option<&mut report::Sample> {
        let mut samples = self.results.entries.iter_mut().map(|entry| &mut entry.sample);
        samples.find(|sample| sample.variant == name)
    }

    /// Replaces the file. What goes wrong is told once, and measuring goes on: there may be space again for the next trial.
    pub fn save(&mut self, printer: &Printer) {
        let Some(file) = &self.file else { return };
        let saved = self
            .results
            .to_json()
            .map_err(|error| chain(&error))
            .and_then(|text| replace(file, text.as_bytes()).map_err(|error| words(&error)));
        match saved {
            Ok(()) => self.trouble = None,
            Err(reason) => {
                if self.trouble.is_none() {
                    printer.warn(&format!("the results cannot be saved to {}: {reason}", file.display()));
                }
                self.trouble = Some(reason);
            }
        }
    }

    /// The file with the results; the failure says why it does not hold them all.
    pub fn saved(&self) -> Result<Option<&Path>, Failure> {
        match (&self.file, &self.trouble) {
            (Some(file), Some(reason)) => Err(Failure::new(format!(
                "the results are not saved: {} holds at most those of earlier trials: {reason}",
                file.display()
            ))
            .hint("make room and measure again, or take the figures from standard output")),
            (file, _) => Ok(file.as_deref()),
        }
    }
}

/// Refuses a place that cannot be written to before anything is done.
pub fn check_place(out: &Path) -> Result<(), Failure> {
    if out.is_dir() {
        return Err(Failure::new(format!("--out {} is a directory", out.display())).hint("name a file"));
    }
    let probe = beside(out);
    std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(|error| {
        Failure::new(format!("--out {} cannot be written: {error}", out.display()))
            .hint("name a file in a directory that can be written")
    })
}

/// Writes a file that takes another's place once it is whole.
pub fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = beside(file);
    let written = File::create(&temporary).and_then(|mut new| {
        new.write_all(content)?;
        new.sync_all()?;
        std::fs::rename(&temporary, file)
    });
    if written.is_err() {
        // The file as it was is all that counts.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// A name in the same directory, since only there a file can be renamed in one step.
fn beside(file: &Path) -> PathBuf {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    directory.join(format!(".deploy-{}", std::process::id()))
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!("no space is left ({error})"),
        _ => error.to_string(),
    }
}

fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    // Nobody needs to know the begin of a run to the nanosecond.
    now.replace_nanosecond(0).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("results.json");
        replace(&file, b"first").unwrap();
        replace(&file, b"second").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"second");
        assert!(replace(&directory.path().join("missing/results.json"), b"third").is_err());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
    }
}
