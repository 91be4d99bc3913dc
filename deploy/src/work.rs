//! What the program knows about each workload: how it is asked, and how variants are proved equal.
//!
//! A new workload adds a module here and an arm to each `match`.

mod admission;
mod ask;
mod canonical;
mod crud;
mod proxy;
mod publish;
mod query;
mod refusal;
pub mod tokens;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use catalog::Variant;
use serde::Serialize;
use signed_http::Transport;
use workload::Workload;

pub use self::admission::{AUTH, Admission, Credentials, admitted};
pub use self::ask::{Question, ask};
pub use self::canonical::{canonical, excerpt, is_json};
pub use self::refusal::{judge_refusal, only_member, seen};

use crate::failure::Failure;
use crate::load_plan::Mix;
use crate::printer::count;
use crate::target::Target;

/// A variant to be asked.
#[derive(Clone, Debug)]
pub struct Subject {
    pub variant: String,
    /// The variant's `Url`, without a slash at the end.
    pub url: String,
    /// The parameters of its stack.
    pub parameters: BTreeMap<String, String>,
    /// What requests carry, where the variant wants something.
    pub credentials: Option<Credentials>,
}

impl Subject {
    /// A variant as its stack's outputs and parameters describe it; `None` where there is no output `Url`.
    pub fn new(
        variant: &Variant,
        outputs: &BTreeMap<String, String>,
        parameters: &BTreeMap<String, String>,
    ) -> Option<Self> {
        let url = outputs.get("Url")?.trim_end_matches('/').to_owned();
        Some(Self { variant: variant.id.clone(), url, parameters: parameters.clone(), credentials: None })
    }
}

/// What the foundation stacks of a deployment put out.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// Of those in the region of the variants, all together.
    pub home: BTreeMap<String, String>,
    /// Of those in other regions, by region.
    pub elsewhere: BTreeMap<String, BTreeMap<String, String>>,
}

impl Outputs {
    /// The regions with an output of this name, and all outputs there; the variants' own region, `None`, comes first.
    pub fn with<'o>(
        &'o self,
        name: &'o str,
    ) -> impl Iterator<Item = (Option<&'o str>, &'o BTreeMap<String, String>)> {
        let elsewhere = self.elsewhere.iter().map(|(region, outputs)| (Some(region.as_str()), outputs));
        std::iter::once((None, &self.home)).chain(elsewhere).filter(move |(_, all)| all.contains_key(name))
    }
}

/// Where the proof of a check, and what a request needs, is found.
pub struct Surroundings<'a> {
    pub target: &'a Target,
    pub outputs: &'a Outputs,
}

impl<'a> Surroundings<'a> {
    /// Connections to variants.
    pub fn transport(&self) -> &'a Transport {
        self.target.signed.transport()
    }

    /// An output of a foundation stack in the variants' region, which `purpose` needs.
    pub fn output(&self, name: &str, purpose: &str) -> Result<&'a str, Failure> {
        self.outputs.home.get(name).map(String::as_str).ok_or_else(|| {
            Failure::new(format!("no foundation stack has the output {name}, so {purpose}"))
                .hint("`deploy up` brings the foundation stacks up")
        })
    }
}

/// A request that stands for a workload in a measurement.
#[derive(Clone)]
pub struct Sample {
    pub question: Question,
    /// Whether the body of a 2xx answer is right. It is asked of every answer while a variant is measured, so it is quick.
    pub accepts: Arc<load::Predicate>,
}

/// What one workload's check found.
pub struct Checked {
    /// How many inputs each variant was given.
    pub inputs: usize,
    pub differences: Vec<Difference>,
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

/// A path below `Url` that the workload serves, to be shown; unknown workloads are served at `Url` itself.
pub fn path(workload: &str) -> Option<&'static str> {
    match workload.parse().ok()? {
        Workload::Publish => Some(workload::publish::PATH),
        Workload::Query => Some(query::PATH),
        Workload::Crud => Some(workload::crud::PATH),
        Workload::Proxy => Some(workload::proxy::PATH),
    }
}

/// The output of a foundation stack that names the table that the workload reads, and which must not be empty.
pub fn seeded_table(workload: &str) -> Option<&'static str> {
    match workload.parse().ok()? {
        Workload::Publish | Workload::Crud | Workload::Proxy => None,
        Workload::Query => Some(query::TABLE),
    }
}

/// Makes the requests that stand for the workload, at least one, with what they need to be served, such as an item or a
/// token. A measurement sends them in turn, or as the mix says.
pub async fn samples(
    workload: Workload,
    surroundings: &Surroundings<'_>,
    mix: &Mix,
) -> Result<Vec<Sample>, Failure> {
    Ok(match workload {
        Workload::Publish => vec![publish::sample(mix.payload)],
        Workload::Query => query::samples(surroundings, mix.choice.is_some()).await?,
        Workload::Crud => vec![crud::sample(surroundings).await?],
        Workload::Proxy => proxy::samples(),
    })
}

/// What an average request of [`samples`] uses of what is the same for every variant, as far as it follows from the workload and
/// the parameters of a stack. The sizes of requests and answers are those of a client that sends few headers.
pub fn usage(workload: Workload, parameters: &BTreeMap<String, String>) -> report::Usage {
    match workload {
        Workload::Publish => publish::usage(),
        Workload::Query => query::usage(parameters),
        Workload::Crud => crud::usage(),
        Workload::Proxy => proxy::usage(),
    }
}

/// Gives every case of the workload to every subject and compares what comes of it.
pub async fn check(
    workload: Workload,
    subjects: &[Subject],
    surroundings: &Surroundings<'_>,
) -> Result<Verdict, Failure> {
    let subjects = &admitted(subjects, surroundings).await?;
    let Checked { inputs, mut differences } = match workload {
        Workload::Publish => publish::check(subjects, surroundings).await?,
        Workload::Query => query::check(subjects, surroundings).await?,
        Workload::Crud => crud::check(subjects, surroundings).await?,
        Workload::Proxy => proxy::check(subjects, surroundings).await,
    };
    differences.sort();
    Ok(Verdict {
        workload: workload.name().to_owned(),
        variants: subjects.iter().map(|subject| subject.variant.clone()).collect(),
        inputs,
        differences,
    })
}
