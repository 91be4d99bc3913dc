//! One variant: a template and what its metadata says.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::template::Template;
use crate::{CatalogError, Problem};

/// An architecture that serves a workload.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The file's stem: the suffix of the stack's name and the label in a report.
    pub id: String,
    /// The workload that it serves.
    pub workload: String,
    /// A few words for people.
    pub title: String,
    /// What a request passes, in order.
    pub hops: Vec<String>,
    /// Parameters that take the location of an artifact, and the artifact's name: `CodeKey` to `lambda/publish`.
    pub artifacts: IndexMap<String, String>,
    /// Settings by the name of their flag, and the parameter that each sets: `memory` to `MemorySize`.
    pub tunables: IndexMap<String, String>,
    /// Parameters that keep their defaults unless parameters of settings have certain values: `AuthorizerCodeKey` to
    /// `Auth: authorizer`. What would fill them, an artifact or a foundation stack, is needed only then.
    pub when: IndexMap<String, IndexMap<String, String>>,
    /// Settings that must not be above another: `min` to `max`. Rules of a template cannot compare numbers.
    pub at_most: IndexMap<String, String>,
    /// Set where the foundation stacks behind the variant may stand in another region.
    pub backend: Option<Backend>,
    /// Set where an account may not have what the variant needs.
    pub optional: Option<Optional>,
    pub template: Template,
}

/// What an account may not have, so that a variant without it is no failure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Optional {
    /// The logical ids of the resources that cannot be made then.
    pub resources: Vec<String>,
    /// Why, in a few words.
    pub reason: String,
}

/// Foundation stacks that a variant may have in another region than its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Backend {
    /// The parameter that names the region; its default is empty, which is the variant's own region.
    pub region: String,
    /// The foundation stacks that stand there then, with those that they need.
    pub stacks: Vec<String>,
}

/// `Metadata: Variant:` as it stands in the template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Metadata {
    workload: String,
    title: String,
    hops: Vec<String>,
    #[serde(default)]
    artifacts: IndexMap<String, String>,
    #[serde(default)]
    tunables: IndexMap<String, String>,
    #[serde(default)]
    when: IndexMap<String, IndexMap<String, String>>,
    #[serde(default)]
    at_most: IndexMap<String, String>,
    backend: Option<Backend>,
    optional: Option<Optional>,
}

impl Variant {
    pub(crate) fn read(template: Template) -> Result<Self, CatalogError> {
        let Some(metadata) = template.document().metadata().get("Variant") else {
            return Err(template.problem(Problem::NoVariant));
        };
        let metadata: Metadata = serde_json::from_value(metadata.clone())
            .map_err(|error| template.problem(Problem::Variant(error.to_string())))?;
        Ok(Self {
            id: template.name().to_owned(),
            workload: metadata.workload,
            title: metadata.title,
            hops: metadata.hops,
            artifacts: metadata.artifacts,
            tunables: metadata.tunables,
            when: metadata.when,
            at_most: metadata.at_most,
            backend: metadata.backend,
            optional: metadata.optional,
            template,
        })
    }

    /// Whether a parameter is filled, and not left at its default, where parameters have `values`; those that are not among
    /// them count with their defaults.
    #[must_use]
    pub fn wants(&self, parameter: &str, values: &BTreeMap<String, String>) -> bool {
        let parameters = self.template.parameters();
        let value = |name: &str| values.get(name).or_else(|| parameters.get(name)?.default.as_ref());
        let met = |(name, wanted): (&String, &String)| value(name) == Some(wanted);
        self.when.get(parameter).is_none_or(|conditions| conditions.iter().all(met))
    }

    /// Whether a foundation stack stands where the variant's backend does.
    #[must_use]
    pub fn has_behind(&self, foundation: &Template) -> bool {
        let stacks = self.backend.iter().flat_map(|backend| &backend.stacks);
        stacks.into_iter().any(|name| name == foundation.name())
    }

    /// The region that the values of the parameters put the backend into; `None` for the variant's own.
    #[must_use]
    pub fn backend_region<'v>(&self, parameters: &'v BTreeMap<String, String>) -> Option<&'v str> {
        let region = parameters.get(&self.backend.as_ref()?.region)?;
        Some(region.as_str()).filter(|region| !region.is_empty())
    }
}
