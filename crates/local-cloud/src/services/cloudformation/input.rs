//! Requests as the engine's input.

use std::collections::BTreeMap;

use ::cloudformation::engine::{DeleteInput, OnFailure, ParameterInput, StackInput, TemplateSource};

use super::template;
use super::wire::invalid;
use crate::services::RegionContext;
use crate::wire::{ApiError, Params};

/// Members of requests that would change what happens and that this cloud does not offer.
const REFUSED: [&str; 9] = [
    "DeploymentMode",
    "ImportExistingResources",
    "IncludeNestedStacks",
    "ResourcesToImport",
    "RollbackConfiguration",
    "StackPolicyBody",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "StackPolicyURL",
];

/// The input of `CreateStack`, `UpdateStack` and `CreateChangeSet`, whose token is named differently.
pub(super) async fn stack(
    context: &RegionContext,
    params: &Params,
    token: &str,
) -> Result<StackInput, ApiError> {
    refuse_unsupported(params)?;
    Ok(StackInput {
        stack_name: params.required("StackName")?.to_owned(),
        template: template_source(context, params).await?,
        parameters: parameters(params)?,
        capabilities: params.values("Capabilities.member"),
        tags: tags(params),
        notification_arns: list(params, "NotificationARNs"),
        role_arn: params.get("RoleARN").map(str::to_owned),
        on_failure: on_failure(params)?,
        disable_rollback: disable_rollback(params)?,
        retain_except_on_create: flag(params, "RetainExceptOnCreate")?.unwrap_or(false),
        timeout_minutes: timeout(params)?,
        termination_protection: flag(params, "EnableTerminationProtection")?,
        client_request_token: params.get(token).map(str::to_owned),
    })
}

/// The input of `DeleteStack`.
pub(super) fn delete(params: &Params) -> Result<DeleteInput, ApiError> {
    let force = match params.get("DeletionMode") {
        None | Some("STANDARD") => false,
        Some("FORCE_DELETE_STACK") => true,
        Some(other) => return Err(not_in("deletionMode", other, "STANDARD, FORCE_DELETE_STACK")),
    };
    disable_rollback(params)?;
    Ok(DeleteInput {
        stack_name: params.required("StackName")?.to_owned(),
        retain_resources: params.values("RetainResources.member"),
        force,
        client_request_token: params.get("ClientRequestToken").map(str::to_owned),
    })
}

/// The template of a request: in its body, at a URL, or the one that the stack has.
pub(super) async fn template_source(
    context: &RegionContext,
    params: &Params,
) -> Result<TemplateSource, ApiError> {
    let previous = flag(params, "UsePreviousTemplate")?.unwrap_or(false);
    match (params.get("TemplateBody"), params.get("TemplateURL"), previous) {
        (Some(text), None, false) => Ok(TemplateSource::Inline(text.to_owned())),
        (None, Some(url), false) => Ok(TemplateSource::Fetched(template::fetch(context, url).await?)),
        (None, None, true) => Ok(TemplateSource::Previous),
        (None, None, false) => Err(invalid("Either Template URL or Template Body must be specified.")),
        _ => Err(invalid("You can specify only one of TemplateBody, TemplateURL and UsePreviousTemplate.")),
    }
}

/// `true` or `false`; `None` where the request does not say.
pub(super) fn flag(params: &Params, name: &str) -> Result<Option<bool>, ApiError> {
    match params.get(name) {
        None | Some("") => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(not_in(name, other, "true, false")),
    }
}

/// `DisableRollback` of the request or of its `DeploymentConfig`.
pub(super) fn disable_rollback(params: &Params) -> Result<Option<bool>, ApiError> {
    if let Some(mode) = params.get("DeploymentConfig.Mode")
        && !matches!(mode, "STANDARD" | "EXPRESS")
    {
        return Err(not_in("deploymentConfig.mode", mode, "STANDARD, EXPRESS"));
    }
    Ok(flag(params, "DisableRollback")?.or(flag(params, "DeploymentConfig.DisableRollback")?))
}

/// `OnFailure` of a stack, `OnStackFailure` of a change set.
fn on_failure(params: &Params) -> Result<Option<OnFailure>, ApiError> {
    let Some(text) = params.get("OnFailure").or_else(|| params.get("OnStackFailure")) else {
        return Ok(None);
    };
    OnFailure::parse(text).map(Some).ok_or_else(|| not_in("onFailure", text, "DO_NOTHING, ROLLBACK, DELETE"))
}

fn timeout(params: &Params) -> Result<Option<u32>, ApiError> {
    let Some(text) = params.get("TimeoutInMinutes") else { return Ok(None) };
    let minutes = text.parse::<u32>().ok().filter(|minutes| *minutes > 0);
    minutes.map(Some).ok_or_else(|| {
        invalid(format!(
            "1 validation error detected: Value '{text}' at 'timeoutInMinutes' failed to satisfy constraint: Member must have value greater than or equal to 1"
        ))
    })
}

fn parameters(params: &Params) -> Result<BTreeMap<String, ParameterInput>, ApiError> {
    let mut parameters = BTreeMap::new();
    for item in params.structures("Parameters.member") {
        let name = item.required("ParameterKey")?.to_owned();
        let previous = flag(&item, "UsePreviousValue")?.unwrap_or(false);
        let value = match (item.get("ParameterValue"), previous) {
            (Some(_), true) => {
                return Err(invalid(format!(
                    "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                )));
            }
            (Some(value), false) => ParameterInput::Value(value.to_owned()),
            (None, true) => ParameterInput::Previous,
            (None, false) => {
                return Err(invalid(format!(
                    "Invalid input for parameter key {name}. Either usePreviousValue or a value must be given"
                )));
            }
        };
        if parameters.insert(name.clone(), value).is_some() {
            return Err(invalid(format!("Parameters: [{name}] are given more than once")));
        }
    }
    Ok(parameters)
}

fn tags(params: &Params) -> Option<BTreeMap<String, String>> {
    let given = params.iter().any(|(name, _)| name == "Tags" || name.starts_with("Tags."));
    given.then(|| params.map("Tags.member", "Key", "Value").into_iter().collect())
}

fn list(params: &Params, name: &str) -> Option<Vec<String>> {
    let below = format!("{name}.");
    let given = params.iter().any(|(key, _)| key == name || key.starts_with(&below));
    given.then(|| params.values(&format!("{name}.member")))
}

fn refuse_unsupported(params: &Params) -> Result<(), ApiError> {
    for name in REFUSED {
        let below = format!("{name}.");
        let given = params.iter().any(|(key, value)| {
            (key == name || key.starts_with(&below)) && !value.is_empty() && value != "false"
        });
        if given {
            return Err(invalid(format!("{name} is not offered by this cloud; leave it out")));
        }
    }
    Ok(())
}

fn not_in(field: &str, value: &str, allowed: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]"
    ))
}
