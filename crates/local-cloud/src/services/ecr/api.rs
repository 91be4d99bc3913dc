//! The wire handler of ECR's own API: JSON 1.1.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::repository::OCI_MANIFEST;
use super::{Ecr, EcrError, Manifest, Repository, RepositorySettings};
use crate::Inventory;
use crate::services::Service;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, WireRequest, WireResponse, epoch_millis};

/// How long an authorization token is said to last, in seconds.
const TOKEN_LIFE: i64 = 12 * 60 * 60;

/// ECR on the wire.
pub struct EcrService(pub Arc<Ecr>);

#[async_trait]
impl Service for EcrService {
    fn name(&self) -> &'static str {
        "ecr"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = request.target_operation().unwrap_or_default();
        let result = request.json().and_then(|input| match self.run(operation, &input) {
            Some(result) => result.map_err(ApiError::from),
            None => Err(ApiError::unknown_operation(&request, operation)),
        });
        WireResponse::of_aws_json(&request, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let repositories = self.0.repositories();
        inventory.repositories.extend(repositories.iter().map(|repository| repository.name.clone()));
    }
}

impl EcrService {
    fn run(&self, operation: &str, input: &Value) -> Option<Result<Value, EcrError>> {
        let repository = || self.0.repository(input["repositoryName"].as_str().unwrap_or_default());
        Some(match operation {
            "GetAuthorizationToken" => Ok(self.token()),
            "CreateRepository" => self.create(input),
            "DescribeRepositories" => self.describe(input),
            "DeleteRepository" => {
                let name = input["repositoryName"].as_str().unwrap_or_default();
                let deleted = self.0.delete_repository(name, input["force"] == true);
                deleted.map(|repository| json!({"repository": repository_json(&repository)}))
            }
            "ListImages" => repository().and_then(|repository| list_images(&repository, input)),
            "DescribeImages" => repository().and_then(|repository| describe_images(&repository, input)),
            "BatchGetImage" => repository().map(|repository| batch_get(&repository, input)),
            "BatchDeleteImage" => repository().map(|repository| batch_delete(&repository, input)),
            "PutImage" => repository().and_then(|repository| put_image(&repository, input)),
            "PutImageTagMutability" => repository().map(|repository| {
                let immutable = input["imageTagMutability"] == "IMMUTABLE";
                repository.edit_settings(|settings| settings.immutable_tags = immutable);
                json!({
                    "registryId": repository.registry_id,
                    "repositoryName": repository.name,
                    "imageTagMutability": mutability(immutable),
                })
            }),
            "TagResource" | "UntagResource" | "ListTagsForResource" => self.tags(operation, input),
            _ => return repository_policy_operation(operation, input, repository),
        })
    }

    fn token(&self) -> Value {
        let token = STANDARD.encode(format!("AWS:{}", self.0.password));
        json!({"authorizationData": [{
            "authorizationToken": token,
            "expiresAt": epoch_millis() / 1000 + TOKEN_LIFE,
            "proxyEndpoint": self.0.context.endpoint,
        }]})
    }

    fn create(&self, input: &Value) -> Result<Value, EcrError> {
        let settings = RepositorySettings {
            immutable_tags: input["imageTagMutability"] == "IMMUTABLE",
            scan_on_push: input["imageScanningConfiguration"]["scanOnPush"] == true,
            tags: read_tags(&input["tags"]),
            ..RepositorySettings::default()
        };
        let name = input["repositoryName"].as_str().unwrap_or_default();
        let repository = self.0.create_repository(name, settings)?;
        Ok(json!({"repository": repository_json(&repository)}))
    }

    fn describe(&self, input: &Value) -> Result<Value, EcrError> {
        let repositories = match input["repositoryNames"].as_array().filter(|names| !names.is_empty()) {
            Some(names) => {
                let names = names.iter().map(|name| name.as_str().unwrap_or_default());
                names.map(|name| self.0.repository(name)).collect::<Result<Vec<_>, _>>()?
            }
            None => self.0.repositories(),
        };
        let described = repositories.iter().map(|repository| repository_json(repository)).collect();
        paged(input, "repositories", described)
    }

    fn tags(&self, operation: &str, input: &Value) -> Result<Value, EcrError> {
        let arn = input["resourceArn"].as_str().unwrap_or_default();
        let name = arn.split_once(":repository/").map_or(arn, |(_, name)| name);
        let repository = self.0.repository(name)?;
        match operation {
            "TagResource" => {
                repository.edit_settings(|settings| settings.tags.extend(read_tags(&input["tags"])));
                Ok(json!({}))
            }
            "UntagResource" => {
                let keys: Vec<&str> =
                    input["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                repository
                    .edit_settings(|settings| settings.tags.retain(|key, _| !keys.contains(&key.as_str())));
                Ok(json!({}))
            }
            _ => {
                let tags = repository.settings().tags;
                let tags: Vec<Value> =
                    tags.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                Ok(json!({"tags": tags}))
            }
        }
    }
}

/// Lifecycle and repository policies.
fn repository_policy_operation(
    operation: &str,
    input: &Value,
    repository: impl Fn() -> Result<Arc<Repository>, EcrError>,
) -> Option<Result<Value, EcrError>> {
    let (put, lifecycle) = match operation {
        "PutLifecyclePolicy" => (Some("lifecyclePolicyText"), true),
        "GetLifecyclePolicy" => (None, true),
        "SetRepositoryPolicy" => (Some("policyText"), false),
        "GetRepositoryPolicy" => (None, false),
        _ => return None,
    };
    Some(repository().and_then(|repository| {
        if let Some(member) = put {
            let text = input[member].as_str().unwrap_or_default().to_owned();
            if serde_json::from_str::<Value>(&text).is_err() {
                let message = format!(
                    "Invalid parameter at '{member}' failed to satisfy constraint: 'must be valid JSON'"
                );
                return Err(EcrError::InvalidParameter { message });
            }
            repository.edit_settings(|settings| {
                let place =
                    if lifecycle { &mut settings.lifecycle_policy } else { &mut settings.repository_policy };
                *place = Some(text);
            });
        }
        let settings = repository.settings();
        let (name, registry) = (repository.name.clone(), repository.registry_id.clone());
        let (member, text) = if lifecycle {
            let missing = || EcrError::NoLifecyclePolicy { name: name.clone(), registry: registry.clone() };
            ("lifecyclePolicyText", settings.lifecycle_policy.ok_or_else(missing)?)
        } else {
            let missing = || EcrError::NoRepositoryPolicy { name: name.clone(), registry: registry.clone() };
            ("policyText", settings.repository_policy.ok_or_else(missing)?)
        };
        Ok(json!({"registryId": registry, "repositoryName": name, member: text}))
    }))
}

fn read_tags(tags: &Value) -> BTreeMap<String, String> {
    let pair = |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    tags.as_array().into_iter().flatten().filter_map(pair).collect()
}

fn mutability(immutable: bool) -> &'static str {
    if immutable { "IMMUTABLE" } else { "MUTABLE" }
}

fn repository_json(repository: &Repository) -> Value {
    let settings = repository.settings();
    json!({
        "repositoryArn": repository.arn,
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "repositoryUri": repository.uri,
        "createdAt": repository.created_at / 1000,
        "imageTagMutability": mutability(settings.immutable_tags),
        "imageScanningConfiguration": {"scanOnPush": settings.scan_on_push},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    })
}

/// The tag or the digest in an image identifier; the digest counts where both are given.
fn reference(id: &Value) -> &str {
    id["imageDigest"].as_str().or_else(|| id["imageTag"].as_str()).unwrap_or_default()
}

fn wanted(input: &Value) -> impl Iterator<Item = &Value> {
    input["imageIds"].as_array().into_iter().flatten()
}

fn list_images(repository: &Repository, input: &Value) -> Result<Value, EcrError> {
    let status = input["filter"]["tagStatus"].as_str().unwrap_or("ANY");
    let mut ids = Vec::new();
    for (manifest, tags) in repository.images() {
        if tags.is_empty() && status != "TAGGED" {
            ids.push(json!({"imageDigest": manifest.digest}));
        }
        if status != "UNTAGGED" {
            let tagged = tags.iter().map(|tag| json!({"imageDigest": manifest.digest, "imageTag": tag}));
            ids.extend(tagged);
        }
    }
    paged(input, "imageIds", ids)
}

/// A page of a list; entries are told from each other by all that they say.
fn paged(input: &Value, member: &str, entries: Vec<Value>) -> Result<Value, EcrError> {
    let keyed = entries.into_iter().map(|entry| (entry.to_string(), entry)).collect();
    let page = PageRequest::of_json(input, "nextToken", "maxResults")
        .of(keyed, |(key, _)| key, 100, 1000)
        .map_err(|error| EcrError::InvalidParameter { message: error.to_string() })?;
    let mut answer = json!({member: page.items.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>()});
    if let Some(token) = page.next {
        answer["nextToken"] = token.into();
    }
    Ok(answer)
}

fn describe_images(repository: &Repository, input: &Value) -> Result<Value, EcrError> {
    let wanted = wanted(input).map(|id| Ok(repository.manifest(reference(id))?.digest.clone()));
    let wanted: Vec<String> = wanted.collect::<Result<_, EcrError>>()?;
    let images = repository.images();
    let chosen = images.iter().filter(|(manifest, _)| wanted.is_empty() || wanted.contains(&manifest.digest));
    let details: Vec<Value> = chosen
        .map(|(manifest, tags)| {
            let mut detail = json!({
                "registryId": repository.registry_id,
                "repositoryName": repository.name,
                "imageDigest": manifest.digest,
                "imageSizeInBytes": manifest.image_size,
                "imagePushedAt": manifest.pushed_at / 1000,
                "imageManifestMediaType": manifest.media_type,
            });
            if !tags.is_empty() {
                detail["imageTags"] = json!(tags);
            }
            detail
        })
        .collect();
    paged(input, "imageDetails", details)
}

fn image_json(repository: &Repository, manifest: &Manifest, tag: Option<&str>) -> Value {
    let mut id = json!({"imageDigest": manifest.digest});
    if let Some(tag) = tag {
        id["imageTag"] = json!(tag);
    }
    json!({
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": id,
        "imageManifest": String::from_utf8_lossy(&manifest.bytes),
        "imageManifestMediaType": manifest.media_type,
    })
}

fn not_found(id: &Value) -> Value {
    json!({
        "imageId": id,
        "failureCode": "ImageNotFound",
        "failureReason": "Requested image not found",
    })
}

fn batch_get(repository: &Repository, input: &Value) -> Value {
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in wanted(input) {
        match repository.manifest(reference(id)) {
            Ok(manifest) => images.push(image_json(repository, &manifest, id["imageTag"].as_str())),
            Err(_) => failures.push(not_found(id)),
        }
    }
    json!({"images": images, "failures": failures})
}

fn batch_delete(repository: &Repository, input: &Value) -> Value {
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for id in wanted(input) {
        match repository.delete_image(reference(id)) {
            Ok((digest, tags)) if tags.is_empty() => deleted.push(json!({"imageDigest": digest})),
            Ok((digest, tags)) => {
                deleted.extend(tags.iter().map(|tag| json!({"imageDigest": digest, "imageTag": tag})));
            }
            Err(_) => failures.push(not_found(id)),
        }
    }
    json!({"imageIds": deleted, "failures": failures})
}

fn put_image(repository: &Repository, input: &Value) -> Result<Value, EcrError> {
    let text = input["imageManifest"].as_str().unwrap_or_default().to_owned();
    let media_type = input["imageManifestMediaType"].as_str().unwrap_or(OCI_MANIFEST);
    let digest = format!("sha256:{}", hex::encode(<sha2::Sha256 as sha2::Digest>::digest(text.as_bytes())));
    let tag = input["imageTag"].as_str();
    let reference = tag.unwrap_or(&digest).to_owned();
    if repository.manifest(&reference).is_ok_and(|present| present.digest == digest) {
        let (tag, name) = (tag.unwrap_or_default().to_owned(), repository.name.clone());
        return Err(EcrError::ImageExists { digest, tag, name });
    }
    let manifest = repository.put_manifest(&reference, media_type, Bytes::from(text))?;
    Ok(json!({"image": image_json(repository, &manifest, tag)}))
}
