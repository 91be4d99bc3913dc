//! Launch templates: how an instance is to be.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use super::Ec2Error;

/// A launch template with all its versions.
#[derive(Clone, Debug)]
pub struct LaunchTemplate {
    pub id: String,
    pub name: String,
    /// The first is version 1.
    pub versions: Vec<LaunchData>,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

/// One version, in the words of CloudFormation.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ec2-launchtemplate-launchtemplatedata.html>
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LaunchData {
    pub image_id: Option<String>,
    pub instance_type: Option<String>,
    pub iam_instance_profile: Option<ProfileReference>,
    pub network_interfaces: Vec<InterfaceSpec>,
    /// In Base64.
    pub user_data: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ProfileReference {
    pub arn: Option<String>,
    pub name: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InterfaceSpec {
    pub subnet_id: Option<String>,
    pub groups: Vec<String>,
    pub associate_public_ip_address: bool,
}

/// All launch templates of a region, by ID.
#[derive(Default)]
pub struct LaunchTemplates(Mutex<BTreeMap<String, LaunchTemplate>>);

impl LaunchTemplates {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, LaunchTemplate>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a template under a name that is free.
    pub fn insert(&self, template: LaunchTemplate) -> Result<(), Ec2Error> {
        let mut templates = self.lock();
        if templates.values().any(|other| other.name == template.name) {
            return Err(Ec2Error::TemplateExists { name: template.name });
        }
        templates.insert(template.id.clone(), template);
        Ok(())
    }

    /// Adds a version and gives its number.
    pub fn add_version(&self, id: &str, data: LaunchData) -> Result<usize, Ec2Error> {
        let mut templates = self.lock();
        let template = templates.get_mut(id).ok_or_else(|| missing(id))?;
        template.versions.push(data);
        Ok(template.versions.len())
    }

    /// Replaces a template's tags.
    pub fn set_tags(&self, id: &str, tags: BTreeMap<String, String>) -> Result<(), Ec2Error> {
        self.lock().get_mut(id).ok_or_else(|| missing(id))?.tags = tags;
        Ok(())
    }

    /// A version by its number, `$Latest` or `$Default`, which is the first.
    pub fn version(&self, id: &str, version: &str) -> Result<LaunchData, Ec2Error> {
        let templates = self.lock();
        let versions = &templates.get(id).ok_or_else(|| missing(id))?.versions;
        let number = match version {
            "$Latest" => Some(versions.len()),
            "$Default" => Some(1),
            number => number.parse().ok(),
        };
        let found = number.and_then(|number: usize| versions.get(number.checked_sub(1)?));
        found
            .cloned()
            .ok_or_else(|| Ec2Error::NoTemplateVersion { id: id.to_owned(), version: version.to_owned() })
    }

    /// Deletes a template; one that is gone already is a success.
    pub fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    /// All templates in the order of their IDs.
    #[must_use]
    pub fn all(&self) -> Vec<LaunchTemplate> {
        self.lock().values().cloned().collect()
    }
}

fn missing(id: &str) -> Ec2Error {
    Ec2Error::NotFound { kind: "launch template", id: id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_type(name: &str) -> LaunchData {
        LaunchData { instance_type: Some(name.to_owned()), ..LaunchData::default() }
    }

    #[test]
    fn versions_are_numbered_from_one() {
        let templates = LaunchTemplates::default();
        let template = LaunchTemplate {
            id: "lt-1".into(),
            name: "a".into(),
            versions: vec![of_type("t3.micro")],
            tags: BTreeMap::new(),
            created_at: 0,
        };
        templates.insert(template.clone()).unwrap();
        assert!(templates.insert(template).is_err());
        assert_eq!(templates.add_version("lt-1", of_type("t3.small")), Ok(2));
        assert_eq!(templates.version("lt-1", "1"), Ok(of_type("t3.micro")));
        assert_eq!(templates.version("lt-1", "$Latest"), Ok(of_type("t3.small")));
        for version in ["0", "3", "x"] {
            let error = templates.version("lt-1", version).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "Could not find the specified version {version} for the launch template with ID lt-1."
                )
            );
        }
    }
}
