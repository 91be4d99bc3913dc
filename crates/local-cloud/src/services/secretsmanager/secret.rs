use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{CURRENT, MOST_VERSIONS, PREVIOUS, SecretError};
use crate::services::{RegionContext, ids};
use crate::wire::epoch_millis;

/// The most bytes of a secret's value.
const LARGEST: usize = 65_536;

/// A secret. It has no `Debug`, so that no log shows its content.
#[derive(Clone)]
pub struct Secret {
    pub name: String,
    /// With six random characters at its end.
    pub arn: String,
    pub description: Option<String>,
    pub kms_key_id: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// In the order in which they were made.
    pub versions: Vec<Version>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch.
    pub changed_at: i64,
    /// When it goes for good, in milliseconds since the epoch, once it was deleted.
    pub deletes_at: Option<i64>,
}

/// A version of a secret's content.
#[derive(Clone)]
pub struct Version {
    pub id: String,
    pub content: Content,
    /// `AWSCURRENT`, `AWSPREVIOUS` and labels of the caller's own.
    pub stages: BTreeSet<String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

/// What a version holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    Text(String),
    Binary(Vec<u8>),
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

impl Secret {
    pub(super) fn new(name: &str, context: &RegionContext) -> Self {
        let now = epoch_millis();
        Self {
            name: name.to_owned(),
            arn: context.arn("secretsmanager", &format!("secret:{name}-{}", ids::letters_and_digits(6))),
            description: None,
            kms_key_id: None,
            tags: BTreeMap::new(),
            versions: Vec::new(),
            created_at: now,
            changed_at: now,
            deletes_at: None,
        }
    }

    /// Whether `id` is its name, its ARN, or its ARN without the random end.
    #[must_use]
    pub fn is(&self, id: &str) -> bool {
        let partial = self.arn.rsplit_once('-').map(|(partial, _)| partial);
        id == self.name || id == self.arn || Some(id) == partial
    }

    /// The version with an ID, a label, or both; the current one, where neither is given.
    #[must_use]
    pub fn version(&self, id: Option<&str>, stage: Option<&str>) -> Option<&Version> {
        let stage = match (id, stage) {
            (None, None) => Some(CURRENT),
            (_, stage) => stage,
        };
        self.versions.iter().find(|version| {
            id.is_none_or(|id| version.id == id) && stage.is_none_or(|stage| version.stages.contains(stage))
        })
    }

    /// Adds a version, current unless it gets other labels, and gives its ID. The same request again changes nothing.
    pub fn add_version(
        &mut self,
        token: Option<&str>,
        content: Content,
        stages: &[String],
    ) -> Result<String, SecretError> {
        if content.len() > LARGEST {
            return Err(SecretError::InvalidParameter(format!(
                "The secret value is {} bytes; it must be at most {LARGEST}.",
                content.len()
            )));
        }
        let id = token.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        if let Some(present) = self.versions.iter().find(|version| version.id == id) {
            return if present.content == content { Ok(id) } else { Err(SecretError::Exists(id)) };
        }
        let mut stages: BTreeSet<String> = stages.iter().cloned().collect();
        if stages.is_empty() || self.versions.is_empty() {
            stages.insert(CURRENT.to_owned());
        }
        if stages.contains(CURRENT) {
            for version in &mut self.versions {
                version.stages.remove(PREVIOUS);
                if version.stages.remove(CURRENT) {
                    version.stages.insert(PREVIOUS.to_owned());
                }
            }
        }
        for version in &mut self.versions {
            version.stages.retain(|stage| !stages.contains(stage));
        }
        self.versions.push(Version { id: id.clone(), content, stages, created_at: epoch_millis() });
        while self.versions.len() > MOST_VERSIONS {
            let oldest = self.versions.iter().position(|version| version.stages.is_empty());
            self.versions.remove(oldest.unwrap_or_default());
        }
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret {
            name: "a/b".into(),
            arn: "arn:aws:secretsmanager:us-east-1:000000000000:secret:a/b-abc123".into(),
            description: None,
            kms_key_id: None,
            tags: BTreeMap::new(),
            versions: Vec::new(),
            created_at: 0,
            changed_at: 0,
            deletes_at: None,
        }
    }

    #[test]
    fn labels_move_with_new_versions() {
        let mut secret = secret();
        assert!(secret.version(None, None).is_none());
        let text = |text: &str| Content::Text(text.to_owned());
        for value in ["one", "two", "three"] {
            secret.add_version(None, text(value), &[]).unwrap();
        }
        let content =
            |secret: &Secret, stage| secret.version(None, Some(stage)).map(|version| version.content.clone());
        assert!(content(&secret, CURRENT) == Some(text("three")));
        assert!(content(&secret, PREVIOUS) == Some(text("two")));
        assert!(secret.versions[0].stages.is_empty());
        secret.add_version(Some("token"), text("next"), &["AWSPENDING".to_owned()]).unwrap();
        assert!(content(&secret, CURRENT) == Some(text("three")));
        assert!(content(&secret, "AWSPENDING") == Some(text("next")));
        secret.add_version(Some("token"), text("next"), &[]).unwrap();
        assert_eq!(secret.versions.len(), 4);
        assert!(secret.add_version(Some("token"), text("other"), &[]).is_err());
        assert!(secret.add_version(None, text(&"x".repeat(LARGEST + 1)), &[]).is_err());
    }

    #[test]
    fn names_and_arns_find_a_secret() {
        let secret = secret();
        for id in ["a/b", secret.arn.as_str(), "arn:aws:secretsmanager:us-east-1:000000000000:secret:a/b"] {
            assert!(secret.is(id), "{id}");
        }
        assert!(!secret.is("a"));
    }
}
