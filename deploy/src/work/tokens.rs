//! Bearer tokens for what is deployed.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use workload::crud::token::{Authority, Mint, Secret};
use workload::crud::{Caller, Scope};

use super::Surroundings;
use crate::failure::{Failure, chain};

/// Outputs of foundation stacks.
const SECRET: &str = "TokenSecretArn";
const ISSUER: &str = "TokenIssuer";
const AUDIENCE: &str = "TokenAudience";
/// How long a token is valid that goes with a measurement.
const MEASUREMENT: Duration = Duration::from_hours(12);

/// Who gives the tokens of what is deployed, and the secret that they are signed with.
pub async fn identity(surroundings: &Surroundings<'_>) -> Result<(Authority, Secret), Failure> {
    let output = |name| surroundings.output(name, "no token can be made");
    let authority = Authority { issuer: output(ISSUER)?.to_owned(), audience: output(AUDIENCE)?.to_owned() };
    let secret = Secret::read(&surroundings.target.signed, output(SECRET)?).await;
    Ok((authority, secret.map_err(|error| Failure::new(chain(&error)))?))
}

/// The header `Authorization` with a token that outlives any measurement.
pub async fn bearer(
    surroundings: &Surroundings<'_>,
    subject: &str,
    scopes: &[Scope],
) -> Result<HeaderValue, Failure> {
    let (authority, secret) = identity(surroundings).await?;
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    let caller = Caller::new(subject, &scopes.join(" ")).map_err(|error| Failure::of(&error))?;
    let token = Mint::new(authority, &secret)
        .token(&caller, SystemTime::now(), MEASUREMENT)
        .map_err(|error| Failure::of(&error))?;
    secret_header(&format!("Bearer {token}"))
}

/// A header that is not shown when it is printed.
pub fn secret_header(value: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| Failure::unexpected("a token has characters that no header can have"))?;
    value.set_sensitive(true);
    Ok(value)
}
