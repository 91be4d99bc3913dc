//! Tokens, right and wrong.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use thiserror::Error;

use crate::crud::token::{Authority, Mint, MintError, Secret, SecretError};
use crate::crud::{Caller, InvalidSubject, Scope};

/// How long a conversation may take.
const LIFE: Duration = Duration::from_mins(15);
/// Far beyond any leeway.
const LONG: Duration = Duration::from_hours(24);
/// No service knows it.
const FOREIGN: &str = "a secret that belongs to somebody else entirely";

/// Two subjects of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Owns the items.
    Owner,
    /// Has none.
    Stranger,
}

/// What stands in `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// No header.
    None,
    /// The header as it is.
    Raw(&'static str),
    /// A valid token with these scopes.
    Valid(Who, &'static [Scope]),
    /// Expired a day ago.
    Expired,
    /// Not valid before tomorrow.
    Early,
    /// Signed with another secret.
    ForeignSecret,
    /// Of another issuer.
    ForeignIssuer,
    /// For another audience.
    ForeignAudience,
    /// A valid token's claims under a header with this algorithm, and no signature.
    Unsigned(&'static str),
    /// A valid token's claims and signature under a header with this algorithm.
    Relabelled(&'static str),
    /// The claims of a token with all scopes, with the signature of one with none.
    Promoted,
    /// A valid token with a character more.
    Longer,
}

/// A token that cannot be made.
#[derive(Debug, Error)]
pub enum BearerError {
    /// The conversation's name is not fit for a subject.
    #[error(transparent)]
    Subject(#[from] InvalidSubject),
    /// A secret is not fit for signing.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The token was not signed.
    #[error(transparent)]
    Mint(#[from] MintError),
}

/// Makes the tokens of one conversation.
pub struct Tokens {
    authority: Authority,
    secret: Secret,
    mint: Mint,
    conversation: String,
}

impl Tokens {
    /// Tokens of an authority. The conversation becomes part of the subjects, so that no two share items.
    #[must_use]
    pub fn new(authority: Authority, secret: &Secret, conversation: &str) -> Tokens {
        let mint = Mint::new(authority.clone(), secret);
        Tokens { authority, secret: secret.clone(), mint, conversation: conversation.to_owned() }
    }

    /// The header's value.
    ///
    /// # Errors
    /// [`BearerError`].
    pub fn header(&self, bearer: &Bearer) -> Result<Option<String>, BearerError> {
        let now = SystemTime::now();
        let all = || self.caller(Who::Owner, Scope::ALL);
        let token = match bearer {
            Bearer::None => return Ok(None),
            Bearer::Raw(text) => return Ok(Some((*text).to_owned())),
            Bearer::Valid(who, scopes) => self.mint.token(&self.caller(*who, scopes)?, now, LIFE)?,
            Bearer::Expired => self.mint.token(&all()?, now - LONG - LIFE, LIFE)?,
            Bearer::Early => self.mint.token(&all()?, now + LONG, LIFE)?,
            Bearer::ForeignSecret => {
                let secret = Secret::new(FOREIGN.to_owned())?;
                Mint::new(self.authority.clone(), &secret).token(&all()?, now, LIFE)?
            }
            Bearer::ForeignIssuer => self.foreign("https://other.example.com", &self.authority.audience)?,
            Bearer::ForeignAudience => self.foreign(&self.authority.issuer, "others")?,
            Bearer::Unsigned(algorithm) => {
                let [_, claims, _] = parts(&self.mint.token(&all()?, now, LIFE)?);
                format!("{}.{claims}.", head(algorithm))
            }
            Bearer::Relabelled(algorithm) => {
                let [_, claims, signature] = parts(&self.mint.token(&all()?, now, LIFE)?);
                format!("{}.{claims}.{signature}", head(algorithm))
            }
            Bearer::Promoted => {
                let [head, claims, _] = parts(&self.mint.token(&all()?, now, LIFE)?);
                let [_, _, signature] = parts(&self.mint.token(&self.caller(Who::Owner, &[])?, now, LIFE)?);
                format!("{head}.{claims}.{signature}")
            }
            Bearer::Longer => format!("{}A", self.mint.token(&all()?, now, LIFE)?),
        };
        Ok(Some(format!("Bearer {token}")))
    }

    fn caller(&self, who: Who, scopes: &[Scope]) -> Result<Caller, BearerError> {
        let who = match who {
            Who::Owner => "owner",
            Who::Stranger => "stranger",
        };
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
        Ok(Caller::new(&format!("{who}-{}", self.conversation), &scopes.join(" "))?)
    }

    fn foreign(&self, issuer: &str, audience: &str) -> Result<String, BearerError> {
        let authority = Authority { issuer: issuer.to_owned(), audience: audience.to_owned() };
        let caller = self.caller(Who::Owner, Scope::ALL)?;
        Ok(Mint::new(authority, &self.secret).token(&caller, SystemTime::now(), LIFE)?)
    }
}

fn head(algorithm: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{{\"typ\":\"JWT\",\"alg\":\"{algorithm}\"}}"))
}

/// Head, claims and signature of a token that was just made.
fn parts(token: &str) -> [String; 3] {
    let mut parts = token.split('.').map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}
