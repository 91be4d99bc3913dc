use std::collections::BTreeMap;

use super::definition::Secret;
use super::{EcsError, TaskDefinition};
use crate::Services;
use crate::services::secretsmanager::SecretReference;

/// The environment of a task's container: what its definition says, and the secrets that the execution role may read.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html>
///
/// # Errors
/// A secret or parameter does not exist or the role may not read it, in the words in which ECS stops such a task.
pub(super) fn environment(
    services: &Services,
    definition: &TaskDefinition,
) -> Result<BTreeMap<String, String>, EcsError> {
    let container = &definition.container;
    let mut environment: BTreeMap<String, String> =
        container.environment.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect();
    for secret in &container.secrets {
        let value = value(services, definition, secret).map_err(|reason| {
            EcsError::CannotStart(format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: {reason}"
            ))
        })?;
        environment.insert(secret.name.clone(), value);
    }
    Ok(environment)
}

fn value(services: &Services, definition: &TaskDefinition, secret: &Secret) -> Result<String, String> {
    let from = secret.value_from.as_str();
    let of_secret = from.split(':').nth(2) == Some("secretsmanager");
    let (action, arn, found) = if of_secret {
        let reference = SecretReference::parse(from);
        let arn = services.secrets.secret(reference.id).map(|secret| secret.arn);
        let found = services.secrets.text(&reference);
        let found = found.map_err(|error| format!("unable to retrieve secret from asm: {error}"));
        ("secretsmanager:GetSecretValue", arn.unwrap_or_else(|_| reference.id.to_owned()), found)
    } else {
        let parameter = services.ssm.parameter(from);
        let arn = parameter.as_ref().map_or_else(|_| from.to_owned(), |parameter| parameter.arn.clone());
        let found = parameter.map(|parameter| parameter.value().to_owned());
        let missing = |_| format!("unable to retrieve secrets from ssm: invalid parameters: {from}");
        ("ssm:GetParameters", arn, found.map_err(missing))
    };
    let role = definition.execution_role.as_deref().unwrap_or_default();
    if !services.iam.allows(role, action, Some(&arn)) {
        return Err(format!(
            "AccessDeniedException: {role} is not authorized to perform: {action} on resource: {arn} because no identity-based policy allows the {action} action"
        ));
    }
    found
}
