//! All templates together, and finding variants by name.

use std::path::Path;

use indexmap::IndexMap;

use crate::source::{Source, Sources};
use crate::suggestion::suggestion;
use crate::{CatalogError, Problem, Template, Variant, contract};

/// The name that selects every variant.
pub const ALL: &str = "all";

/// The variants and the foundation stacks that feed them.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) foundation: IndexMap<String, Template>,
    pub(crate) variants: IndexMap<String, Variant>,
}

impl Catalog {
    /// The templates that the program carries.
    pub fn builtin() -> Result<Self, CatalogError> {
        Self::load(None)
    }

    /// The built-in templates and those in `extra`, which replace built-in ones of the same name. Variants lie in the
    /// directory itself or in its folder `variants`, foundation stacks in its folder `foundation`.
    ///
    /// A variant has a complete `Metadata: Variant:` and an output `Url`; each of its parameters has a default, names an
    /// artifact or has the name of a foundation stack's output; each tunable names a parameter that has a default; what is
    /// filled only `When` a setting has a value has a default, too. The error names the first file that does not keep this, and what is wrong with it.
    pub fn load(extra: Option<&Path>) -> Result<Self, CatalogError> {
        let built_in = Sources::built_in()?;
        let own = extra.map(Sources::directory).transpose()?.unwrap_or_default();
        let catalog = Self {
            foundation: merge(&built_in.foundation, &own.foundation)?,
            variants: merge(&built_in.variants, &own.variants)?
                .into_iter()
                .map(|(id, template)| Ok((id, Variant::read(template)?)))
                .collect::<Result<_, CatalogError>>()?,
        };
        contract::check(&catalog)?;
        Ok(catalog)
    }

    /// All variants in order of their ids.
    #[must_use]
    pub fn variants(&self) -> impl ExactSizeIterator<Item = &Variant> {
        self.variants.values()
    }

    /// All foundation stacks in order of their names.
    #[must_use]
    pub fn foundation(&self) -> impl ExactSizeIterator<Item = &Template> {
        self.foundation.values()
    }

    /// The workloads that variants serve, in order of their names.
    #[must_use]
    pub fn workloads(&self) -> Vec<&str> {
        let mut workloads: Vec<&str> = self.variants().map(|variant| variant.workload.as_str()).collect();
        workloads.sort_unstable();
        workloads.dedup();
        workloads
    }

    /// The variant with an id.
    pub fn variant(&self, id: &str) -> Result<&Variant, CatalogError> {
        self.variants.get(id).ok_or_else(|| CatalogError::Unknown {
            kind: "variant",
            name: id.to_owned(),
            suggestion: suggestion(id, self.variants.keys().map(String::as_str)),
        })
    }

    /// The variants that names select, in order of their ids and each once. A name is a variant's id, a workload or
    /// [`ALL`]; no names select all.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Variant>, CatalogError> {
        for name in names {
            let known = name == ALL
                || self.variants.contains_key(name)
                || self.variants().any(|variant| variant.workload == *name);
            if !known {
                let ids = self.variants.keys().map(String::as_str);
                let suggestion = suggestion(name, ids.chain(self.workloads()).chain([ALL]));
                return Err(CatalogError::Unknown { kind: "variant", name: name.clone(), suggestion });
            }
        }
        let selects = |variant: &Variant, name: &String| {
            *name == ALL || *name == variant.id || *name == variant.workload
        };
        let selected =
            |variant: &&Variant| names.is_empty() || names.iter().any(|name| selects(variant, name));
        Ok(self.variants().filter(selected).collect())
    }
}

/// Reads templates by name, the user's before the built-in ones, in order of their names.
fn merge(built_in: &[Source], own: &[Source]) -> Result<IndexMap<String, Template>, CatalogError> {
    let mut sources: IndexMap<&str, &Source> = IndexMap::new();
    for source in own {
        if let Some(other) = sources.insert(&source.stem, source) {
            let problem = Problem::Duplicate { other: other.file.clone() };
            return Err(CatalogError::Template { file: source.file.clone(), problem });
        }
    }
    for source in built_in {
        sources.entry(&source.stem).or_insert(source);
    }
    sources.sort_keys();
    sources.values().map(|source| Ok((source.stem.clone(), Template::read(source)?))).collect()
}
