//! `AWS::SecretsManager::*`

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::kind::{Call, Code, ResourceType, Tag, exists, failed, resource, with};
use crate::services::secretsmanager::{self, Content, PasswordRules, SecretError};

pub(super) struct Secret;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Properties {
    name: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    generate_secret_string: Option<Generate>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Clone, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Generate {
    #[serde(flatten)]
    rules: PasswordRules,
    #[serde(rename = "GenerateStringKey")]
    key: Option<String>,
    #[serde(rename = "SecretStringTemplate")]
    template: Option<String>,
}

fn invalid(message: impl std::fmt::Display) -> Failure {
    failed(Code::InvalidRequest, message)
}

impl Generate {
    /// A password, alone or as one more key of the template.
    fn text(&self) -> Result<String, Failure> {
        let password = self.rules.generate().map_err(invalid)?;
        let (Some(key), Some(template)) = (&self.key, &self.template) else {
            if self.key.is_some() || self.template.is_some() {
                return Err(invalid("GenerateStringKey and SecretStringTemplate go together"));
            }
            return Ok(password);
        };
        let mut document: Value = serde_json::from_str(template).unwrap_or_default();
        let Some(members) = document.as_object_mut() else {
            return Err(invalid("Could not parse SecretStringTemplate JSON."));
        };
        members.insert(key.clone(), password.into());
        Ok(document.to_string())
    }
}

impl Properties {
    fn content(&self) -> Result<Option<Content>, Failure> {
        let text = match (&self.secret_string, &self.generate_secret_string) {
            (Some(_), Some(_)) => {
                return Err(invalid("You can't specify both SecretString and GenerateSecretString"));
            }
            (Some(text), None) => text.clone(),
            (None, Some(generate)) => generate.text()?,
            (None, None) => return Ok(None),
        };
        Ok(Some(Content::Text(text)))
    }

    fn describe(&self, call: &Call<Self>, secret: &mut secretsmanager::Secret) {
        secret.description.clone_from(&self.description);
        secret.kms_key_id.clone_from(&self.kms_key_id);
        secret.tags = call.tags(&self.tags);
    }
}

#[async_trait]
impl ResourceType for Secret {
    const SCHEMA: &'static str = include_str!("schemas/secretsmanager-secret.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let name = call.name(properties.name.as_ref(), 255);
        let describe = |secret: &mut secretsmanager::Secret| properties.describe(&call, secret);
        match call.services.secrets.create(&name, properties.content()?, describe) {
            Ok(secret) => Ok(resource(secret.arn.clone(), [("Id", json!(secret.arn))])),
            Err(SecretError::Exists(_)) => Err(exists("AWS::SecretsManager::Secret", &name)),
            Err(error) => Err(invalid(error)),
        }
    }

    async fn update(
        call: Call<Properties>,
        current: Resource,
        before: Properties,
    ) -> Result<Resource, Failure> {
        let properties = &call.properties;
        // What was generated stays as long as its rules do.
        let same = properties.secret_string == before.secret_string
            && properties.generate_secret_string == before.generate_secret_string;
        let content = if same { None } else { properties.content()? };
        let change = |secret: &mut secretsmanager::Secret| {
            properties.describe(&call, secret);
            match content {
                Some(content) => secret.add_version(None, content, &[]).map(|_| ()),
                None => Ok(()),
            }
        };
        call.services.secrets.change(&current.physical_id, change).map_err(with(Code::NotFound))?;
        Ok(current)
    }

    /// CloudFormation leaves no recovery window, so that a stack can be created again under its name.
    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        match call.services.secrets.delete(&current.physical_id, None) {
            Ok(_) | Err(SecretError::NotFound) => Ok(()),
            Err(error) => Err(invalid(error)),
        }
    }
}
