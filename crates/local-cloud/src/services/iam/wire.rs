//! The wire handler of IAM: the query protocol.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{
    Iam, IamError, InstanceProfile, MalformedPolicy, ManagedPolicy, PolicyDocument, PolicyKind, Role,
};
use crate::Inventory;
use crate::services::page::PageRequest;
use crate::services::{Service, ids};
use crate::wire::{ApiError, Node, Params, WireRequest, WireResponse, iso_seconds};

/// IAM on the wire.
pub struct IamService {
    pub iam: Arc<Iam>,
    /// Twelve digits.
    pub account: String,
}

#[async_trait]
impl Service for IamService {
    fn name(&self) -> &'static str {
        "iam"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let params = request.params();
        let action = params.get("Action").unwrap_or_default();
        let result = match self.role_operation(action, &params) {
            Some(result) => result,
            None => self
                .policy_operation(action, &params)
                .unwrap_or_else(|| Err(ApiError::unknown_operation(&request, action))),
        };
        WireResponse::of_query(&request, action, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        inventory.roles.extend(self.iam.roles().into_iter().map(|role| role.name));
        let policies = self.iam.policies().into_iter().map(|policy| format!("policy {}", policy.name));
        inventory.others.extend(policies);
        let profiles = self.iam.instance_profiles();
        inventory.others.extend(profiles.iter().map(|profile| format!("instance-profile {}", profile.name)));
    }
}

impl From<IamError> for ApiError {
    fn from(error: IamError) -> Self {
        let message = error.to_string();
        let (status, code) = match error {
            IamError::NotFound { .. } | IamError::NotAttachable(_) => (StatusCode::NOT_FOUND, "NoSuchEntity"),
            IamError::Exists { .. } => (StatusCode::CONFLICT, "EntityAlreadyExists"),
            IamError::Attached => (StatusCode::CONFLICT, "DeleteConflict"),
        };
        Self::with_status(status, code, message)
    }
}

impl From<MalformedPolicy> for ApiError {
    fn from(error: MalformedPolicy) -> Self {
        Self::sender("MalformedPolicyDocument", error.to_string())
    }
}

impl IamService {
    fn role(&self, params: &Params) -> Result<Role, ApiError> {
        let name = params.required("RoleName")?;
        let missing = || IamError::NotFound { kind: "role", name: name.to_owned() };
        Ok(self.iam.role(name).ok_or_else(missing)?)
    }

    fn role_operation(&self, action: &str, params: &Params) -> Option<Result<Node, ApiError>> {
        let result = match action {
            "CreateRole" => self.create_role(params),
            "GetRole" => self.role(params).map(|role| wrap("Role", self.role_node(&role))),
            "ListRoles" => path_prefix(params).and_then(|prefix| {
                let mut roles = self.iam.roles();
                roles.retain(|role| path_of(&role.arn).starts_with(prefix));
                list(params, "Roles", roles, |role| &role.arn, |role| self.role_node(role))
            }),
            "DeleteRole" => self.delete_role(params),
            "TagRole" => self.change(params, |role| {
                role.tags.extend(params.map("Tags.member", "Key", "Value"));
            }),
            "UntagRole" => {
                let keys = params.values("TagKeys.member");
                self.change(params, |role| role.tags.retain(|key, _| !keys.contains(key)))
            }
            "ListRoleTags" => self.role(params).and_then(|role| {
                list(params, "Tags", role.tags.into_iter().collect(), |(key, _)| key, tag_node)
            }),
            "ListInstanceProfilesForRole" => self.role(params).and_then(|role| {
                let mut profiles = self.iam.instance_profiles();
                profiles.retain(|profile| profile.role.as_deref() == Some(&role.name));
                list(
                    params,
                    "InstanceProfiles",
                    profiles,
                    |profile| &profile.name,
                    |profile| self.profile_node(profile, &role),
                )
            }),
            "ListRolePolicies" => self.role(params).and_then(|role| {
                let names: Vec<String> = role.inline.into_keys().collect();
                list(params, "PolicyNames", names, |name| name, |name| name.as_str().into())
            }),
            "ListAttachedRolePolicies" => self.role(params).and_then(|role| {
                list(params, "AttachedPolicies", role.managed, |arn| arn, |arn| attached_node(arn))
            }),
            "UpdateAssumeRolePolicy" => document(params, PolicyKind::Trust, "PolicyDocument")
                .and_then(|trust| self.change(params, |role| role.trust = trust)),
            _ => return None,
        };
        Some(result)
    }

    fn policy_operation(&self, action: &str, params: &Params) -> Option<Result<Node, ApiError>> {
        let name = params.get("PolicyName").unwrap_or_default();
        let result = match action {
            "PutRolePolicy" => {
                document(params, PolicyKind::Identity, "PolicyDocument").and_then(|document| {
                    self.change(params, |role| {
                        role.inline.insert(name.to_owned(), document);
                    })
                })
            }
            "DeleteRolePolicy" => {
                self.change_existing(params, "role policy", name, |role| role.inline.remove(name).is_some())
            }
            "GetRolePolicy" => self.get_role_policy(params, name),
            "AttachRolePolicy" => params.required("PolicyArn").and_then(|arn| {
                self.iam.check_managed(&[arn.to_owned()])?;
                self.change(params, |role| {
                    if !role.managed.iter().any(|attached| attached == arn) {
                        role.managed.push(arn.to_owned());
                    }
                })
            }),
            "DetachRolePolicy" => params.required("PolicyArn").and_then(|arn| {
                self.change_existing(params, "policy", arn, |role| {
                    let before = role.managed.len();
                    role.managed.retain(|attached| attached != arn);
                    role.managed.len() < before
                })
            }),
            "CreatePolicy" => self.create_policy(params),
            "GetPolicy" => self.policy(params).map(|policy| wrap("Policy", self.policy_node(&policy))),
            "GetPolicyVersion" => self.policy(params).and_then(|policy| {
                let wanted = params.required("VersionId")?;
                if wanted != "v1" {
                    return Err(IamError::NotFound { kind: "policy version", name: wanted.to_owned() }.into());
                }
                let version = self.version_node(&policy).with("Document", encode(&policy.document));
                Ok(wrap("PolicyVersion", version))
            }),
            "ListPolicyVersions" => self.policy(params).map(|policy| {
                let versions = Node::List(vec![self.version_node(&policy)]);
                Node::Struct(vec![("Versions", versions), ("IsTruncated", false.into())])
            }),
            "ListPolicies" => self.list_policies(params),
            "DeletePolicy" => self.policy(params).and_then(|policy| {
                self.iam.delete_policy(&policy.arn, &[])?;
                Ok(Node::Null)
            }),
            _ => return None,
        };
        Some(result)
    }

    fn change(&self, params: &Params, change: impl FnOnce(&mut Role)) -> Result<Node, ApiError> {
        self.iam.change_role(params.required("RoleName")?, change)?;
        Ok(Node::Null)
    }

    /// Changes a role where `change` finds what it is about.
    fn change_existing(
        &self,
        params: &Params,
        kind: &'static str,
        name: &str,
        change: impl FnOnce(&mut Role) -> bool,
    ) -> Result<Node, ApiError> {
        if self.iam.change_role(params.required("RoleName")?, change)? {
            Ok(Node::Null)
        } else {
            Err(IamError::NotFound { kind, name: name.to_owned() }.into())
        }
    }

    fn create_role(&self, params: &Params) -> Result<Node, ApiError> {
        let name = checked_name(params, "RoleName", 64)?;
        let path = checked_path(params)?;
        let role = Role {
            arn: format!("arn:aws:iam::{}:role{path}{name}", self.account),
            name,
            id: ids::iam("AROA"),
            trust: document(params, PolicyKind::Trust, "AssumeRolePolicyDocument")?,
            inline: BTreeMap::new(),
            managed: Vec::new(),
            tags: params.map("Tags.member", "Key", "Value").into_iter().collect(),
        };
        self.iam.create_role(role.clone())?;
        Ok(wrap("Role", self.role_node(&role)))
    }

    fn delete_role(&self, params: &Params) -> Result<Node, ApiError> {
        let role = self.role(params)?;
        let conflict = |what: &str| {
            let message = format!("Cannot delete entity, must {what} policies first.");
            Err(ApiError::with_status(StatusCode::CONFLICT, "DeleteConflict", message))
        };
        if !role.managed.is_empty() {
            return conflict("detach all");
        }
        if !role.inline.is_empty() {
            return conflict("delete");
        }
        self.iam.delete_role(&role.name);
        Ok(Node::Null)
    }

    fn get_role_policy(&self, params: &Params, name: &str) -> Result<Node, ApiError> {
        let role = self.role(params)?;
        let missing = || IamError::NotFound { kind: "role policy", name: name.to_owned() };
        let document = role.inline.get(name).ok_or_else(missing)?;
        Ok(Node::Struct(vec![
            ("RoleName", role.name.as_str().into()),
            ("PolicyName", name.into()),
            ("PolicyDocument", encode(document)),
        ]))
    }

    fn create_policy(&self, params: &Params) -> Result<Node, ApiError> {
        let name = checked_name(params, "PolicyName", 128)?;
        let path = checked_path(params)?;
        let policy = ManagedPolicy {
            arn: format!("arn:aws:iam::{}:policy{path}{name}", self.account),
            name,
            id: ids::iam("ANPA"),
            document: document(params, PolicyKind::Identity, "PolicyDocument")?,
        };
        self.iam.create_policy(policy.clone(), &[])?;
        Ok(wrap("Policy", self.policy_node(&policy)))
    }

    fn list_policies(&self, params: &Params) -> Result<Node, ApiError> {
        let prefix = path_prefix(params)?;
        let mut policies = self.iam.policies();
        match params.get("Scope") {
            None | Some("All" | "Local") => {}
            // Those of AWS are known by name only, and are not listed.
            Some("AWS") => policies.clear(),
            Some(other) => {
                let message = format!("Value '{other}' at 'scope' is none of All, AWS and Local.");
                return Err(ApiError::sender("ValidationError", message));
            }
        }
        let attached = |policy: &ManagedPolicy| self.iam.attachments(&policy.arn) > 0;
        let only_attached = params.get("OnlyAttached") == Some("true");
        policies.retain(|policy| {
            path_of(&policy.arn).starts_with(prefix) && (!only_attached || attached(policy))
        });
        list(params, "Policies", policies, |policy| &policy.arn, |policy| self.policy_node(policy))
    }

    fn policy(&self, params: &Params) -> Result<ManagedPolicy, ApiError> {
        let arn = params.required("PolicyArn")?;
        let missing = || IamError::NotFound { kind: "policy", name: arn.to_owned() };
        Ok(self.iam.policy(arn).ok_or_else(missing)?)
    }

    fn role_node(&self, role: &Role) -> Node {
        Node::Struct(vec![
            ("Path", path_of(&role.arn).into()),
            ("RoleName", role.name.as_str().into()),
            ("RoleId", role.id.as_str().into()),
            ("Arn", role.arn.as_str().into()),
            ("CreateDate", iso_seconds(self.iam.created_at(&role.arn)).into()),
            ("AssumeRolePolicyDocument", encode(&role.trust)),
            ("Tags", Node::List(role.tags.clone().into_iter().map(|tag| tag_node(&tag)).collect())),
        ])
    }

    fn policy_node(&self, policy: &ManagedPolicy) -> Node {
        Node::Struct(vec![
            ("PolicyName", policy.name.as_str().into()),
            ("PolicyId", policy.id.as_str().into()),
            ("Arn", policy.arn.as_str().into()),
            ("Path", path_of(&policy.arn).into()),
            ("DefaultVersionId", "v1".into()),
            ("AttachmentCount", self.iam.attachments(&policy.arn).into()),
            ("IsAttachable", true.into()),
            ("CreateDate", iso_seconds(self.iam.created_at(&policy.arn)).into()),
        ])
    }

    fn profile_node(&self, profile: &InstanceProfile, role: &Role) -> Node {
        Node::Struct(vec![
            ("Path", path_of(&profile.arn).into()),
            ("InstanceProfileName", profile.name.as_str().into()),
            ("InstanceProfileId", profile.id.as_str().into()),
            ("Arn", profile.arn.as_str().into()),
            ("CreateDate", iso_seconds(self.iam.created_at(&profile.arn)).into()),
            ("Roles", Node::List(vec![self.role_node(role)])),
        ])
    }

    /// Policies here have one version, since an update replaces the document.
    fn version_node(&self, policy: &ManagedPolicy) -> Node {
        Node::Struct(vec![
            ("VersionId", "v1".into()),
            ("IsDefaultVersion", true.into()),
            ("CreateDate", iso_seconds(self.iam.created_at(&policy.arn)).into()),
        ])
    }
}

/// The path in an ARN: `/team/` of `arn:aws:iam::000000000000:role/team/name`.
fn path_of(arn: &str) -> &str {
    let resource = arn.find('/').map_or("/", |at| &arn[at..]);
    resource.rfind('/').map_or("/", |at| &resource[..=at])
}

fn checked_name(params: &Params, parameter: &str, max: usize) -> Result<String, ApiError> {
    let name = params.required(parameter)?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if name.len() <= max && name.bytes().all(legal) {
        return Ok(name.to_owned());
    }
    let message = format!(
        "The specified value {name:?} for {parameter} is invalid. It must have 1 to {max} alphanumeric characters or +=,.@-_"
    );
    Err(ApiError::sender("ValidationError", message))
}

fn checked_path(params: &Params) -> Result<&str, ApiError> {
    let path = params.get("Path").unwrap_or("/");
    if path.starts_with('/') && path.ends_with('/') && path.len() <= 512 {
        return Ok(path);
    }
    let message = format!("The specified value {path:?} for path is invalid. It must begin and end with /.");
    Err(ApiError::sender("ValidationError", message))
}

fn document(params: &Params, kind: PolicyKind, parameter: &str) -> Result<PolicyDocument, ApiError> {
    let text = params.required(parameter)?;
    Ok(PolicyDocument::parse(&Value::String(text.to_owned()), kind)?)
}

fn wrap(name: &'static str, node: Node) -> Node {
    Node::Struct(vec![(name, node)])
}

/// A page of a list.
fn list<T>(
    params: &Params,
    name: &'static str,
    items: Vec<T>,
    key: impl Fn(&T) -> &str,
    node: impl Fn(&T) -> Node,
) -> Result<Node, ApiError> {
    let page = PageRequest::of_form(params, "Marker", "MaxItems")
        .of(items, key, 100, 1000)
        .map_err(|error| error.coded("ValidationError", "ValidationError"))?;
    let truncated = page.next.is_some();
    Ok(Node::members([
        (name, Some(Node::List(page.items.iter().map(node).collect()))),
        ("IsTruncated", Some(truncated.into())),
        ("Marker", page.next.map(Node::from)),
    ]))
}

/// The path that listed entities are below.
fn path_prefix(params: &Params) -> Result<&str, ApiError> {
    let prefix = params.get("PathPrefix").unwrap_or("/");
    if prefix.starts_with('/') {
        return Ok(prefix);
    }
    let message = format!("The specified value {prefix:?} for pathPrefix is invalid. It must begin with /.");
    Err(ApiError::sender("ValidationError", message))
}

/// Policy documents are percent-encoded in answers.
fn encode(document: &PolicyDocument) -> Node {
    utf8_percent_encode(&document.value().to_string(), NON_ALPHANUMERIC).to_string().into()
}

fn tag_node((key, value): &(String, String)) -> Node {
    Node::Struct(vec![("Key", key.as_str().into()), ("Value", value.as_str().into())])
}

fn attached_node(arn: &str) -> Node {
    let name = arn.rsplit('/').next().unwrap_or_default();
    Node::Struct(vec![("PolicyName", name.into()), ("PolicyArn", arn.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_of_arns() {
        assert_eq!(path_of("arn:aws:iam::0:role/name"), "/");
        assert_eq!(path_of("arn:aws:iam::0:role/a/b/name"), "/a/b/");
    }
}
