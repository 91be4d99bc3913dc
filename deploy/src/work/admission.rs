//! Whom a variant lets in, and what requests carry so that it is them.

use http::HeaderValue;
use signed_http::Signer;
use workload::crud::Scope;

use super::{Subject, Surroundings, tokens};
use crate::failure::{Failure, chain};

/// The parameter of a variant that says who may ask it.
pub const AUTH: &str = "Auth";

/// Who may ask a variant, as far as it matters for what a request carries. An address cannot be carried, so a variant that
/// looks at addresses alone lets anyone in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Anyone,
    /// Whoever signs as a principal of the account.
    Signers,
    /// Whoever has a token.
    Bearers,
}

impl Admission {
    /// What a value of [`AUTH`] means.
    pub fn of(mode: Option<&str>) -> Self {
        match mode {
            Some("iam") => Self::Signers,
            Some("authorizer") => Self::Bearers,
            _ => Self::Anyone,
        }
    }

    /// Whom a variant lets in before a change and after it; nobody who signs also brings a token, since both are the one header
    /// `Authorization`.
    pub fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (one, other) if one == other => Some(one),
            (Self::Anyone, one) | (one, Self::Anyone) => Some(one),
            _ => None,
        }
    }
}

/// What a request carries.
#[derive(Clone, Debug)]
pub enum Credentials {
    Signature(Signer),
    /// The header `Authorization`.
    Token(HeaderValue),
}

impl Subject {
    /// Who may ask the variant.
    pub fn admission(&self) -> Admission {
        Admission::of(self.parameters.get(AUTH).map(String::as_str))
    }

    /// The variant, to be asked in the way that it wants.
    pub async fn admitted(self, surroundings: &Surroundings<'_>) -> Result<Self, Failure> {
        let admission = self.admission();
        self.with_credentials(admission, surroundings).await
    }

    /// The variant, to be asked in a way that it takes now and will take when its [`AUTH`] is `mode`, if there is one. Who
    /// wants no credentials lets them in, too.
    pub async fn between(
        self,
        mode: Option<&str>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Option<Self>, Failure> {
        let now = self.admission();
        match now.and(mode.map_or(now, |mode| Admission::of(Some(mode)))) {
            Some(admission) => self.with_credentials(admission, surroundings).await.map(Some),
            None => Ok(None),
        }
    }

    async fn with_credentials(
        mut self,
        admission: Admission,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Failure> {
        self.credentials = match admission {
            Admission::Anyone => None,
            Admission::Signers => {
                let signer = surroundings.target.signed.signer("execute-api").await;
                Some(Credentials::Signature(signer.map_err(|error| {
                    Failure::new(format!("requests to {} cannot be signed: {}", self.variant, chain(&error)))
                })?))
            }
            Admission::Bearers => {
                Some(Credentials::Token(tokens::bearer(surroundings, "caller", Scope::ALL).await?))
            }
        };
        Ok(self)
    }
}

/// The variants, ready to be asked in the way that each wants.
pub async fn admitted(
    subjects: &[Subject],
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Subject>, Failure> {
    let mut admitted = Vec::with_capacity(subjects.len());
    for subject in subjects {
        admitted.push(subject.clone().admitted(surroundings).await?);
    }
    Ok(admitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_one_kind_of_credentials() {
        let modes = [None, Some("none"), Some("resource-policy"), Some("iam"), Some("authorizer")];
        let admissions = modes.map(Admission::of);
        let [_, _, anyone, signers, bearers] = admissions;
        assert_eq!((admissions[0], admissions[1]), (anyone, anyone));
        assert_eq!(anyone.and(signers), Some(signers));
        assert_eq!(bearers.and(anyone), Some(bearers));
        assert_eq!(bearers.and(bearers), Some(bearers));
        assert_eq!(signers.and(bearers), None);
    }
}
