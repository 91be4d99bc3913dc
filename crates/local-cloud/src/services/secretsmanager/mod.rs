//! Secrets Manager: secrets with their versions.
//!
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html>

mod password;
mod secret;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use password::{PasswordError, PasswordRules};
pub use secret::{Content, Secret, Version};
pub use wire::SecretsManagerService;

use super::RegionContext;
use crate::wire::{ApiError, epoch_millis};

/// The label of the version that is in use.
pub const CURRENT: &str = "AWSCURRENT";
/// The label of the version before it.
pub const PREVIOUS: &str = "AWSPREVIOUS";
/// A day in milliseconds.
const DAY: i64 = 86_400_000;
/// A secret has a hundred versions at most; those without label go first.
const MOST_VERSIONS: usize = 100;

/// Secrets of one region, by name.
pub struct SecretsManager {
    context: Arc<RegionContext>,
    secrets: Mutex<BTreeMap<String, Secret>>,
}

/// Why Secrets Manager refuses, in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("Secrets Manager can't find the specified secret.")]
    NotFound,
    #[error("Secrets Manager can't find the specified secret value for {0}")]
    NoVersion(String),
    #[error("The operation failed because the secret {0} already exists.")]
    Exists(String),
    #[error("You can't perform this operation on the secret because it was marked for deletion.")]
    Deleted,
    #[error("{0}")]
    InvalidParameter(String),
}

impl From<SecretError> for ApiError {
    fn from(error: SecretError) -> Self {
        let code = match &error {
            SecretError::NotFound | SecretError::NoVersion(_) => "ResourceNotFoundException",
            SecretError::Exists(_) => "ResourceExistsException",
            SecretError::Deleted => "InvalidRequestException",
            SecretError::InvalidParameter(_) => "InvalidParameterException",
        };
        Self::sender(code, error.to_string())
    }
}

impl SecretsManager {
    pub(crate) fn new(context: Arc<RegionContext>) -> Self {
        Self { context, secrets: Mutex::default() }
    }

    fn secrets(&self) -> MutexGuard<'_, BTreeMap<String, Secret>> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = epoch_millis();
        secrets.retain(|_, secret| secret.deletes_at.is_none_or(|at| at > now));
        secrets
    }

    /// Adds a secret, with a first version where `content` is given. `describe` fills in the rest.
    ///
    /// # Errors
    /// The name is taken or cannot be one.
    pub fn create(
        &self,
        name: &str,
        content: Option<Content>,
        describe: impl FnOnce(&mut Secret),
    ) -> Result<Secret, SecretError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
        if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
            return Err(SecretError::InvalidParameter(
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!".into(),
            ));
        }
        let mut secrets = self.secrets();
        match secrets.get(name) {
            Some(secret) if secret.deletes_at.is_some() => {
                return Err(SecretError::InvalidParameter(
                    "You can't create this secret because a secret with this name is already scheduled for deletion.".into(),
                ));
            }
            Some(_) => return Err(SecretError::Exists(name.to_owned())),
            None => {}
        }
        let mut secret = Secret::new(name, &self.context);
        describe(&mut secret);
        if let Some(content) = content {
            secret.add_version(None, content, &[])?;
        }
        secrets.insert(name.to_owned(), secret.clone());
        Ok(secret)
    }

    /// A secret by name or ARN, deleted ones too.
    ///
    /// # Errors
    /// There is none.
    pub fn secret(&self, id: &str) -> Result<Secret, SecretError> {
        self.secrets().values().find(|secret| secret.is(id)).cloned().ok_or(SecretError::NotFound)
    }

    /// All secrets, deleted ones that can still be restored too.
    #[must_use]
    pub fn all(&self) -> Vec<Secret> {
        self.secrets().values().cloned().collect()
    }

    /// Changes a secret that is not deleted.
    ///
    /// # Errors
    /// There is none, or it waits for its deletion, or `change` refuses.
    pub fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Secret) -> Result<T, SecretError>,
    ) -> Result<T, SecretError> {
        let mut secrets = self.secrets();
        let secret = secrets.values_mut().find(|secret| secret.is(id)).ok_or(SecretError::NotFound)?;
        if secret.deletes_at.is_some() {
            return Err(SecretError::Deleted);
        }
        secret.changed_at = epoch_millis();
        change(secret)
    }

    /// The version with a label or an ID; the current one, where neither is given.
    ///
    /// # Errors
    /// There is no such secret or version, or the secret waits for its deletion.
    pub fn version(
        &self,
        id: &str,
        version: Option<&str>,
        stage: Option<&str>,
    ) -> Result<(Secret, Version), SecretError> {
        let secret = self.secret(id)?;
        if secret.deletes_at.is_some() {
            return Err(SecretError::Deleted);
        }
        let found = secret.version(version, stage).cloned();
        let wanted = || match (version, stage) {
            (Some(version), _) => format!("VersionId: {version}"),
            (None, stage) => format!("staging label: {}", stage.unwrap_or(CURRENT)),
        };
        let found = found.ok_or_else(|| SecretError::NoVersion(wanted()))?;
        Ok((secret, found))
    }

    /// The text that a reference names: a secret's string, or the value of a key in it where `key` is given.
    ///
    /// # Errors
    /// What is missing.
    pub fn text(&self, reference: &SecretReference<'_>) -> Result<String, String> {
        let (secret, version) = self
            .version(reference.id, reference.version, reference.stage)
            .map_err(|error| format!("{}: {error}", reference.id))?;
        let Content::Text(text) = version.content else {
            return Err(format!("{}: the secret is binary", secret.name));
        };
        let Some(key) = reference.key else { return Ok(text) };
        let document: serde_json::Value =
            serde_json::from_str(&text).map_err(|_| format!("{}: the secret is not JSON", secret.name))?;
        match &document[key] {
            serde_json::Value::String(value) => Ok(value.clone()),
            serde_json::Value::Null => Err(format!("{}: the secret has no key {key}", secret.name)),
            other => Ok(other.to_string()),
        }
    }

    /// Deletes a secret at once (`None`) or after some days, and says when.
    ///
    /// # Errors
    /// There is none, or it waits already, or the days are not 7 to 30.
    pub fn delete(&self, id: &str, window_days: Option<i64>) -> Result<(Secret, i64), SecretError> {
        let mut secrets = self.secrets();
        let name = secrets.values().find(|secret| secret.is(id)).map(|secret| secret.name.clone());
        let name = name.ok_or(SecretError::NotFound)?;
        let now = epoch_millis();
        let Some(days) = window_days else {
            return secrets.remove(&name).map(|secret| (secret, now)).ok_or(SecretError::NotFound);
        };
        if !(7..=30).contains(&days) {
            return Err(SecretError::InvalidParameter(
                "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).".into(),
            ));
        }
        let secret = secrets.get_mut(&name).ok_or(SecretError::NotFound)?;
        if secret.deletes_at.is_some() {
            return Err(SecretError::Deleted);
        }
        let at = now + days * DAY;
        (secret.deletes_at, secret.changed_at) = (Some(at), now);
        Ok((secret.clone(), at))
    }

    /// Takes a deletion that waits back.
    ///
    /// # Errors
    /// There is no such secret.
    pub fn restore(&self, id: &str) -> Result<Secret, SecretError> {
        let mut secrets = self.secrets();
        let secret = secrets.values_mut().find(|secret| secret.is(id)).ok_or(SecretError::NotFound)?;
        secret.deletes_at = None;
        Ok(secret.clone())
    }
}

/// Names a secret's text, as task definitions and dynamic references do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretReference<'a> {
    /// Name or ARN.
    pub id: &'a str,
    pub key: Option<&'a str>,
    pub stage: Option<&'a str>,
    pub version: Option<&'a str>,
}

impl<'a> SecretReference<'a> {
    /// Reads `arn:aws:secretsmanager:region:account:secret:name[:key[:stage[:version]]]`, or the same with a plain name.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let colons = if text.starts_with("arn:") { 6 } else { 0 };
        let end = text.match_indices(':').nth(colons).map_or(text.len(), |(at, _)| at);
        let mut rest = text[end..].split(':').skip(1).map(|part| Some(part).filter(|part| !part.is_empty()));
        let mut next = || rest.next().flatten();
        Self { id: &text[..end], key: next(), stage: next(), version: next() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_keys_and_versions() {
        let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:a/b-x1y2z3";
        let plain = SecretReference { id: arn, key: None, stage: None, version: None };
        assert_eq!(SecretReference::parse(arn), plain);
        assert_eq!(SecretReference::parse(&format!("{arn}:::")), plain);
        let keyed = format!("{arn}:password:AWSPREVIOUS:");
        let keyed = SecretReference::parse(&keyed);
        assert_eq!((keyed.id, keyed.key, keyed.stage), (arn, Some("password"), Some("AWSPREVIOUS")));
        assert_eq!(SecretReference::parse("name:key").key, Some("key"));
    }
}
