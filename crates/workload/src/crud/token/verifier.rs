//! Checking tokens.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use thiserror::Error;

use super::claims::Claims;
use super::{Authority, LEEWAY_SECONDS, Secret, SecretError, hmac};
use crate::crud::{Caller, InvalidSubject};

/// The most bytes of a token. API Gateway and load balancers take headers of some 8 to 16 KB.
const LONGEST: usize = 4096;

/// Why a token is not believed. For the log: the client learns only that it is not.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// There is no `Authorization` header, or none of the form `Bearer <token>`.
    #[error("no bearer token")]
    Missing,
    /// Signature, algorithm, issuer, audience or times are wrong.
    #[error("{reason}")]
    Invalid {
        /// Which of them; nothing of the token itself.
        reason: String,
    },
    /// The subject is unusable.
    #[error(transparent)]
    Subject(#[from] InvalidSubject),
}

/// Knows the tokens of one authority. The key is made once.
pub struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

impl Verifier {
    /// A verifier for the authority and the secret of the environment.
    ///
    /// # Errors
    /// [`SecretError`].
    pub async fn from_env() -> Result<Verifier, SecretError> {
        let authority = Authority::from_env()?;
        Ok(Verifier::new(&authority, &Secret::from_env().await?))
    }

    /// A verifier for tokens of an authority.
    #[must_use]
    pub fn new(authority: &Authority, secret: &Secret) -> Verifier {
        hmac::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_issuer(&[&authority.issuer]);
        validation.set_audience(&[&authority.audience]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        Verifier { key: DecodingKey::from_secret(secret.bytes()), validation }
    }

    /// Who the `Authorization` header speaks for.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn caller(&self, authorization: Option<&str>) -> Result<Caller, TokenError> {
        let (scheme, token) = authorization.unwrap_or_default().split_once(' ').ok_or(TokenError::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return Err(TokenError::Missing);
        }
        if token.len() > LONGEST {
            return Err(TokenError::Invalid { reason: "the token is too long".to_owned() });
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)
            .map_err(|error| TokenError::Invalid { reason: error.to_string() })?;
        Ok(Caller::new(&decoded.claims.sub, &decoded.claims.scope)?)
    }
}

#[cfg(test)]
mod tests;
