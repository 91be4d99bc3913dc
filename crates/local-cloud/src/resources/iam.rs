//! `AWS::IAM::*`

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::kind::{Call, Code, ResourceType, Tag, exists, failed, resource};
use crate::Services;
use crate::services::iam::{
    IamError, InstanceProfile as StoredProfile, ManagedPolicy as StoredPolicy, PolicyDocument, PolicyKind,
    Role as StoredRole,
};
use crate::services::ids;
use crate::wire::{epoch_millis, iso_seconds};

/// Reads a policy document; what breaks its grammar is refused as `MalformedPolicyDocument`.
pub(super) fn document(value: &Value, kind: PolicyKind) -> Result<PolicyDocument, Failure> {
    PolicyDocument::parse(value, kind).map_err(|error| {
        failed(Code::InvalidRequest, format!("{error} (Error Code: MalformedPolicyDocument)"))
    })
}

fn refused(error: IamError) -> Failure {
    let code = match &error {
        IamError::Exists { .. } => Code::AlreadyExists,
        IamError::NotFound { .. } | IamError::NotAttachable(_) => Code::NotFound,
        IamError::Attached => Code::ResourceConflict,
    };
    failed(code, error)
}

pub(super) struct Role;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleProperties {
    assume_role_policy_document: Value,
    role_name: Option<String>,
    path: Option<String>,
    #[serde(default)]
    managed_policy_arns: Vec<String>,
    #[serde(default)]
    policies: Vec<InlinePolicy>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InlinePolicy {
    policy_document: Value,
    policy_name: String,
}

impl RoleProperties {
    fn inline(&self) -> Result<BTreeMap<String, PolicyDocument>, Failure> {
        let read = |policy: &InlinePolicy| {
            Ok((policy.policy_name.clone(), document(&policy.policy_document, PolicyKind::Identity)?))
        };
        self.policies.iter().map(read).collect()
    }
}

#[async_trait]
impl ResourceType for Role {
    const SCHEMA: &'static str = include_str!("schemas/iam-role.yaml");
    type Properties = RoleProperties;

    async fn create(call: Call<RoleProperties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let name = call.name(properties.role_name.as_ref(), 64);
        let path = properties.path.as_deref().unwrap_or("/");
        let role = StoredRole {
            arn: format!("arn:aws:iam::{}:role{path}{name}", call.request.account),
            id: ids::iam("AROA"),
            trust: document(&properties.assume_role_policy_document, PolicyKind::Trust)?,
            inline: properties.inline()?,
            managed: properties.managed_policy_arns.clone(),
            tags: call.tags(&properties.tags),
            name: name.clone(),
        };
        let created = resource(name.clone(), [("Arn", json!(role.arn)), ("RoleId", json!(role.id))]);
        match call.services.iam.create_role(role) {
            Ok(()) => Ok(created),
            Err(IamError::Exists { .. }) => Err(exists("AWS::IAM::Role", &name)),
            Err(error) => Err(refused(error)),
        }
    }

    async fn update(
        call: Call<RoleProperties>,
        current: Resource,
        before: RoleProperties,
    ) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let trust = document(&properties.assume_role_policy_document, PolicyKind::Trust)?;
        let (inline, tags) = (properties.inline()?, call.tags(&properties.tags));
        call.services.iam.check_managed(&properties.managed_policy_arns).map_err(refused)?;
        let change = |role: &mut StoredRole| {
            role.trust = trust;
            // Policies that other resources put into the role stay.
            role.inline.retain(|name, _| !before.policies.iter().any(|policy| policy.policy_name == *name));
            role.inline.extend(inline);
            role.managed.retain(|arn| !before.managed_policy_arns.contains(arn));
            role.managed.extend(properties.managed_policy_arns.iter().cloned());
            role.tags = tags;
        };
        call.services.iam.change_role(&current.physical_id, change).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<RoleProperties>, current: Resource) -> Result<(), Failure> {
        call.services.iam.delete_role(&current.physical_id);
        Ok(())
    }
}

pub(super) struct InstanceProfile;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InstanceProfileProperties {
    instance_profile_name: Option<String>,
    path: Option<String>,
    roles: Vec<String>,
}

#[async_trait]
impl ResourceType for InstanceProfile {
    const SCHEMA: &'static str = include_str!("schemas/iam-instance-profile.yaml");
    type Properties = InstanceProfileProperties;

    async fn create(call: Call<InstanceProfileProperties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let name = call.name(properties.instance_profile_name.as_ref(), 128);
        let path = properties.path.as_deref().unwrap_or("/");
        let profile = StoredProfile {
            arn: format!("arn:aws:iam::{}:instance-profile{path}{name}", call.request.account),
            id: ids::iam("AIPA"),
            role: properties.roles.first().cloned(),
            name: name.clone(),
        };
        let created = resource(name, [("Arn", json!(profile.arn))]);
        call.services.iam.create_instance_profile(profile).map_err(refused)?;
        Ok(created)
    }

    async fn update(
        call: Call<InstanceProfileProperties>,
        current: Resource,
        _: InstanceProfileProperties,
    ) -> Result<Resource, Failure> {
        let role = call.properties.roles.first().cloned();
        call.services.iam.set_profile_role(&current.physical_id, role).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<InstanceProfileProperties>, current: Resource) -> Result<(), Failure> {
        call.services.iam.delete_instance_profile(&current.physical_id);
        Ok(())
    }
}

pub(super) struct ManagedPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ManagedPolicyProperties {
    managed_policy_name: Option<String>,
    path: Option<String>,
    policy_document: Value,
    #[serde(default)]
    roles: Vec<String>,
}

fn policy_resource(arn: &str, id: &Value, attachments: usize, created: Value) -> Resource {
    resource(
        arn,
        [
            ("PolicyArn", json!(arn)),
            ("PolicyId", id.clone()),
            ("AttachmentCount", json!(attachments)),
            ("CreateDate", created),
            ("UpdateDate", json!(iso_seconds(epoch_millis()))),
            ("DefaultVersionId", json!("v1")),
            ("IsAttachable", json!(true)),
            ("PermissionsBoundaryUsageCount", json!(0)),
        ],
    )
}

#[async_trait]
impl ResourceType for ManagedPolicy {
    const SCHEMA: &'static str = include_str!("schemas/iam-managed-policy.yaml");
    type Properties = ManagedPolicyProperties;

    async fn create(call: Call<ManagedPolicyProperties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let name = call.name(properties.managed_policy_name.as_ref(), 128);
        let path = properties.path.as_deref().unwrap_or("/");
        let arn = format!("arn:aws:iam::{}:policy{path}{name}", call.request.account);
        let policy = StoredPolicy {
            name: name.clone(),
            arn: arn.clone(),
            id: ids::iam("ANPA"),
            document: document(&properties.policy_document, PolicyKind::Identity)?,
        };
        let id = json!(policy.id);
        match call.services.iam.create_policy(policy, &properties.roles) {
            Ok(()) => {}
            Err(IamError::Exists { .. }) => return Err(exists("AWS::IAM::ManagedPolicy", &arn)),
            Err(error) => return Err(refused(error)),
        }
        Ok(policy_resource(&arn, &id, properties.roles.len(), json!(iso_seconds(epoch_millis()))))
    }

    async fn update(
        call: Call<ManagedPolicyProperties>,
        current: Resource,
        _: ManagedPolicyProperties,
    ) -> Result<Resource, Failure> {
        let (iam, arn) = (&call.services.iam, current.physical_id.as_str());
        let document = document(&call.properties.policy_document, PolicyKind::Identity)?;
        iam.update_policy(arn, document, &call.properties.roles).map_err(refused)?;
        let kept = |name: &str| current.attributes.get(name).cloned().unwrap_or_default();
        Ok(policy_resource(arn, &kept("PolicyId"), iam.attachments(arn), kept("CreateDate")))
    }

    async fn delete(call: Call<ManagedPolicyProperties>, current: Resource) -> Result<(), Failure> {
        call.services.iam.delete_policy(&current.physical_id, &call.properties.roles).map_err(refused)
    }
}

pub(super) struct Policy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyProperties {
    policy_name: String,
    policy_document: Value,
    #[serde(default)]
    roles: Vec<String>,
}

#[async_trait]
impl ResourceType for Policy {
    const SCHEMA: &'static str = include_str!("schemas/iam-policy.yaml");
    type Properties = PolicyProperties;

    async fn create(call: Call<PolicyProperties>) -> Result<Resource, Failure> {
        let PolicyProperties { policy_name, policy_document, roles } = &call.properties;
        if roles.is_empty() {
            let message = "At least one of [Groups,Roles,Users] must be non-empty.";
            return Err(failed(Code::InvalidRequest, message));
        }
        let document = document(policy_document, PolicyKind::Identity)?;
        call.services.iam.put_inline(policy_name, &document, roles, &[]).map_err(refused)?;
        let id = call.request.generated_name(64);
        Ok(resource(id.clone(), [("Id", json!(id))]))
    }

    async fn update(
        call: Call<PolicyProperties>,
        current: Resource,
        before: PolicyProperties,
    ) -> Result<Resource, Failure> {
        let PolicyProperties { policy_name, policy_document, roles } = &call.properties;
        let document = document(policy_document, PolicyKind::Identity)?;
        call.services.iam.put_inline(policy_name, &document, roles, &before.roles).map_err(refused)?;
        if before.policy_name != *policy_name {
            call.services.iam.delete_inline(&before.policy_name, &before.roles);
        }
        Ok(current)
    }

    async fn delete(call: Call<PolicyProperties>, _: Resource) -> Result<(), Failure> {
        call.services.iam.delete_inline(&call.properties.policy_name, &call.properties.roles);
        Ok(())
    }
}

/// One policy inside one role; another name makes another one, which is there before the former goes.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-rolepolicy.html>
pub(super) struct RolePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RolePolicyProperties {
    policy_name: String,
    policy_document: Value,
    role_name: String,
}

impl RolePolicyProperties {
    fn put(&self, services: &Services) -> Result<(), Failure> {
        let document = document(&self.policy_document, PolicyKind::Identity)?;
        let roles = std::slice::from_ref(&self.role_name);
        services.iam.put_inline(&self.policy_name, &document, roles, &[]).map_err(refused)
    }
}

#[async_trait]
impl ResourceType for RolePolicy {
    const SCHEMA: &'static str = include_str!("schemas/iam-role-policy.yaml");
    type Properties = RolePolicyProperties;

    async fn create(call: Call<RolePolicyProperties>) -> Result<Resource, Failure> {
        let RolePolicyProperties { policy_name, role_name, .. } = &call.properties;
        if call.services.iam.role(role_name).is_some_and(|role| role.inline.contains_key(policy_name)) {
            return Err(exists("AWS::IAM::RolePolicy", &format!("{policy_name}|{role_name}")));
        }
        call.properties.put(&call.services)?;
        Ok(resource(format!("{policy_name}|{role_name}"), []))
    }

    async fn update(
        call: Call<RolePolicyProperties>,
        current: Resource,
        _: RolePolicyProperties,
    ) -> Result<Resource, Failure> {
        call.properties.put(&call.services)?;
        Ok(current)
    }

    async fn delete(call: Call<RolePolicyProperties>, _: Resource) -> Result<(), Failure> {
        let RolePolicyProperties { policy_name, role_name, .. } = &call.properties;
        call.services.iam.delete_inline(policy_name, std::slice::from_ref(role_name));
        Ok(())
    }
}
