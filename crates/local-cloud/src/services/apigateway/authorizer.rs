use std::time::Duration;

use data_plane::rest_api::{self, AuthorizerKind};
use serde::{Deserialize, Serialize};

use super::{Api, ApiGatewayError};
use crate::services::ids;

/// How long a decision is kept where the template does not say.
const DEFAULT_TTL: u64 = 300;

/// A Lambda authorizer in the words of CloudFormation.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-authorizer.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuthorizerProperties {
    pub rest_api_id: String,
    pub name: String,
    /// `TOKEN` or `REQUEST`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// What describes it in exported definitions; nothing is decided by it.
    pub auth_type: Option<String>,
    pub authorizer_uri: Option<String>,
    pub authorizer_credentials: Option<String>,
    /// Seconds, 0 to 3600; 300 unless given.
    pub authorizer_result_ttl_in_seconds: Option<u64>,
    /// One mapping expression for `TOKEN`, several with commas for `REQUEST`.
    pub identity_source: Option<String>,
    pub identity_validation_expression: Option<String>,
}

impl AuthorizerProperties {
    /// How long a decision is kept, in seconds.
    #[must_use]
    pub fn ttl(&self) -> u64 {
        self.authorizer_result_ttl_in_seconds.unwrap_or(DEFAULT_TTL)
    }

    fn sources(&self) -> Vec<String> {
        let given = self.identity_source.as_deref().unwrap_or_default();
        given.split(',').map(str::trim).filter(|source| !source.is_empty()).map(str::to_owned).collect()
    }

    /// The data plane's authorizer.
    pub(super) fn compile(&self) -> Result<rest_api::Authorizer, ApiGatewayError> {
        let bad = |message: &str| Err(ApiGatewayError::BadRequest(message.to_owned()));
        let kind = if self.kind == "TOKEN" { AuthorizerKind::Token } else { AuthorizerKind::Request };
        let sources = self.sources();
        match kind {
            AuthorizerKind::Token if sources.len() != 1 => {
                return bad(
                    "Invalid Identity Source specified. A TOKEN authorizer has exactly one, such as method.request.header.Authorization",
                );
            }
            AuthorizerKind::Request if sources.is_empty() && self.ttl() > 0 => {
                return bad(
                    "Identity source must be specified for a REQUEST authorizer whose results are cached",
                );
            }
            AuthorizerKind::Request if self.identity_validation_expression.is_some() => {
                return bad("Identity validation expression is only supported for TOKEN authorizers");
            }
            _ => {}
        }
        let Some(uri) = self.authorizer_uri.clone() else {
            return bad("Authorizer URI must be specified for TOKEN and REQUEST authorizers");
        };
        Ok(rest_api::Authorizer {
            name: self.name.clone(),
            kind,
            uri,
            credentials: self.authorizer_credentials.clone(),
            identity_sources: sources,
            identity_validation: self.identity_validation_expression.clone(),
            result_ttl: Duration::from_secs(self.ttl()),
        })
    }
}

impl Api {
    /// Adds an authorizer and gives its ID.
    ///
    /// # Errors
    /// Another one has its name, or what it says does not go together.
    pub fn add_authorizer(&mut self, authorizer: AuthorizerProperties) -> Result<String, ApiGatewayError> {
        self.check_authorizer(&authorizer, None)?;
        let id = ids::letters_and_digits(6);
        self.authorizers.insert(id.clone(), authorizer);
        Ok(id)
    }

    /// Replaces an authorizer; deployments keep what they have.
    ///
    /// # Errors
    /// As for [`Api::add_authorizer`].
    pub fn update_authorizer(
        &mut self,
        id: &str,
        authorizer: AuthorizerProperties,
    ) -> Result<(), ApiGatewayError> {
        self.check_authorizer(&authorizer, Some(id))?;
        self.authorizers.insert(id.to_owned(), authorizer);
        Ok(())
    }

    /// Deletes an authorizer; one that is gone already is a success.
    ///
    /// # Errors
    /// A method uses it.
    pub fn remove_authorizer(&mut self, id: &str) -> Result<(), ApiGatewayError> {
        let mut methods = self.resources.values().flat_map(|resource| resource.methods.values());
        if methods.any(|method| method.authorizer_id.as_deref() == Some(id)) {
            let message = format!("Cannot delete authorizer {id}, methods reference it");
            return Err(ApiGatewayError::Conflict(message));
        }
        self.authorizers.remove(id);
        Ok(())
    }

    fn check_authorizer(&self, new: &AuthorizerProperties, own: Option<&str>) -> Result<(), ApiGatewayError> {
        let mut others = self.authorizers.iter().filter(|(id, _)| Some(id.as_str()) != own);
        if others.any(|(_, other)| other.name == new.name) {
            return Err(ApiGatewayError::Conflict(format!(
                "Authorizer name must be unique. Authorizer {} already exists in this RestApi.",
                new.name
            )));
        }
        rest_api::check_authorizer(&new.compile()?).map_err(ApiGatewayError::BadRequest)
    }
}
