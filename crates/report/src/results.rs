//! The file that a run saves: all that a report needs, and nothing that can be computed from the rest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{Bill, Comparison, Origin, Reason, Sample, comparability};

/// The version of the file's shape that this program writes and reads.
const FORMAT: u32 = 1;

/// What a run measured and under which circumstances. Saved as JSON; `comparable` and `reasons` are computed from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// The version of the file's shape; 1.
    pub format: u32,
    #[serde(with = "time::serde::rfc3339")]
    pub began: OffsetDateTime,
    /// When the last trial that is in the file had ended.
    #[serde(with = "time::serde::rfc3339")]
    pub ended: OffsetDateTime,
    /// Where the variants stood.
    pub place: Place,
    pub plan: Plan,
    /// The machine that measured.
    pub machine: Machine,
    /// Programs and their versions, such as `deploy` to `0.1.0`.
    pub versions: BTreeMap<String, String>,
    /// Command lines that repeat the run, in order.
    #[serde(default)]
    pub repeat: Vec<String>,
    /// What the proof that all do the same work found, one entry a workload; empty where nothing was proved.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Variants that were asked for and could not be had, with the reason.
    #[serde(default)]
    pub unavailable: BTreeMap<String, String>,
    /// Runs whose results were put together; the rounds of different runs have nothing in common.
    #[serde(default = "one")]
    pub runs: u32,
    /// What was measured, one entry a variant.
    pub entries: Vec<Entry>,
}

/// Where the variants of a run stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub origin: Origin,
    /// `local`, `aws`, or `url` for addresses that somebody else deployed.
    pub target: String,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub prefix: Option<String>,
    /// What a call from one region to another was made to take longer, there and back, in milliseconds.
    #[serde(default)]
    pub distance_ms: u16,
}

/// How the variants were measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The plan's name; it decides whether published figures stand beside ours.
    pub name: String,
    /// The load in words: `500 users who think 1 to 9 s, 15000 requests`.
    pub shape: String,
    pub trials: u32,
    /// Rounds before the trials, which count nowhere.
    pub warm_up: u32,
    pub seed: u64,
}

/// The machine that sent the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Such as `linux x86_64`.
    pub system: String,
    /// The processor's model, where the system tells it.
    #[serde(default)]
    pub processor: Option<String>,
    pub cores: u32,
    #[serde(default)]
    pub memory_bytes: Option<u64>,
}

/// What the proof of one workload found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub workload: String,
    pub variants: Vec<String>,
    /// How many inputs each variant was given.
    pub inputs: u64,
    /// What a variant did otherwise than it should, one sentence each that names it.
    pub differences: Vec<String>,
}

/// One variant: what it is, and what was measured of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub setup: Setup,
    pub sample: Sample,
}

/// What a variant is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// A few words for people.
    #[serde(default)]
    pub title: String,
    /// What a request passes, in order.
    #[serde(default)]
    pub hops: Vec<String>,
    /// The template's SHA-256 in hexadecimal digits.
    #[serde(default)]
    pub template_sha256: Option<String>,
    /// The parameters of its stack that have a flag, by that flag.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Where the requests went; its scheme tells whether there was TLS.
    pub url: String,
    /// Whether each request leaves a line in a log; `None` where that is not known.
    #[serde(default)]
    pub access_log: Option<bool>,
    /// What it is billed for; `None` where that is not known.
    #[serde(default)]
    pub bill: Option<Bill>,
}

/// Why a file of results cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    #[error("it is no file of results: {0}; `deploy bench --out FILE` and `deploy run --out FILE` write one")]
    Shape(#[from] serde_json::Error),
    #[error("its format is {format}, and this program reads {FORMAT}; use the program that wrote it")]
    Format { format: u64 },
}

fn one() -> u32 {
    1
}

impl Results {
    /// A run that begins now and has measured nothing yet.
    #[must_use]
    pub fn begin(place: Place, plan: Plan, machine: Machine, now: OffsetDateTime) -> Self {
        Self {
            format: FORMAT,
            began: now,
            ended: now,
            place,
            plan,
            machine,
            versions: BTreeMap::new(),
            repeat: Vec::new(),
            checks: Vec::new(),
            unavailable: BTreeMap::new(),
            runs: 1,
            entries: Vec::new(),
        }
    }

    /// Reads a saved file.
    pub fn from_json(text: &str) -> Result<Self, ResultsError> {
        #[derive(Deserialize)]
        struct Head {
            format: Option<u64>,
        }
        let head: Head = serde_json::from_str(text)?;
        match head.format {
            Some(format) if format != u64::from(FORMAT) => Err(ResultsError::Format { format }),
            _ => Ok(serde_json::from_str(text)?),
        }
    }

    /// The text to save; it ends in a line break.
    pub fn to_json(&self) -> Result<String, ResultsError> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// These results with those of another run beside them. A variant that both measured gets a number: `name (2)`. What was
    /// measured in different runs is shown and not compared; [`crate::Changes`] compares two runs of the same variants.
    #[must_use]
    pub fn beside(mut self, other: &Self) -> Self {
        self.runs += other.runs;
        self.began = self.began.min(other.began);
        self.ended = self.ended.max(other.ended);
        let runs = self.runs;
        let taken: BTreeSet<String> = self.entries.iter().map(|entry| entry.sample.variant.clone()).collect();
        let named = |variant: &String| {
            if taken.contains(variant) { format!("{variant} ({runs})") } else { variant.clone() }
        };
        for entry in &other.entries {
            let mut entry = entry.clone();
            entry.sample.variant = named(&entry.sample.variant);
            self.entries.push(entry);
        }
        for check in &other.checks {
            let variants = check.variants.iter().map(named).collect();
            self.checks.push(Check { variants, ..check.clone() });
        }
        self.unavailable.extend(other.unavailable.clone());
        self.repeat.extend(other.repeat.iter().cloned());
        self
    }

    /// What was measured of each variant.
    #[must_use]
    pub fn samples(&self) -> Vec<&Sample> {
        self.entries.iter().map(|entry| &entry.sample).collect()
    }

    /// The entry of a variant.
    #[must_use]
    pub fn entry(&self, variant: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.sample.variant == variant)
    }

    /// Why variants must not be compared, as far as the circumstances tell; [`Comparison::new`] adds what the figures tell.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        comparability::reasons(self)
    }

    /// The figures, and whether they may be compared.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        Comparison::new(&self.samples(), self.reasons())
    }
}

impl Setup {
    /// Whether requests were encrypted.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }
}
