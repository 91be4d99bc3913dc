//! What every template must keep, so that the rest of the program can rely on names alone.

use std::collections::BTreeMap;

use cloudformation::template::{Parameter, ParameterKind};

use crate::{ALL, Catalog, CatalogError, Problem, Template, Variant, allowed};

/// The output that every variant has: the base address of its endpoint.
const URL: &str = "Url";

pub(crate) fn check(catalog: &Catalog) -> Result<(), CatalogError> {
    check_outputs(catalog)?;
    catalog.check_circles()?;
    for template in catalog.foundation() {
        if template.document().metadata().get("Variant").is_some() {
            return Err(template.problem(Problem::FoundationVariant));
        }
        check_fed(catalog, template, |_| false)?;
    }
    catalog.variants().try_for_each(|variant| check_variant(catalog, variant))
}

/// No two foundation stacks may feed the same parameter.
fn check_outputs(catalog: &Catalog) -> Result<(), CatalogError> {
    let mut outputs: BTreeMap<&str, &Template> = BTreeMap::new();
    for template in catalog.foundation() {
        for output in template.outputs().keys() {
            if let Some(other) = outputs.insert(output, template) {
                let (output, other) = (output.clone(), other.file().to_owned());
                return Err(template.problem(Problem::Ambiguous { output, other }));
            }
        }
    }
    Ok(())
}

fn check_variant(catalog: &Catalog, variant: &Variant) -> Result<(), CatalogError> {
    let template = &variant.template;
    check_metadata(catalog, variant).map_err(|problem| template.problem(problem))?;
    check_parameters(catalog, variant).map_err(|problem| template.problem(problem))?;
    check_backend(catalog, variant).map_err(|problem| template.problem(problem))?;
    if !template.outputs().contains_key(URL) {
        return Err(template.problem(Problem::NoUrl));
    }
    check_fed(catalog, template, |parameter| variant.artifacts.contains_key(parameter))
}

fn check_metadata(catalog: &Catalog, variant: &Variant) -> Result<(), Problem> {
    if let Some(other) = catalog.foundation.get(&variant.id) {
        return Err(Problem::Duplicate { other: other.file().to_owned() });
    }
    let names = [("its file name", &variant.id), ("Workload", &variant.workload)];
    if let Some((what, _)) = names.iter().find(|(_, name)| *name == ALL) {
        return Err(Problem::Variant(format!("{what} is \"{ALL}\", which selects every variant")));
    }
    let lower =
        |text: &str| text.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-');
    if variant.workload.is_empty() || !lower(&variant.workload) {
        return Err(Problem::Variant(format!(
            "Workload \"{}\" is not made of lower-case letters, digits and hyphens",
            variant.workload
        )));
    }
    if variant.title.trim().is_empty() {
        return Err(Problem::Variant("Title is empty".to_owned()));
    }
    if variant.hops.is_empty() || variant.hops.iter().any(|hop| hop.trim().is_empty()) {
        return Err(Problem::Variant("Hops must name at least one hop, and none may be empty".to_owned()));
    }
    if let Some((parameter, _)) = variant.artifacts.iter().find(|(_, artifact)| artifact.trim().is_empty()) {
        return Err(Problem::Variant(format!("Artifacts: {parameter} names no artifact")));
    }
    if let Some(optional) = &variant.optional {
        let resources = variant.template.document().resources();
        if let Some(id) = optional.resources.iter().find(|id| !resources.contains_key(id.as_str())) {
            return Err(Problem::Variant(format!("Optional: there is no resource {id}")));
        }
        if optional.resources.is_empty() || optional.reason.trim().is_empty() {
            return Err(Problem::Variant(
                "Optional needs at least one of Resources, and a Reason".to_owned(),
            ));
        }
    }
    match variant.tunables.keys().find(|flag| flag.is_empty() || flag.starts_with('-') || !lower(flag)) {
        Some(flag) => Err(Problem::Variant(format!(
            "Tunables: \"{flag}\" cannot be a flag: lower-case letters, digits and hyphens"
        ))),
        None => Ok(()),
    }
}

/// Every named parameter exists, and nothing else fills it.
fn check_parameters(catalog: &Catalog, variant: &Variant) -> Result<(), Problem> {
    let parameters = variant.template.parameters();
    let mut filled: BTreeMap<&str, String> = catalog
        .inputs(&variant.template)
        .into_iter()
        .map(|(parameter, provider)| (parameter, format!("an output of {}", provider.file())))
        .collect();
    let artifacts = variant.artifacts.iter().map(|(parameter, artifact)| ("Artifacts", artifact, parameter));
    let tunables = variant.tunables.iter().map(|(flag, parameter)| ("Tunables", flag, parameter));
    for (section, key, parameter) in artifacts.chain(tunables) {
        let (key, parameter_name) = (key.clone(), parameter.clone());
        if !parameters.contains_key(parameter) {
            return Err(Problem::NoParameter { section, key, parameter: parameter_name });
        }
        let second = format!("{section}: {key}");
        if let Some(first) = filled.insert(parameter, second.clone()) {
            return Err(Problem::FilledTwice { parameter: parameter_name, first, second });
        }
    }
    for (flag, parameter) in &variant.tunables {
        if parameters.get(parameter).is_some_and(|parameter| parameter.default.is_none()) {
            return Err(Problem::NoDefault { flag: flag.clone(), parameter: parameter.clone() });
        }
    }
    check_when(variant, |parameter| filled.contains_key(parameter))?;
    check_order(variant)
}

/// What is filled only sometimes has a default for the other times, and a setting decides which they are.
fn check_when(variant: &Variant, is_filled: impl Fn(&str) -> bool) -> Result<(), Problem> {
    let parameters = variant.template.parameters();
    for (parameter, conditions) in &variant.when {
        let wrong = |reason: String| Problem::Variant(format!("When: {parameter}: {reason}"));
        let Some(conditional) = parameters.get(parameter) else {
            return Err(wrong("the template does not have this parameter".to_owned()));
        };
        if !is_filled(parameter) || variant.flag(parameter).is_some() {
            return Err(wrong("neither an artifact nor a foundation stack fills it".to_owned()));
        }
        if conditional.default.is_none() {
            return Err(wrong("it has no Default".to_owned()));
        }
        if conditions.is_empty() {
            return Err(wrong("it names no setting".to_owned()));
        }
        for (name, value) in conditions {
            let Some(flag) = variant.flag(name) else {
                return Err(wrong(format!("{name} is the parameter of no tunable")));
            };
            let setting = variant.setting(flag).map_err(|error| wrong(error.to_string()))?;
            if !allowed::suits(setting, value) {
                return Err(wrong(format!("{name} is never {value}: {}", allowed::phrase(setting))));
            }
        }
    }
    Ok(())
}

/// What is compared are tunables that are numbers.
fn check_order(variant: &Variant) -> Result<(), Problem> {
    for flag in variant.at_most.iter().flat_map(|(low, high)| [low, high]) {
        let is_number = |parameter: &Parameter| parameter.kind == ParameterKind::Number;
        let parameter = variant.tunables.get(flag).and_then(|name| variant.template.parameters().get(name));
        if !parameter.is_some_and(is_number) {
            return Err(Problem::Variant(format!("AtMost: {flag} is no tunable that is a number")));
        }
    }
    Ok(())
}

/// The region of a backend is a setting that is empty unless it is set, and the backend is something that feeds the variant.
fn check_backend(catalog: &Catalog, variant: &Variant) -> Result<(), Problem> {
    let Some(backend) = &variant.backend else { return Ok(()) };
    let Some(parameter) = variant.template.parameters().get(&backend.region) else {
        let (key, parameter) = ("Region".to_owned(), backend.region.clone());
        return Err(Problem::NoParameter { section: "Backend", key, parameter });
    };
    if parameter.default.as_deref() != Some("") || variant.flag(&parameter.name).is_none() {
        return Err(Problem::Variant(format!(
            "Backend: the parameter {} must be one of Tunables, with an empty Default",
            parameter.name
        )));
    }
    let feeding = catalog.needs(&variant.template);
    match backend.stacks.iter().find(|name| !feeding.contains(name.as_str())) {
        Some(name) => Err(Problem::Variant(format!(
            "Backend: {name} is no foundation stack that feeds the variant; those are {}",
            feeding.into_iter().collect::<Vec<_>>().join(", ")
        ))),
        None if backend.stacks.is_empty() => {
            Err(Problem::Variant("Backend needs at least one of Stacks".to_owned()))
        }
        None => Ok(()),
    }
}

/// Every parameter without a default gets its value from somewhere.
fn check_fed(
    catalog: &Catalog,
    template: &Template,
    is_artifact: impl Fn(&str) -> bool,
) -> Result<(), CatalogError> {
    let inputs = catalog.inputs(template);
    let unfed = template.parameters().values().find(|parameter| {
        let name = parameter.name.as_str();
        parameter.default.is_none() && !is_artifact(name) && !inputs.contains_key(name)
    });
    match unfed {
        Some(parameter) => Err(template.problem(Problem::Unfed { parameter: parameter.name.clone() })),
        None => Ok(()),
    }
}
