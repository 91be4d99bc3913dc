//! Making tokens.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use thiserror::Error;

use super::claims::Claims;
use super::{Authority, Secret, hmac};
use crate::crud::Caller;

/// Signs tokens of one authority.
pub struct Mint {
    authority: Authority,
    key: EncodingKey,
}

/// A token that cannot be made.
#[derive(Debug, Error)]
pub enum MintError {
    /// The expiry is beyond what a clock can show.
    #[error("a token cannot be valid for {seconds} s: say at most some years")]
    TooLong {
        /// The wanted life.
        seconds: u64,
    },
    /// The library refused.
    #[error("the token cannot be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

impl Mint {
    /// A mint with a secret.
    #[must_use]
    pub fn new(authority: Authority, secret: &Secret) -> Mint {
        hmac::install();
        Mint { authority, key: EncodingKey::from_secret(secret.bytes()) }
    }

    /// A token that is valid from `from` on for `life`.
    ///
    /// # Errors
    /// [`MintError`].
    pub fn token(&self, caller: &Caller, from: SystemTime, life: Duration) -> Result<String, MintError> {
        // A time before 1970 is as long past as 1970.
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let until = from.checked_add(life).ok_or(MintError::TooLong { seconds: life.as_secs() })?;
        let claims = Claims {
            iss: self.authority.issuer.clone(),
            aud: self.authority.audience.clone(),
            sub: caller.subject().to_owned(),
            exp: seconds(until),
            nbf: Some(seconds(from)),
            iat: Some(seconds(from)),
            scope: caller.scopes(),
        };
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.key)?)
    }
}
