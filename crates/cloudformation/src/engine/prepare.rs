//! From the input of a call to a deployment: template, parameters, rules and capabilities checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::input::{ParameterInput, StackInput, TemplateSource};
use super::options::EngineOptions;
use super::stack::Deployment;
use crate::check::CheckError;
use crate::error::EngineError;
use crate::evaluate::{self, Pseudo};
use crate::function::Place;
use crate::handler::Registry;
use crate::references::{Reference, references as references_of};
use crate::template::{Capability, MAX_BYTES, MAX_INLINE_BYTES, Parameter, ParameterKind, Template};

/// How many tags a stack may have.
const MAX_TAGS: usize = 50;

/// Reads and checks the template of a call without its parameters.
pub(crate) fn template(
    source: &TemplateSource,
    current: Option<&Deployment>,
    registry: &Registry,
) -> Result<Arc<Template>, EngineError> {
    let text = match source {
        TemplateSource::Previous => {
            let known = current.and_then(|current| current.template.clone());
            return known.ok_or_else(|| {
                EngineError::Validation("Either Template URL or Template Body must be specified.".to_owned())
            });
        }
        TemplateSource::Inline(text) => sized(text, MAX_INLINE_BYTES, "templateBody")?,
        TemplateSource::Fetched(text) => sized(text, MAX_BYTES, "templateURL")?,
    };
    let template = Template::parse(text)?;
    template.check(registry)?;
    Ok(Arc::new(template))
}

fn sized<'t>(text: &'t str, max: usize, field: &str) -> Result<&'t str, EngineError> {
    if text.is_empty() {
        return Err(EngineError::Validation("Template format error: unsupported structure.".to_owned()));
    }
    if text.len() > max {
        return Err(EngineError::Validation(format!(
            "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have length less than or equal to {max}, it has {}",
            text.len()
        )));
    }
    Ok(text)
}

/// The deployment that a call asks for, given what the stack has.
pub(crate) fn deployment(
    input: &StackInput,
    current: Option<&Deployment>,
    registry: &Registry,
    options: &EngineOptions,
) -> Result<Deployment, EngineError> {
    let template = template(&input.template, current, registry)?;
    let parameters = parameters(&template, input, current)?;
    let known: BTreeMap<String, String> =
        parameters.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    template.check_rules(&known).map_err(|violations| {
        let texts: Vec<String> = violations.iter().map(ToString::to_string).collect();
        EngineError::Validation(format!("Template error: rules failed: {}", texts.join("; ")))
    })?;
    let deployment = Deployment {
        parameters,
        tags: match &input.tags {
            Some(tags) => checked_tags(tags)?,
            None => current.map(|current| current.tags.clone()).unwrap_or_default(),
        },
        notification_arns: match &input.notification_arns {
            Some(arns) => arns.clone(),
            None => current.map(|current| current.notification_arns.clone()).unwrap_or_default(),
        },
        role_arn: input.role_arn.clone().or_else(|| current.and_then(|current| current.role_arn.clone())),
        capabilities: input.capabilities.clone(),
        template: Some(template.clone()),
    };
    check_conditions(&template, &deployment, options)?;
    check_capabilities(&template, &input.capabilities)?;
    Ok(deployment)
}

fn parameters(
    template: &Template,
    input: &StackInput,
    current: Option<&Deployment>,
) -> Result<IndexMap<String, String>, EngineError> {
    let known = template.parameters();
    let unknown: Vec<&str> =
        input.parameters.keys().filter(|name| !known.contains_key(*name)).map(String::as_str).collect();
    if !unknown.is_empty() {
        return Err(EngineError::Validation(format!(
            "Parameters: [{}] do not exist in the template",
            unknown.join(", ")
        )));
    }
    let mut values = IndexMap::new();
    let mut missing = Vec::new();
    for parameter in known.values() {
        let value = match input.parameters.get(&parameter.name) {
            Some(ParameterInput::Value(value)) => Some(value),
            Some(ParameterInput::Previous) => {
                current.and_then(|current| current.parameters.get(&parameter.name))
            }
            None => parameter.default.as_ref(),
        };
        match value {
            Some(value) => {
                parameter.check(value).map_err(|error| EngineError::Validation(error.to_string()))?;
                values.insert(parameter.name.clone(), value.clone());
            }
            None => missing.push(parameter.name.as_str()),
        }
    }
    if missing.is_empty() {
        return Ok(values);
    }
    Err(EngineError::Validation(format!("Parameters: [{}] must have values", missing.join(", "))))
}

fn checked_tags(tags: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, EngineError> {
    if tags.len() > MAX_TAGS {
        return Err(EngineError::Validation(format!(
            "A stack may have at most {MAX_TAGS} tags, not {}",
            tags.len()
        )));
    }
    if let Some(reserved) = tags.keys().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(EngineError::Validation(format!(
            "aws: prefixed tag key names are not allowed for external use: {reserved}"
        )));
    }
    Ok(tags.clone())
}

fn check_capabilities(template: &Template, given: &[String]) -> Result<(), EngineError> {
    let mut acknowledged = Vec::new();
    for text in given {
        let capability = Capability::parse(text).ok_or_else(|| {
            EngineError::Validation(format!(
                "1 validation error detected: Value '[{text}]' at 'capabilities' failed to satisfy constraint: Member must satisfy enum value set: [CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND]"
            ))
        })?;
        acknowledged.push(capability);
    }
    let expand = template.language_extensions().then_some(Capability::AutoExpand);
    for needed in template.capabilities().0.into_iter().chain(expand) {
        if !acknowledged.iter().any(|one| one.covers(needed)) {
            return Err(EngineError::InsufficientCapabilities(needed.as_str().to_owned()));
        }
    }
    Ok(())
}

/// Evaluates the conditions, and refuses what refers to a resource that they leave out.
fn check_conditions(
    template: &Template,
    deployment: &Deployment,
    options: &EngineOptions,
) -> Result<(), EngineError> {
    let pseudo = pseudo(options, deployment, "", "");
    let values = references(deployment, options)?;
    let conditions = evaluate::conditions(template, &values, &pseudo)?;
    let left_out: BTreeSet<&str> = template
        .resources()
        .values()
        .filter(|resource| {
            resource.condition.as_ref().is_some_and(|name| conditions.get(name) == Some(&false))
        })
        .map(|resource| resource.logical_id.as_str())
        .collect();
    let mut unresolved = BTreeSet::new();
    for resource in template.resources().values().filter(|one| !left_out.contains(one.logical_id.as_str())) {
        for name in template.dependencies(resource, Some(&conditions))? {
            // `DependsOn` a resource that is left out is ignored.
            if left_out.contains(name.as_str()) && !resource.depends_on.contains(&name) {
                unresolved.insert(name);
            }
        }
    }
    if !unresolved.is_empty() {
        let names = unresolved.into_iter().collect();
        return Err(CheckError::Unresolved { names, block: "Resources" }.into());
    }
    for output in template.outputs().values() {
        if output.condition.as_ref().is_some_and(|name| conditions.get(name) == Some(&false)) {
            continue;
        }
        for expression in std::iter::once(&output.value).chain(&output.export) {
            let extensions = template.language_extensions();
            for reference in references_of(expression, Place::Value, extensions, Some(&conditions))? {
                if let Reference::Name(name)
                | Reference::Attribute(name, _)
                | Reference::SubAttribute(name, _) = reference
                    && left_out.contains(name)
                {
                    let names = vec![name.to_owned()];
                    return Err(CheckError::Unresolved { names, block: "Outputs" }.into());
                }
            }
        }
    }
    Ok(())
}

/// What `Ref` gives for each parameter. Values of Systems Manager parameters are looked up.
pub(crate) fn references(
    deployment: &Deployment,
    options: &EngineOptions,
) -> Result<BTreeMap<String, Value>, EngineError> {
    let mut values = BTreeMap::new();
    let Some(template) = &deployment.template else { return Ok(values) };
    for (name, text) in &deployment.parameters {
        let Some(parameter) = template.parameters().get(name) else { continue };
        values.insert(name.clone(), reference(parameter, text, options)?);
    }
    Ok(values)
}

fn reference(parameter: &Parameter, text: &str, options: &EngineOptions) -> Result<Value, EngineError> {
    match &parameter.kind {
        ParameterKind::Ssm(kind) if kind.starts_with("AWS::SSM::Parameter::Value<") => {
            let stored =
                (options.resolve_dynamic)(&format!("resolve:ssm:{text}")).map_err(EngineError::Validation)?;
            Ok(parameter.value(&stored))
        }
        _ => Ok(parameter.value(text)),
    }
}

/// The pseudo parameters of a stack.
pub(crate) fn pseudo(
    options: &EngineOptions,
    deployment: &Deployment,
    stack_id: &str,
    stack_name: &str,
) -> Pseudo {
    Pseudo {
        account: options.account.clone(),
        notification_arns: deployment.notification_arns.clone(),
        partition: options.partition.clone(),
        region: options.region.clone(),
        stack_id: stack_id.to_owned(),
        stack_name: stack_name.to_owned(),
        url_suffix: options.url_suffix.clone(),
    }
}
