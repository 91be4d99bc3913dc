//! `AWS::ECR::*`

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::iam::document;
use super::kind::{Call, Code, ResourceType, Tag, exists, resource, with};
use crate::services::ecr::{EcrError, RepositorySettings};
use crate::services::iam::PolicyKind;

pub(super) struct Repository;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Properties {
    repository_name: Option<String>,
    #[serde(default)]
    empty_on_delete: bool,
    image_tag_mutability: Option<String>,
    image_scanning_configuration: Option<Scanning>,
    lifecycle_policy: Option<LifecyclePolicy>,
    repository_policy_text: Option<Value>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Scanning {
    #[serde(default)]
    scan_on_push: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LifecyclePolicy {
    lifecycle_policy_text: Option<String>,
}

fn settings(call: &Call<Properties>) -> Result<RepositorySettings, Failure> {
    let properties = &call.properties;
    let policy = properties
        .repository_policy_text
        .as_ref()
        .map(|text| Ok(document(text, PolicyKind::Resource)?.value().to_string()))
        .transpose()?;
    Ok(RepositorySettings {
        immutable_tags: properties.image_tag_mutability.as_deref() == Some("IMMUTABLE"),
        scan_on_push: properties
            .image_scanning_configuration
            .as_ref()
            .is_some_and(|scanning| scanning.scan_on_push),
        lifecycle_policy: properties
            .lifecycle_policy
            .as_ref()
            .and_then(|policy| policy.lifecycle_policy_text.clone()),
        repository_policy: policy,
        tags: call.tags(&properties.tags),
    })
}

#[async_trait]
impl ResourceType for Repository {
    const SCHEMA: &'static str = include_str!("schemas/ecr-repository.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        // Names of repositories are lower case.
        let name = call.name(call.properties.repository_name.as_ref(), 256).to_lowercase();
        match call.services.ecr.create_repository(&name, settings(&call)?) {
            Ok(repository) => {
                Ok(resource(name, [("Arn", json!(repository.arn)), ("RepositoryUri", json!(repository.uri))]))
            }
            Err(EcrError::RepositoryExists { .. }) => Err(exists("AWS::ECR::Repository", &name)),
            Err(error) => Err(with(Code::InvalidRequest)(error)),
        }
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let repository = call.services.ecr.repository(&current.physical_id).map_err(with(Code::NotFound))?;
        let changed = settings(&call)?;
        repository.edit_settings(|settings| *settings = changed);
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        match call.services.ecr.delete_repository(&current.physical_id, call.properties.empty_on_delete) {
            Ok(_) | Err(EcrError::NoSuchRepository { .. }) => Ok(()),
            Err(error) => Err(with(Code::GeneralServiceException)(error)),
        }
    }
}
