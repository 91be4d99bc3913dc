//! What the program knows about each workload: how it is asked, and how variants are proved equal.
//!
//! A new workload adds a module here and an arm to each `match`.

mod publish;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use signed_http::Transport;
use workload::Workload;

use crate::failure::Failure;
use crate::printer::count;
use crate::target::Target;

/// A variant to be asked.
#[derive(Clone, Debug)]
pub struct Subject {
    pub variant: String,
    /// The variant's `Url`, without a slash at the end.
    pub url: String,
}

/// Where the proof of a check is found.
pub struct Surroundings<'a> {
    pub target: &'a Target,
    /// The outputs of all foundation stacks.
    pub outputs: &'a BTreeMap<String, String>,
}

/// The request that stands for a workload in a measurement.
#[derive(Clone, Debug)]
pub struct Sample {
    pub method: &'static str,
    pub path: &'static str,
    pub content_type: &'static str,
    pub body: &'static str,
    /// Whether the body of a 2xx answer is right.
    pub accepts: fn(&[u8]) -> bool,
}

/// What a check of one workload found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub workload: String,
    pub variants: Vec<String>,
    /// How many inputs each variant was given.
    pub inputs: usize,
    pub differences: Vec<Difference>,
}

impl Verdict {
    /// Whether all variants did the same, right work.
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variants = count(self.variants.len(), "variant");
        write!(f, "{}  {variants} × {} inputs   ", self.workload, self.inputs)?;
        match self.differences.len() {
            0 => f.write_str("equal"),
            many => f.write_str(&count(many, "difference")),
        }
    }
}

/// One input with which a variant did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    pub variant: String,
    pub case: String,
    pub expected: String,
    pub got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}: expected {}, got {}", self.variant, self.case, self.expected, self.got)
    }
}

/// The path below `Url` that a workload is served at; unknown workloads are served at `Url` itself.
pub fn path(workload: &str) -> Option<&'static str> {
    workload.parse().ok().map(|workload| sample(workload).path)
}

/// The request that stands for the workload.
pub fn sample(workload: Workload) -> Sample {
    match workload {
        Workload::Publish => publish::SAMPLE,
    }
}

/// Gives every case of the workload to every subject and compares what comes of it.
pub async fn check(
    workload: Workload,
    subjects: &[Subject],
    surroundings: &Surroundings<'_>,
) -> Result<Verdict, Failure> {
    let transport = Transport::new();
    let mut differences = match workload {
        Workload::Publish => publish::check(subjects, surroundings, &transport).await?,
    };
    differences.sort();
    Ok(Verdict {
        workload: workload.name().to_owned(),
        variants: subjects.iter().map(|subject| subject.variant.clone()).collect(),
        inputs: workload.cases().len(),
        differences,
    })
}

/// At most the first `most` characters of a text, for messages.
fn excerpt(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut characters = text.chars();
    let begin: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() {
        format!("{begin:?}… ({} bytes)", bytes.len())
    } else {
        format!("{begin:?}")
    }
}
