//! The secret that tokens are signed with.

use std::fmt;
use std::time::Duration;

use serde_json::json;
use signed_http::{Client, JsonVersion, SignedHttpError};
use thiserror::Error;

use crate::{ConfigError, aws};

/// An HMAC key shorter than the hash weakens it.
/// <https://datatracker.ietf.org/doc/html/rfc7518#section-3.2>
const FEWEST_BYTES: usize = 32;
/// A function has 10 s to initialise.
const PATIENCE: Duration = Duration::from_secs(8);

/// The secret. It never appears in logs or messages.
#[derive(Clone)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secret cannot be had.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The environment does not say where it is.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Secrets Manager refused or could not be reached.
    #[error("the secret {arn} cannot be read: {source}")]
    Unreadable {
        /// The secret.
        arn: String,
        /// What went wrong.
        source: Box<SignedHttpError>,
    },
    /// Secrets Manager took too long.
    #[error("the secret {arn} could not be read within {} s", PATIENCE.as_secs())]
    TimedOut {
        /// The secret.
        arn: String,
    },
    /// The secret has no text.
    #[error("the secret {arn} has no SecretString: put a text of at least 32 bytes there")]
    Empty {
        /// The secret.
        arn: String,
    },
    /// The secret is too short to sign with.
    #[error(
        "the secret has {bytes} bytes: HS256 wants at least 32, for example of `openssl rand -base64 48`"
    )]
    TooShort {
        /// How long it is.
        bytes: usize,
    },
}

impl Secret {
    /// A secret.
    ///
    /// # Errors
    /// [`SecretError::TooShort`].
    pub fn new(text: String) -> Result<Secret, SecretError> {
        if text.len() < FEWEST_BYTES {
            return Err(SecretError::TooShort { bytes: text.len() });
        }
        Ok(Secret(text))
    }

    /// `TOKEN_SECRET`, as ECS resolves it before a task starts, or else what Secrets Manager has under `TOKEN_SECRET_ARN`.
    ///
    /// # Errors
    /// [`SecretError`].
    pub async fn from_env() -> Result<Secret, SecretError> {
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
        if let Some(text) = variable("TOKEN_SECRET") {
            return Secret::new(text);
        }
        let arn = variable("TOKEN_SECRET_ARN").ok_or(ConfigError::Missing {
            name: "TOKEN_SECRET_ARN",
            meaning: "the ARN of the secret that tokens are signed with (or set TOKEN_SECRET to the secret itself)",
            example: "arn:aws:secretsmanager:us-east-1:123456789012:secret:tokens-a1b2c3",
        })?;
        Secret::read(&Client::new(&aws::loader().load().await), &arn).await
    }

    /// Reads a secret from Secrets Manager.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
    ///
    /// # Errors
    /// [`SecretError`].
    pub async fn read(client: &Client, arn: &str) -> Result<Secret, SecretError> {
        let call = client.json(
            "secretsmanager",
            "secretsmanager.GetSecretValue",
            JsonVersion::V1_1,
            json!({ "SecretId": arn }),
        );
        let arn = arn.to_owned();
        match tokio::time::timeout(PATIENCE, call).await {
            Err(_) => Err(SecretError::TimedOut { arn }),
            Ok(Err(source)) => Err(SecretError::Unreadable { arn, source: source.into() }),
            Ok(Ok(answer)) => match answer["SecretString"].as_str() {
                Some(text) => Secret::new(text.to_owned()),
                None => Err(SecretError::Empty { arn }),
            },
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_does_not_show() {
        assert!(matches!(Secret::new("x".repeat(31)), Err(SecretError::TooShort { bytes: 31 })));
        let secret = Secret::new("topsecret".repeat(4)).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
