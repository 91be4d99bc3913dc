//! `AWS::S3::*`

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::iam::document;
use super::kind::{Call, Code, ResourceType, Tag, exists, resource, with};
use crate::services::iam::PolicyKind;
use crate::services::s3::{Bucket as Stored, S3Error, Versioning};

pub(super) struct Bucket;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BucketProperties {
    bucket_name: Option<String>,
    versioning_configuration: Option<VersioningConfiguration>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VersioningConfiguration {
    status: String,
}

fn apply(call: &Call<BucketProperties>, bucket: &Stored) {
    let wanted = call.properties.versioning_configuration.as_ref().map(|given| given.status.as_str());
    bucket.set_versioning(match wanted {
        Some("Enabled") => Versioning::Enabled,
        None if bucket.versioning() == Versioning::Never => Versioning::Never,
        // What was versioned once can only be suspended.
        _ => Versioning::Suspended,
    });
    let tags = call.tags(&call.properties.tags);
    bucket.edit_tags(|all| *all = tags);
}

#[async_trait]
impl ResourceType for Bucket {
    const SCHEMA: &'static str = include_str!("schemas/s3-bucket.yaml");
    type Properties = BucketProperties;

    async fn create(call: Call<BucketProperties>) -> Result<Resource, Failure> {
        // Bucket names are lower case.
        let name = call.name(call.properties.bucket_name.as_ref(), 63).to_lowercase();
        let region = call.request.region.as_str();
        match call.services.s3.create_bucket(&name, region) {
            Ok(bucket) => apply(&call, &bucket),
            Err(S3Error::BucketExists { .. }) => return Err(exists("AWS::S3::Bucket", &name)),
            Err(error) => return Err(with(Code::InvalidRequest)(error)),
        }
        Ok(resource(
            name.clone(),
            [
                ("Arn", json!(format!("arn:aws:s3:::{name}"))),
                ("DomainName", json!(format!("{name}.s3.amazonaws.com"))),
                ("DualStackDomainName", json!(format!("{name}.s3.dualstack.{region}.amazonaws.com"))),
                ("RegionalDomainName", json!(format!("{name}.s3.{region}.amazonaws.com"))),
                ("WebsiteURL", json!(format!("http://{name}.s3-website-{region}.amazonaws.com"))),
            ],
        ))
    }

    async fn update(
        call: Call<BucketProperties>,
        current: Resource,
        _: BucketProperties,
    ) -> Result<Resource, Failure> {
        let bucket = call.services.s3.bucket(&current.physical_id).map_err(with(Code::NotFound))?;
        apply(&call, &bucket);
        Ok(current)
    }

    async fn delete(call: Call<BucketProperties>, current: Resource) -> Result<(), Failure> {
        match call.services.s3.delete_bucket(&current.physical_id) {
            Ok(()) | Err(S3Error::NoSuchBucket { .. }) => Ok(()),
            // AWS passes these words on as they are.
            Err(error @ S3Error::BucketNotEmpty { .. }) => Err(Failure::new(format!(
                "Resource handler returned message: \"{error} (Service: S3, Status Code: 409)\" (HandlerErrorCode: GeneralServiceException)"
            ))),
            Err(error) => Err(with(Code::InvalidRequest)(error)),
        }
    }
}

pub(super) struct BucketPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyProperties {
    bucket: String,
    policy_document: Value,
}

fn put(call: &Call<PolicyProperties>) -> Result<(), Failure> {
    let policy = document(&call.properties.policy_document, PolicyKind::Resource)?;
    let bucket = call.services.s3.bucket(&call.properties.bucket).map_err(with(Code::NotFound))?;
    bucket.set_configuration("policy", Some(policy.value().to_string()));
    Ok(())
}

#[async_trait]
impl ResourceType for BucketPolicy {
    const SCHEMA: &'static str = include_str!("schemas/s3-bucket-policy.yaml");
    type Properties = PolicyProperties;

    async fn create(call: Call<PolicyProperties>) -> Result<Resource, Failure> {
        let name = call.properties.bucket.clone();
        if call.services.s3.bucket(&name).is_ok_and(|bucket| bucket.configuration("policy").is_some()) {
            return Err(exists("AWS::S3::BucketPolicy", &name));
        }
        put(&call)?;
        Ok(resource(name, []))
    }

    async fn update(
        call: Call<PolicyProperties>,
        current: Resource,
        _: PolicyProperties,
    ) -> Result<Resource, Failure> {
        put(&call)?;
        Ok(current)
    }

    async fn delete(call: Call<PolicyProperties>, current: Resource) -> Result<(), Failure> {
        if let Ok(bucket) = call.services.s3.bucket(&current.physical_id) {
            bucket.set_configuration("policy", None);
        }
        Ok(())
    }
}
