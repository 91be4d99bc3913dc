//! What a token says.

use serde::{Deserialize, Serialize};

/// The claims of a token; times are seconds since 1970.
/// <https://datatracker.ietf.org/doc/html/rfc7519#section-4.1>
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: String,
    pub exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// Names with spaces between them.
    #[serde(default)]
    pub scope: String,
}
