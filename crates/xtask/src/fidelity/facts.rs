//! What the tests left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::step::{Failed, root};

/// Everything that the page tells.
pub struct Facts {
    pub types: BTreeMap<String, TypeFacts>,
    /// By service, as boto3 calls it.
    pub operations: BTreeMap<String, Operations>,
    /// Where the embedded cloud is unlike AWS.
    pub differences: Vec<Difference>,
    /// What both clouds gave alike of a stack's life.
    pub agreed: usize,
    /// Where MiniStack is unlike AWS and the embedded cloud.
    pub others: Vec<Difference>,
    /// Where Velocity.js is unlike API Gateway's templates: each reason, and how many cases it settles.
    pub velocity: Vec<Difference>,
}

/// A resource type of the embedded cloud.
#[derive(Clone, Default)]
pub struct TypeFacts {
    /// Whether the embedded cloud created one in a test.
    pub created: bool,
    /// What MiniStack did: `created` or why not; `None` where no template of ours has the type.
    pub ministack: Option<String>,
    /// Variants that did their work with one.
    pub exercised: BTreeSet<String>,
}

/// The operations of a service.
#[derive(Deserialize)]
pub struct Operations {
    pub served: BTreeSet<String>,
    /// How many the service's model has.
    pub of: usize,
}

/// Something that is not alike, why, and the page that says what AWS does.
pub struct Difference {
    pub about: String,
    pub what: String,
    pub reason: String,
    pub source: String,
}

#[derive(Deserialize)]
struct Schemas {
    types: BTreeSet<String>,
    differences: Vec<OfSchemas>,
}

#[derive(Deserialize)]
struct OfSchemas {
    about: String,
    difference: String,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
struct Conformance {
    services: BTreeMap<String, Operations>,
    differences: Vec<OfOperations>,
}

#[derive(Deserialize)]
struct OfOperations {
    operation: String,
    difference: String,
    reason: String,
    link: String,
}

#[derive(Deserialize)]
struct Lifecycle {
    agreed: usize,
    differences: Vec<OfLifecycle>,
    limits: Vec<Limit>,
}

#[derive(Deserialize)]
struct OfLifecycle {
    about: Vec<String>,
    ministack: String,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
struct Limit {
    about: String,
    ministack: String,
    source: String,
}

/// `velocity-differences.toml`, which the opinion of Velocity.js holds to be complete.
#[derive(Deserialize)]
struct Velocity {
    reason: BTreeMap<String, Reason>,
    difference: Vec<Case>,
}

#[derive(Deserialize)]
struct Reason {
    text: String,
    source: String,
}

#[derive(Deserialize)]
struct Case {
    reason: String,
}

#[derive(Deserialize)]
struct Exercised {
    variant: String,
    types: BTreeSet<String>,
}

impl Facts {
    /// Reads what the tests left in a folder. What a test did not leave is an error, since the page would lie.
    pub fn read(folder: &Path) -> Result<Self, Failed> {
        let schemas: Schemas = read(folder.join("schemas.json"))?;
        let conformance: Conformance = read(folder.join("operations.json"))?;
        let lifecycle: Lifecycle = read(folder.join("ministack-lifecycle.json"))?;
        let ministack: BTreeMap<String, String> = read(folder.join("ministack-types.json"))?;
        let mut types: BTreeMap<String, TypeFacts> =
            schemas.types.iter().map(|name| (name.clone(), TypeFacts::default())).collect();
        for (name, facts) in &mut types {
            facts.created = folder.join("created").join(name.replace("::", "-")).exists();
            facts.ministack = ministack.get(name).cloned();
        }
        for file in files(&folder.join("exercised"))? {
            let exercised: Exercised = read(file)?;
            for name in &exercised.types {
                if let Some(facts) = types.get_mut(name) {
                    facts.created = true;
                    facts.exercised.insert(exercised.variant.clone());
                }
            }
        }
        let of_schemas = schemas.differences.into_iter().map(Difference::from);
        let of_operations = conformance.differences.into_iter().map(Difference::from);
        let differences = of_schemas.chain(of_operations).collect();
        let of_lifecycle = lifecycle.differences.into_iter().map(Difference::from);
        let others = of_lifecycle.chain(lifecycle.limits.into_iter().map(Difference::from)).collect();
        Ok(Self {
            types,
            operations: conformance.services,
            differences,
            agreed: lifecycle.agreed,
            others,
            velocity: velocity()?,
        })
    }
}

fn read<T: DeserializeOwned>(path: PathBuf) -> Result<T, Failed> {
    let text = fs::read_to_string(&path).map_err(|source| Failed::File {
        path: path.clone(),
        action: "read, so a test did not leave its facts there",
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| Failed::Facts { path, source })
}

/// The settled differences with Velocity.js, by reason.
fn velocity() -> Result<Vec<Difference>, Failed> {
    let path = root().join("crates/xtask/velocity-differences.toml");
    let text = fs::read_to_string(&path).map_err(|source| Failed::File {
        path: path.clone(),
        action: "read",
        source,
    })?;
    let Velocity { reason, difference } =
        toml::from_str(&text).map_err(|source| Failed::Settled { path, source: Box::new(source) })?;
    let count = |name: &String| difference.iter().filter(|case| case.reason == *name).count();
    let reasons = reason.into_iter().map(|(name, Reason { text, source })| Difference {
        what: format!("{} cases", count(&name)),
        about: name,
        reason: text,
        source,
    });
    Ok(reasons.collect())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let wrong = |source| Failed::File { path: folder.to_owned(), action: "read", source };
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).map_err(wrong)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    Ok(files)
}

impl From<OfSchemas> for Difference {
    fn from(OfSchemas { about, difference, reason, source }: OfSchemas) -> Self {
        Self { about, what: format!("`{difference}`"), reason, source }
    }
}

impl From<OfOperations> for Difference {
    fn from(OfOperations { operation, difference, reason, link }: OfOperations) -> Self {
        Self { about: operation, what: difference, reason, source: link }
    }
}

impl From<OfLifecycle> for Difference {
    fn from(OfLifecycle { about, ministack, reason, source }: OfLifecycle) -> Self {
        Self { about: about.join(", "), what: format!("`{ministack}`"), reason, source }
    }
}

impl From<Limit> for Difference {
    fn from(Limit { about, ministack, source }: Limit) -> Self {
        Self { about, what: ministack, reason: "not built there".into(), source }
    }
}
