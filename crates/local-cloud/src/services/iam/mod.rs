//! IAM: roles and policies, as far as other services ask for them.

mod document;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use document::{MalformedPolicy, PolicyDocument, PolicyKind, Verdict, wildcard};
pub use wire::IamService;

use crate::wire::epoch_millis;

/// Roles and managed policies of the account; IAM knows no regions.
#[derive(Default)]
pub struct Iam {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    roles: BTreeMap<String, Role>,
    /// By ARN.
    policies: BTreeMap<String, ManagedPolicy>,
    /// Milliseconds since the epoch, by ARN.
    created: BTreeMap<String, i64>,
    /// By name.
    profiles: BTreeMap<String, InstanceProfile>,
}

/// What gives a role to instances.
#[derive(Clone, Debug)]
pub struct InstanceProfile {
    pub name: String,
    pub arn: String,
    /// `AIPA…`
    pub id: String,
    /// Name of the role.
    pub role: Option<String>,
}

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    pub name: String,
    pub arn: String,
    /// `AROA…`
    pub id: String,
    pub trust: PolicyDocument,
    /// By policy name.
    pub inline: BTreeMap<String, PolicyDocument>,
    /// ARNs of managed policies.
    pub managed: Vec<String>,
    pub tags: BTreeMap<String, String>,
}

/// A policy of the account's own.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    pub name: String,
    pub arn: String,
    /// `ANPA…`
    pub id: String,
    pub document: PolicyDocument,
}

/// Why IAM refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IamError {
    #[error("{kind} with name {name} already exists.")]
    Exists { kind: &'static str, name: String },
    #[error("The {kind} with name {name} cannot be found.")]
    NotFound { kind: &'static str, name: String },
    #[error("Policy {0} does not exist or is not attachable.")]
    NotAttachable(String),
    #[error("Cannot delete a policy attached to entities.")]
    Attached,
}

impl Iam {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a role under a name that is free.
    pub fn create_role(&self, role: Role) -> Result<(), IamError> {
        let mut state = self.state();
        if state.roles.contains_key(&role.name) {
            return Err(IamError::Exists { kind: "Role", name: role.name });
        }
        state.check_managed(&role.managed)?;
        state.created.insert(role.arn.clone(), epoch_millis());
        state.roles.insert(role.name.clone(), role);
        Ok(())
    }

    /// Changes a role in place.
    pub fn change_role<T>(&self, name: &str, change: impl FnOnce(&mut Role) -> T) -> Result<T, IamError> {
        let mut state = self.state();
        let role = state
            .roles
            .get_mut(name)
            .ok_or_else(|| IamError::NotFound { kind: "role", name: name.into() })?;
        Ok(change(role))
    }

    /// Refuses ARNs of managed policies that nobody has; AWS's own are all known.
    pub fn check_managed(&self, arns: &[String]) -> Result<(), IamError> {
        self.state().check_managed(arns)
    }

    /// Deletes a role; one that is gone already is a success.
    pub fn delete_role(&self, name: &str) {
        let mut state = self.state();
        if let Some(role) = state.roles.remove(name) {
            state.created.remove(&role.arn);
        }
    }

    /// A role by name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<Role> {
        self.state().roles.get(name).cloned()
    }

    /// A role by ARN, whatever its path.
    #[must_use]
    pub fn role_by_arn(&self, arn: &str) -> Option<Role> {
        let name = arn.rsplit('/').next()?;
        self.role(name).filter(|role| role.arn == arn)
    }

    /// All roles in the order of their names.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        self.state().roles.values().cloned().collect()
    }

    /// Adds an instance profile under a name that is free.
    pub fn create_instance_profile(&self, profile: InstanceProfile) -> Result<(), IamError> {
        let mut state = self.state();
        if state.profiles.contains_key(&profile.name) {
            return Err(IamError::Exists { kind: "Instance Profile", name: profile.name });
        }
        state.check_roles(profile.role.as_slice())?;
        state.profiles.insert(profile.name.clone(), profile);
        Ok(())
    }

    /// Gives an instance profile another role.
    pub fn set_profile_role(&self, name: &str, role: Option<String>) -> Result<(), IamError> {
        let mut state = self.state();
        state.check_roles(role.as_slice())?;
        match state.profiles.get_mut(name) {
            Some(profile) => profile.role = role,
            None => return Err(IamError::NotFound { kind: "instance profile", name: name.into() }),
        }
        Ok(())
    }

    /// An instance profile by name.
    #[must_use]
    pub fn instance_profile(&self, name: &str) -> Option<InstanceProfile> {
        self.state().profiles.get(name).cloned()
    }

    /// All instance profiles in the order of their names.
    #[must_use]
    pub fn instance_profiles(&self) -> Vec<InstanceProfile> {
        self.state().profiles.values().cloned().collect()
    }

    /// Deletes an instance profile; one that is gone already is a success.
    pub fn delete_instance_profile(&self, name: &str) {
        self.state().profiles.remove(name);
    }

    /// A managed policy of the account by ARN.
    #[must_use]
    pub fn policy(&self, arn: &str) -> Option<ManagedPolicy> {
        self.state().policies.get(arn).cloned()
    }

    /// The managed policies of the account in the order of their ARNs.
    #[must_use]
    pub fn policies(&self) -> Vec<ManagedPolicy> {
        self.state().policies.values().cloned().collect()
    }

    /// When a role or a managed policy was made, in milliseconds since the epoch; 0 for one that does not exist.
    #[must_use]
    pub fn created_at(&self, arn: &str) -> i64 {
        self.state().created.get(arn).copied().unwrap_or_default()
    }

    /// Whether the role exists and lets `principal` (`lambda.amazonaws.com`) assume it.
    #[must_use]
    pub fn trusts(&self, role_arn: &str, principal: &str) -> bool {
        self.role_by_arn(role_arn).is_some_and(|role| role.trust.trusts(principal))
    }

    /// Whether the role's policies allow an action on a resource (on any, where none is given). AWS's own managed
    /// policies are not known by content, so a role that has one is allowed what nothing denies.
    #[must_use]
    pub fn allows(&self, role_arn: &str, action: &str, resource: Option<&str>) -> bool {
        self.verdict(role_arn, action, resource) == Verdict::Allow
    }

    /// What the role's policies say of an action on a resource, as [`Iam::allows`] asks it.
    #[must_use]
    pub fn verdict(&self, role_arn: &str, action: &str, resource: Option<&str>) -> Verdict {
        let Some(role) = self.role_by_arn(role_arn) else { return Verdict::Silent };
        let state = self.state();
        let managed =
            role.managed.iter().filter_map(|arn| state.policies.get(arn)).map(|policy| &policy.document);
        let verdicts: Vec<Verdict> =
            role.inline.values().chain(managed).map(|document| document.verdict(action, resource)).collect();
        let foreign = role.managed.iter().any(|arn| !state.policies.contains_key(arn));
        if verdicts.contains(&Verdict::Deny) {
            Verdict::Deny
        } else if foreign || verdicts.contains(&Verdict::Allow) {
            Verdict::Allow
        } else {
            Verdict::Silent
        }
    }

    /// Adds a managed policy and attaches it to roles.
    pub fn create_policy(&self, policy: ManagedPolicy, roles: &[String]) -> Result<(), IamError> {
        let mut state = self.state();
        if state.policies.contains_key(&policy.arn) {
            return Err(IamError::Exists { kind: "Policy", name: policy.name });
        }
        state.check_roles(roles)?;
        state.attach(&policy.arn, roles);
        state.created.insert(policy.arn.clone(), epoch_millis());
        state.policies.insert(policy.arn.clone(), policy);
        Ok(())
    }

    /// Replaces a managed policy's document and the roles that have it.
    pub fn update_policy(
        &self,
        arn: &str,
        document: PolicyDocument,
        roles: &[String],
    ) -> Result<(), IamError> {
        let mut state = self.state();
        state.check_roles(roles)?;
        match state.policies.get_mut(arn) {
            Some(policy) => policy.document = document,
            None => return Err(IamError::NotFound { kind: "policy", name: arn.into() }),
        }
        state.detach(arn);
        state.attach(arn, roles);
        Ok(())
    }

    /// Deletes a managed policy after it was detached from `roles`; another role that still has it prevents that.
    pub fn delete_policy(&self, arn: &str, roles: &[String]) -> Result<(), IamError> {
        let mut state = self.state();
        for name in roles {
            if let Some(role) = state.roles.get_mut(name) {
                role.managed.retain(|attached| attached != arn);
            }
        }
        if state.policies.contains_key(arn) && state.attached(arn) > 0 {
            return Err(IamError::Attached);
        }
        state.policies.remove(arn);
        state.created.remove(arn);
        Ok(())
    }

    /// To how many roles a managed policy is attached.
    #[must_use]
    pub fn attachments(&self, arn: &str) -> usize {
        self.state().attached(arn)
    }

    /// Puts an inline policy into each of `roles`, and takes it from every other role in `before`.
    pub fn put_inline(
        &self,
        name: &str,
        document: &PolicyDocument,
        roles: &[String],
        before: &[String],
    ) -> Result<(), IamError> {
        let mut state = self.state();
        state.check_roles(roles)?;
        for (role_name, role) in &mut state.roles {
            if roles.contains(role_name) {
                role.inline.insert(name.to_owned(), document.clone());
            } else if before.contains(role_name) {
                role.inline.remove(name);
            }
        }
        Ok(())
    }

    /// Takes an inline policy from roles; those that are gone do not matter.
    pub fn delete_inline(&self, name: &str, roles: &[String]) {
        let mut state = self.state();
        for role in roles {
            if let Some(role) = state.roles.get_mut(role) {
                role.inline.remove(name);
            }
        }
    }
}

impl State {
    fn check_managed(&self, arns: &[String]) -> Result<(), IamError> {
        let own = |arn: &String| !arn.contains(":iam::aws:policy/");
        match arns.iter().find(|arn| own(arn) && !self.policies.contains_key(*arn)) {
            None => Ok(()),
            Some(arn) => Err(IamError::NotAttachable(arn.clone())),
        }
    }

    fn check_roles(&self, names: &[String]) -> Result<(), IamError> {
        match names.iter().find(|name| !self.roles.contains_key(*name)) {
            None => Ok(()),
            Some(name) => Err(IamError::NotFound { kind: "role", name: name.clone() }),
        }
    }

    fn attach(&mut self, arn: &str, roles: &[String]) {
        for role in self.roles.values_mut().filter(|role| roles.contains(&role.name)) {
            if !role.managed.iter().any(|attached| attached == arn) {
                role.managed.push(arn.to_owned());
            }
        }
    }

    fn detach(&mut self, arn: &str) {
        for role in self.roles.values_mut() {
            role.managed.retain(|attached| attached != arn);
        }
    }

    fn attached(&self, arn: &str) -> usize {
        self.roles.values().filter(|role| role.managed.iter().any(|attached| attached == arn)).count()
    }
}
