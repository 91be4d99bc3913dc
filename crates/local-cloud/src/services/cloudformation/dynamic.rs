//! Dynamic references: `{{resolve:ssm:name:version}}` and `{{resolve:secretsmanager:id:SecretString:key:stage:version}}`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>

use crate::services::secretsmanager::{SecretReference, SecretsManager};
use crate::services::ssm::Ssm;

/// The text that a reference, without its braces, stands for.
pub(super) fn resolve(secrets: &SecretsManager, parameters: &Ssm, reference: &str) -> Result<String, String> {
    let invalid = || format!("Invalid dynamic reference {{{{{reference}}}}}");
    let (service, key) =
        reference.strip_prefix("resolve:").and_then(|rest| rest.split_once(':')).ok_or_else(invalid)?;
    match service {
        "ssm" => match parameters.parameter(key) {
            Ok(parameter) => Ok(parameter.value().to_owned()),
            Err(error) => Err(format!(
                "Unable to fetch parameters [{key}] from parameter store for this account. {error}"
            )),
        },
        "secretsmanager" => {
            let (id, rest) = key.split_once(":SecretString").unwrap_or((key, ""));
            let parts = rest.trim_start_matches(':').split(':');
            let mut parts = parts.map(|part| Some(part).filter(|part| !part.is_empty()));
            let mut next = || parts.next().flatten();
            let wanted = SecretReference { id, key: next(), stage: next(), version: next() };
            secrets.text(&wanted).map_err(|error| format!("Could not resolve {{{{{reference}}}}}: {error}"))
        }
        _ => Err(format!(
            "Dynamic references to {service} are not offered by this cloud: ssm and secretsmanager are"
        )),
    }
}
