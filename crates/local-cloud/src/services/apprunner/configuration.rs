//! Auto scaling configurations, which never change: a change is another revision of the name.

use std::collections::BTreeMap;

use data_plane::runner::Scaling;

use super::{AppRunner, AppRunnerError};
use crate::services::ids;
use crate::wire::epoch_millis;

/// One revision of an auto scaling configuration.
///
/// <https://docs.aws.amazon.com/apprunner/latest/api/API_AutoScalingConfiguration.html>
#[derive(Clone, Debug, PartialEq)]
pub struct AutoScalingConfiguration {
    pub arn: String,
    pub name: String,
    pub revision: u32,
    pub scaling: Scaling,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

/// The name that is there without having been made.
const DEFAULT: &str = "DefaultConfiguration";
/// What services without a configuration of their own have.
const DEFAULT_SCALING: Scaling = Scaling { min_size: 1, max_size: 25, max_concurrency: 100 };

impl AppRunner {
    /// The configuration of services that name none.
    pub(super) fn default_configuration(&self) -> AutoScalingConfiguration {
        AutoScalingConfiguration {
            arn: format!("{}{DEFAULT}/1/{:032}", self.configuration_prefix(), 1),
            name: DEFAULT.to_owned(),
            revision: 1,
            scaling: DEFAULT_SCALING,
            tags: BTreeMap::new(),
            created_at: 0,
        }
    }

    fn configuration_prefix(&self) -> String {
        format!("{}:autoscalingconfiguration/", self.prefix)
    }

    /// Makes the next revision of a name. What is left out is as in the default configuration.
    ///
    /// # Errors
    /// A name or bounds that App Runner does not take.
    pub fn create_configuration(
        &self,
        name: &str,
        (min_size, max_size, max_concurrency): (Option<u32>, Option<u32>, Option<u32>),
        tags: BTreeMap<String, String>,
    ) -> Result<AutoScalingConfiguration, AppRunnerError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !(4..=32).contains(&name.len()) || !starts || !name.chars().all(legal) || name == DEFAULT {
            return Err(AppRunnerError::InvalidRequest(format!(
                "AutoScalingConfigurationName {name:?} must be 4 to 32 letters, digits, hyphens and underscores, and not {DEFAULT}."
            )));
        }
        let scaling = Scaling {
            min_size: min_size.unwrap_or(DEFAULT_SCALING.min_size),
            max_size: max_size.unwrap_or(DEFAULT_SCALING.max_size),
            max_concurrency: max_concurrency.unwrap_or(DEFAULT_SCALING.max_concurrency),
        };
        for (what, value, most) in [
            ("MaxConcurrency", scaling.max_concurrency, 200),
            ("MinSize", scaling.min_size, 25),
            ("MaxSize", scaling.max_size, 25),
        ] {
            if !(1..=most).contains(&value) {
                return Err(AppRunnerError::InvalidRequest(format!(
                    "{what} is {value}; it must be from 1 to {most}."
                )));
            }
        }
        if scaling.min_size > scaling.max_size {
            return Err(AppRunnerError::InvalidRequest(format!(
                "MinSize {} must not be greater than MaxSize {}.",
                scaling.min_size, scaling.max_size
            )));
        }
        let mut state = self.state();
        let revisions = state.configurations.values().filter(|other| other.name == name);
        let revision = revisions.map(|other| other.revision).max().unwrap_or(0) + 1;
        let configuration = AutoScalingConfiguration {
            arn: format!("{}{name}/{revision}/{}", self.configuration_prefix(), ids::hex(32)),
            name: name.to_owned(),
            revision,
            scaling,
            tags,
            created_at: epoch_millis(),
        };
        state.configurations.insert(configuration.arn.clone(), configuration.clone());
        Ok(configuration)
    }

    /// A configuration by its ARN; one that ends in the name means the latest revision.
    pub fn configuration(&self, arn: &str) -> Result<AutoScalingConfiguration, AppRunnerError> {
        let all = self.configurations();
        let partial = format!("{}/", arn.trim_end_matches('/'));
        let found = all.iter().filter(|one| one.arn == arn || one.arn.starts_with(&partial));
        let latest = found.max_by_key(|one| one.revision);
        latest
            .cloned()
            .ok_or_else(|| AppRunnerError::NotFound(format!("The auto scaling configuration {arn}")))
    }

    /// All configurations with the default one, by name and revision.
    #[must_use]
    pub fn configurations(&self) -> Vec<AutoScalingConfiguration> {
        let mut all: Vec<_> = self.state().configurations.values().cloned().collect();
        all.push(self.default_configuration());
        all.sort_by(|one, other| (&one.name, one.revision).cmp(&(&other.name, other.revision)));
        all
    }

    /// Whether no other revision of its name is newer.
    pub(super) fn is_latest(&self, configuration: &AutoScalingConfiguration) -> bool {
        let newer = |other: &AutoScalingConfiguration| {
            other.name == configuration.name && other.revision > configuration.revision
        };
        !self.state().configurations.values().any(newer)
    }

    /// Deletes a configuration and gives what it was.
    ///
    /// # Errors
    /// It is not there, is the default, or a service has it.
    pub fn delete_configuration(&self, arn: &str) -> Result<AutoScalingConfiguration, AppRunnerError> {
        let configuration = self.configuration(arn)?;
        let mut state = self.state();
        let used = state.services.values().any(|service| service.configuration.arn == configuration.arn);
        if used || configuration.name == DEFAULT {
            return Err(AppRunnerError::InvalidRequest(format!(
                "The auto scaling configuration {} cannot be deleted while it is associated with services.",
                configuration.arn
            )));
        }
        state.configurations.remove(&configuration.arn);
        Ok(configuration)
    }
}
