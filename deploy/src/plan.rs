//! From variants to stacks: what each is given, what it keeps, what it waits for.

use std::collections::{BTreeMap, BTreeSet};

use artifacts::{Architecture, Artifact, Flavor};
use catalog::{Catalog, Template, Variant};
use stacks::{DeployedStack, StackSpec};

use crate::access::check_change;
use crate::failure::Failure;
use crate::settings::{Settings, TargetKind};

/// Says under which prefix a stack was deployed.
pub const PREFIX_TAG: &str = "deploy:prefix";
/// The template's stem.
pub const STACK_TAG: &str = "deploy:stack";
/// `foundation` or `variant`.
pub const KIND_TAG: &str = "deploy:kind";
/// The region of the variants that use a stack; only stacks in other regions have it.
pub const HOME_TAG: &str = "deploy:home";
/// The parameter that decides for which processor a variant's artifacts are built.
const ARCHITECTURE: &str = "Architecture";

/// Values of tunables by variant, then by flag.
pub type Given = BTreeMap<String, BTreeMap<String, String>>;

/// An artifact that some stack waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name of its location on the blackboard.
    pub name: String,
    pub artifact: Artifact,
    pub flavor: Flavor,
}

/// What stands already, and in which region the variants stand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing<'a> {
    /// Empty where it is not known yet.
    pub home: &'a str,
    pub stacks: &'a [DeployedStack],
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Variants with everything that they need.
    Up,
    /// One variant that stands already.
    Redeploy,
}

/// The stacks to apply, foundation first.
#[derive(Debug)]
pub struct Plan<'c> {
    pub purpose: Purpose,
    pub foundation: Vec<&'c Template>,
    pub variants: Vec<&'c Variant>,
    pub specs: Vec<StackSpec>,
    pub wanted: Vec<Wanted>,
    /// Foundation stacks in other regions than the variants, by region; they must stand and be filled before the others are
    /// touched.
    pub groundwork: Groundwork<'c>,
}

/// The name on the blackboard of an output of a foundation stack in another region.
pub fn output_in(output: &str, region: &str) -> String {
    format!("{output} in {region}")
}

/// Reads `[VARIANT.]TUNABLE=VALUE` and the settings file's values for the selected variants.
pub fn given(
    settings: &Settings,
    catalog: &Catalog,
    variants: &[&Variant],
    set: &[String],
) -> Result<Given, Failure> {
    let mut given = Given::new();
    for (id, values) in &settings.set {
        catalog.variant(id)?;
        if variants.iter().any(|variant| variant.id == *id) {
            given.insert(id.clone(), values.clone());
        }
    }
    for text in set {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Failure::new(format!("--set \"{text}\" is not of the form [VARIANT.]TUNABLE=VALUE"))
                .hint("write --set memory=1024, or --set VARIANT.memory=1024 for one variant")
        })?;
        let (only, flag) = name.split_once('.').map_or((None, name), |(id, flag)| (Some(id), flag));
        if let Some(id) = only {
            catalog.variant(id)?;
        }
        let takes = |variant: &&&Variant| match only {
            Some(id) => variant.id == id,
            None => variant.tunables.contains_key(flag),
        };
        let taking: Vec<&str> = variants.iter().filter(takes).map(|variant| variant.id.as_str()).collect();
        if taking.is_empty() {
            return Err(Failure::new(format!("--set {text}: none of the selected variants has it"))
                .hint("\"deploy list\" shows the tunables of each variant"));
        }
        for id in taking {
            given.entry(id.to_owned()).or_default().insert(flag.to_owned(), value.to_owned());
        }
    }
    Ok(given)
}

impl<'c> Plan<'c> {
    /// Plans the variants and the foundation stacks that they need. Values are checked against the templates, together
    /// with what is deployed.
    pub fn new(
        catalog: &'c Catalog,
        settings: &Settings,
        variants: Vec<&'c Variant>,
        given: &Given,
        standing: Standing<'_>,
    ) -> Result<Self, Failure> {
        let (foundation, groundwork) = foundation(catalog, settings, &variants, given, standing)?;
        let mut specs: Vec<StackSpec> =
            foundation.iter().map(|template| foundation_spec(catalog, settings, template)).collect();
        let mut wanted: Vec<Wanted> = Vec::new();
        for variant in &variants {
            let (spec, needed) = variant_spec(catalog, settings, variant, given, standing)?;
            specs.push(spec);
            for one in needed {
                if !wanted.contains(&one) {
                    wanted.push(one);
                }
            }
        }
        Ok(Self { purpose: Purpose::Up, foundation, variants, specs, wanted, groundwork })
    }

    /// Plans new settings of one variant that stands already, and the foundation stacks that they are the first to need.
    pub fn redeploy(
        catalog: &'c Catalog,
        settings: &Settings,
        variant: &'c Variant,
        given: &Given,
        standing: Standing<'_>,
    ) -> Result<Self, Failure> {
        let stands = |template: &&Template| {
            let name = settings.stack_name(template.name());
            let stack = standing.stacks.iter().find(|stack| stack.name == name);
            stack.is_some_and(|stack| template.outputs().keys().all(|name| stack.outputs.contains_key(name)))
        };
        let (mut foundation, groundwork) = foundation(catalog, settings, &[variant], given, standing)?;
        foundation.retain(|template| !stands(template));
        let mut specs: Vec<StackSpec> =
            foundation.iter().map(|template| foundation_spec(catalog, settings, template)).collect();
        let (spec, wanted) = variant_spec(catalog, settings, variant, given, standing)?;
        specs.push(spec);
        let purpose = Purpose::Redeploy;
        Ok(Self { purpose, foundation, variants: vec![variant], specs, wanted, groundwork })
    }

    /// The plan of the foundation stacks alone, and that of the variants on top of them.
    pub fn in_turn(mut self) -> (Self, Self) {
        let specs = self.specs.split_off(self.foundation.len());
        let variants = std::mem::take(&mut self.variants);
        let wanted = std::mem::take(&mut self.wanted);
        let groundwork = std::mem::take(&mut self.groundwork);
        let upon =
            Self { purpose: self.purpose, foundation: Vec::new(), variants, specs, wanted, groundwork };
        (Self { purpose: Purpose::Up, ..self }, upon)
    }

    /// How many resources the templates declare.
    pub fn resources(&self) -> usize {
        let templates =
            self.foundation.iter().copied().chain(self.variants.iter().map(|variant| &variant.template));
        let elsewhere = self.groundwork.values().flatten().map(|(template, _)| *template);
        templates.chain(elsewhere).map(|template| template.document().resources().len()).sum()
    }

    /// How many stacks there are.
    pub fn stacks(&self) -> usize {
        self.specs.len() + self.groundwork.values().map(Vec::len).sum::<usize>()
    }
}

/// What a variant's parameters are.
struct Values {
    /// As they are deployed.
    current: BTreeMap<String, String>,
    /// What is to be set.
    given: BTreeMap<String, String>,
}

impl Values {
    fn of(
        settings: &Settings,
        variant: &Variant,
        given: &Given,
        deployed: &[DeployedStack],
    ) -> Result<Self, Failure> {
        let name = settings.stack_name(&variant.id);
        let stack = deployed.iter().find(|stack| stack.name == name);
        let current = stack.map(|stack| stack.parameters.clone()).unwrap_or_default();
        let flags = given.get(&variant.id).into_iter().flatten();
        let given = variant.settings(flags.map(|(flag, value)| (flag.as_str(), value.as_str())), &current)?;
        Ok(Self { current, given })
    }

    /// As they will be, but for those that are neither deployed nor to be set.
    fn all(&self) -> BTreeMap<String, String> {
        let mut all = self.current.clone();
        all.extend(self.given.clone());
        all
    }
}

/// Templates with the specs of stacks, by region.
pub type Groundwork<'c> = BTreeMap<String, Vec<(&'c Template, StackSpec)>>;

/// The foundation stacks that the variants need with their settings: those in their own region, and those in others.
fn foundation<'c>(
    catalog: &'c Catalog,
    settings: &Settings,
    variants: &[&'c Variant],
    given: &Given,
    standing: Standing<'_>,
) -> Result<(Vec<&'c Template>, Groundwork<'c>), Failure> {
    let values = variants
        .iter()
        .map(|variant| {
            Ok((variant.id.as_str(), Values::of(settings, variant, given, standing.stacks)?.all()))
        })
        .collect::<Result<BTreeMap<_, _>, Failure>>()?;
    let backend = |variant: &Variant| {
        let values = values.get(variant.id.as_str())?;
        variant.backend_region(values).filter(|region| *region != standing.home)
    };
    let placed: Vec<_> = variants.iter().map(|variant| (*variant, backend(variant))).collect();
    let mut regions = catalog.foundation_by_region(&placed, |variant, parameter| {
        values.get(variant.id.as_str()).is_some_and(|values| variant.wants(parameter, values))
    });
    let foundation = regions.remove(&None).unwrap_or_default();
    let mut groundwork = Groundwork::new();
    for (region, templates) in
        regions.into_iter().filter_map(|(region, templates)| Some((region?, templates)))
    {
        let specs = templates.into_iter().map(|template| {
            let mut spec = foundation_spec(catalog, settings, template);
            spec.name = settings.stack_name_in(template.name(), &region);
            spec.tags.insert(HOME_TAG.to_owned(), standing.home.to_owned());
            (template, spec)
        });
        let specs = specs.collect();
        groundwork.insert(region, specs);
    }
    Ok((foundation, groundwork))
}

fn foundation_spec(catalog: &Catalog, settings: &Settings, template: &Template) -> StackSpec {
    let outputs = template.outputs().keys().cloned().collect();
    StackSpec { outputs, ..spec(catalog, settings, template, "foundation") }
}

/// The spec of one variant, with the artifacts that it waits for.
fn variant_spec(
    catalog: &Catalog,
    settings: &Settings,
    variant: &Variant,
    given: &Given,
    standing: Standing<'_>,
) -> Result<(StackSpec, Vec<Wanted>), Failure> {
    let values = Values::of(settings, variant, given, standing.stacks)?;
    check_change(variant, &values.current, &values.given)?;
    check_processor(settings, variant, &values.given)?;
    let all = values.all();
    let architecture =
        all.get(ARCHITECTURE).or_else(|| variant.template.parameters().get(ARCHITECTURE)?.default.as_ref());
    let flavor = flavor(settings.target, architecture.map(String::as_str))?;
    let mut spec = spec(catalog, settings, &variant.template, "variant");
    spec.inputs.retain(|parameter, _| variant.wants(parameter, &all));
    if let Some(region) = variant.backend_region(&all).filter(|region| *region != standing.home) {
        for (parameter, provider) in catalog.inputs(&variant.template) {
            if let Some(source) = spec.inputs.get_mut(parameter).filter(|_| variant.has_behind(provider)) {
                *source = output_in(parameter, region);
            }
        }
    }
    let mut wanted = Vec::new();
    for (parameter, artifact) in &variant.artifacts {
        if !variant.wants(parameter, &all) {
            continue;
        }
        let artifact: Artifact = artifact
            .parse()
            .map_err(|error| Failure::new(format!("{}: {error}", variant.template.file())))?;
        let name = format!("{artifact} ({})", flavor.name());
        spec.inputs.insert(parameter.clone(), name.clone());
        wanted.push(Wanted { name, artifact, flavor });
    }
    spec.keep = variant.tunables.values().cloned().collect();
    spec.parameters = values.given;
    Ok((spec, wanted))
}

/// Refuses another processor than this machine's where functions run on it.
pub fn check_processor(
    settings: &Settings,
    variant: &Variant,
    wanted: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let host = Architecture::host().to_string();
    match wanted.get(ARCHITECTURE) {
        Some(other) if settings.target == TargetKind::Local && *other != host => {
            let flag = variant.flag(ARCHITECTURE).unwrap_or(ARCHITECTURE);
            Err(Failure::new(format!(
                "{flag} {other} is not allowed for {}: functions of the embedded cloud run on this machine, which is {host}",
                variant.id
            ))
            .hint("--target aws takes it"))
        }
        _ => Ok(()),
    }
}

fn spec(catalog: &Catalog, settings: &Settings, template: &Template, kind: &str) -> StackSpec {
    let inputs =
        catalog.inputs(template).into_keys().map(|name| (name.to_owned(), name.to_owned())).collect();
    let mut tags = settings.tags.clone();
    for (key, value) in
        [(PREFIX_TAG, settings.prefix.as_str()), (STACK_TAG, template.name()), (KIND_TAG, kind)]
    {
        tags.insert(key.to_owned(), value.to_owned());
    }
    StackSpec {
        name: settings.stack_name(template.name()),
        template_body: template.body().to_owned(),
        parameters: BTreeMap::new(),
        keep: BTreeSet::new(),
        inputs,
        outputs: BTreeSet::new(),
        tags,
        capabilities: template.capabilities(),
        termination_protection: false,
        rest_apis: template.rest_apis(),
    }
}

fn flavor(target: TargetKind, architecture: Option<&str>) -> Result<Flavor, Failure> {
    match (target, architecture) {
        (TargetKind::Local, _) => Ok(Flavor::Local),
        (TargetKind::Aws, None) => Ok(Flavor::Aws(Architecture::X86_64)),
        (TargetKind::Aws, Some(name)) => name.parse().map(Flavor::Aws).map_err(|error| Failure::of(&error)),
    }
}
