//! Bearer tokens: JSON Web Tokens, signed with HMAC-SHA-256 by a secret that issuer and services share.
//!
//! A token names issuer, audience, subject, expiry and scopes. [`Verifier`] checks all of it, and that the algorithm is this
//! one: a token cannot choose how it is verified. [`Mint`] makes tokens.

mod claims;
mod hmac;
mod mint;
mod secret;
mod verifier;

pub use mint::{Mint, MintError};
pub use secret::{Secret, SecretError};
pub use verifier::{TokenError, Verifier};

/// How far clocks may be apart, in seconds.
pub const LEEWAY_SECONDS: u64 = 5;

/// Who gives tokens, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The `iss` of every token.
    pub issuer: String,
    /// The `aud` of every token.
    pub audience: String,
}

impl Authority {
    /// The one that `TOKEN_ISSUER` and `TOKEN_AUDIENCE` name.
    ///
    /// # Errors
    /// [`crate::ConfigError`] when one of them is missing.
    pub fn from_env() -> Result<Authority, crate::ConfigError> {
        Ok(Authority {
            issuer: required("TOKEN_ISSUER", "who gives the tokens", "https://identity.example.com")?,
            audience: required("TOKEN_AUDIENCE", "the service that the tokens are for", "items")?,
        })
    }
}

fn required(
    name: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Result<String, crate::ConfigError> {
    let value = std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    value.ok_or(crate::ConfigError::Missing { name, meaning, example })
}
