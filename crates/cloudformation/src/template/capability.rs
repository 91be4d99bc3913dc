//! What a template must be acknowledged to do.

use std::fmt;

use indexmap::IndexMap;

use super::ResourceDefinition;

/// A capability that the caller acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    Iam,
    NamedIam,
    AutoExpand,
}

impl Capability {
    /// `CAPABILITY_IAM` and so on; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Iam, Self::NamedIam, Self::AutoExpand].into_iter().find(|one| one.as_str() == text)
    }

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iam => "CAPABILITY_IAM",
            Self::NamedIam => "CAPABILITY_NAMED_IAM",
            Self::AutoExpand => "CAPABILITY_AUTO_EXPAND",
        }
    }

    /// Whether acknowledging `self` covers what asks for `required`.
    #[must_use]
    pub fn covers(self, required: Self) -> bool {
        self == required || (self == Self::NamedIam && required == Self::Iam)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// IAM types, each with the property that names the resource.
const IAM_TYPES: [(&str, &str); 8] = [
    ("AWS::IAM::AccessKey", ""),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Policy", ""),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::UserToGroupAddition", ""),
];

pub(super) fn required(
    resources: &IndexMap<String, ResourceDefinition>,
) -> (Option<Capability>, Vec<String>) {
    let mut needed = None;
    let mut types = Vec::new();
    for resource in resources.values() {
        let Some((_, name)) = IAM_TYPES.iter().find(|(iam, _)| *iam == resource.type_name) else { continue };
        let named = !name.is_empty() && resource.properties.contains_key(*name);
        needed = needed.max(Some(if named { Capability::NamedIam } else { Capability::Iam }));
        if !types.contains(&resource.type_name) {
            types.push(resource.type_name.clone());
        }
    }
    (needed, types)
}
