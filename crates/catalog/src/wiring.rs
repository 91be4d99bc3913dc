//! Which stack feeds which. It follows from names: an output of a foundation stack feeds the parameter of that name.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Catalog, CatalogError, Problem, Template, Variant};

/// Outputs of the stack that artifacts are uploaded to; a variant with artifacts needs it though no parameter says so.
const UPLOADS: [&str; 2] = ["ArtifactsBucket", "RepositoryUri"];

impl Catalog {
    /// The parameters of a template that foundation stacks feed, and the foundation stack that feeds each.
    #[must_use]
    pub fn inputs<'c>(&'c self, template: &'c Template) -> BTreeMap<&'c str, &'c Template> {
        let fed = |parameter: &'c String| Some((parameter.as_str(), self.provider(parameter, template)?));
        template.parameters().keys().filter_map(fed).collect()
    }

    /// The foundation stacks that a set of variants needs, directly or through another, each before those that it feeds, where
    /// all of their backends stand in their own region. `wanted` says which parameters of a variant are filled, as
    /// [`Variant::wants`] does.
    #[must_use]
    pub fn foundation_for<'c>(
        &'c self,
        variants: &[&'c Variant],
        wanted: impl Fn(&Variant, &str) -> bool,
    ) -> Vec<&'c Template> {
        let placed: Vec<_> = variants.iter().map(|variant| (*variant, None)).collect();
        self.foundation_by_region(&placed, wanted).remove(&None).unwrap_or_default()
    }

    /// The same by the region that the stacks must stand in; `None` is the variants' own. Each variant comes with the region
    /// of its backend. What a stack needs stands where it stands.
    #[must_use]
    pub fn foundation_by_region<'c>(
        &'c self,
        placed: &[(&'c Variant, Option<&str>)],
        wanted: impl Fn(&Variant, &str) -> bool,
    ) -> BTreeMap<Option<String>, Vec<&'c Template>> {
        let mut regions: BTreeMap<Option<String>, Vec<&'c Template>> = BTreeMap::new();
        for (variant, backend) in placed {
            let ships = variant.artifacts.keys().any(|parameter| wanted(variant, parameter));
            let uploads = if ships { &UPLOADS[..] } else { &[][..] };
            let uploads = uploads.iter().filter_map(|output| self.provider(output, &variant.template));
            let inputs = self.inputs(&variant.template).into_iter();
            let inputs = inputs.filter(|(parameter, _)| wanted(variant, parameter));
            for provider in uploads.chain(inputs.map(|(_, provider)| provider)) {
                let region = backend.filter(|_| variant.has_behind(provider)).map(str::to_owned);
                self.add_with_needs(provider, regions.entry(region).or_default());
            }
        }
        regions
    }

    /// The foundation stacks that feed a template directly.
    #[must_use]
    pub fn needs<'c>(&'c self, template: &'c Template) -> BTreeSet<&'c str> {
        self.inputs(template).values().map(|provider| provider.name()).collect()
    }

    /// The foundation stack, other than `consumer`, with an output of a name.
    fn provider(&self, output: &str, consumer: &Template) -> Option<&Template> {
        self.foundation
            .values()
            .find(|template| template.name() != consumer.name() && template.outputs().contains_key(output))
    }

    /// The catalog has no circle, so this ends.
    fn add_with_needs<'c>(&'c self, template: &'c Template, needed: &mut Vec<&'c Template>) {
        if needed.iter().any(|one| one.name() == template.name()) {
            return;
        }
        for provider in self.inputs(template).into_values() {
            self.add_with_needs(provider, needed);
        }
        needed.push(template);
    }

    /// Refuses foundation stacks that need each other in a circle.
    pub(crate) fn check_circles(&self) -> Result<(), CatalogError> {
        self.foundation.values().try_for_each(|template| self.follow(template, &mut Vec::new()))
    }

    fn follow<'c>(&'c self, template: &'c Template, path: &mut Vec<&'c str>) -> Result<(), CatalogError> {
        let circle = path.contains(&template.name());
        path.push(template.name());
        if circle {
            let names = path.iter().map(|name| (*name).to_owned()).collect();
            return Err(template.problem(Problem::Circle(names)));
        }
        for provider in self.inputs(template).into_values() {
            self.follow(provider, path)?;
        }
        path.pop();
        Ok(())
    }
}
