//! What a command works with: flags, then `DEPLOY_*` variables, then the settings file, then defaults.

mod file;
mod names;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::GlobalArgs;
use crate::failure::Failure;
pub use file::SettingsFile;
pub use names::{Distance, Endpoint, Prefix, Region};

/// Where to deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// The embedded cloud.
    Local,
    /// AWS, or what an endpoint URL points at.
    Aws,
}

impl TargetKind {
    /// The name that `--target` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Aws => "aws",
        }
    }
}

/// The settings of one command, validated.
#[derive(Clone, Debug)]
pub struct Settings {
    pub target: TargetKind,
    pub prefix: Prefix,
    pub region: Option<Region>,
    /// How far apart the embedded cloud's regions are.
    pub distance: Distance,
    pub profile: Option<String>,
    pub endpoint: Option<Endpoint>,
    pub templates: Option<PathBuf>,
    /// The selection where the command line gives none; empty for all.
    pub variants: Vec<String>,
    /// Extra tags of every stack.
    pub tags: BTreeMap<String, String>,
    /// Values of tunables by variant.
    pub set: BTreeMap<String, BTreeMap<String, String>>,
    pub json: bool,
    pub quiet: bool,
    pub verbose: u8,
    pub yes: bool,
}

/// A value with the words for where it stands.
type Placed<T> = Option<(T, String)>;

impl Settings {
    /// Settles every setting, or says which one is wrong and where it stands. `environment` looks a variable up.
    pub fn resolve(flags: GlobalArgs, environment: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
        let config = flags.config.clone().or_else(|| variable("DEPLOY_CONFIG").map(PathBuf::from));
        let file = SettingsFile::find(config)?;
        let text = |flag: Option<String>, name: &str, filed: &Option<String>| -> Placed<String> {
            let key = name.replace('-', "_");
            let shouted = format!("DEPLOY_{}", key.to_uppercase());
            flag.map(|value| (value, format!("--{name}")))
                .or_else(|| variable(&shouted).map(|value| (value, shouted)))
                .or_else(|| filed.clone().map(|value| (value, file.place(&key))))
        };
        let target = text(flags.target, "target", &file.content.target);
        let endpoint = text(flags.endpoint_url, "endpoint-url", &file.content.endpoint_url);
        let target = target_kind(target, endpoint.as_ref())?;
        let templates = flags
            .templates
            .or_else(|| variable("DEPLOY_TEMPLATES").map(PathBuf::from))
            .or_else(|| file.content.templates.clone());
        Ok(Self {
            target,
            prefix: match text(flags.prefix, "prefix", &file.content.prefix) {
                Some((value, place)) => Prefix::parse(&value, &place)?,
                None => Prefix::default(),
            },
            region: text(flags.region, "region", &file.content.region)
                .map(|(value, place)| Region::parse(&value, &place))
                .transpose()?,
            distance: match text(flags.distance_ms, "distance-ms", &None) {
                Some((value, place)) => Distance::parse(&value, &place, target)?,
                None => Distance::default(),
            },
            profile: text(flags.profile, "profile", &file.content.profile).map(|(value, _)| value),
            endpoint: endpoint.map(|(value, place)| Endpoint::parse(&value, &place)).transpose()?,
            templates,
            variants: file.content.variants.clone().unwrap_or_default(),
            tags: file.tags()?,
            set: file.set(),
            json: flags.json || switch(variable("DEPLOY_JSON").as_deref(), "DEPLOY_JSON")?,
            quiet: flags.quiet || switch(variable("DEPLOY_QUIET").as_deref(), "DEPLOY_QUIET")?,
            verbose: flags.verbose,
            yes: flags.yes || switch(variable("DEPLOY_YES").as_deref(), "DEPLOY_YES")?,
        })
    }

    /// The stack of a template, by the template's file stem.
    pub fn stack_name(&self, stem: &str) -> String {
        format!("{}-{stem}", self.prefix)
    }

    /// The stack of a template in another region than the variants that use it. No two stacks of a deployment are called
    /// alike, nor those of two deployments whose variants stand in different regions.
    pub fn stack_name_in(&self, stem: &str, region: &str) -> String {
        format!("{}-{stem}-{region}", self.prefix)
    }
}

fn target_kind(target: Placed<String>, endpoint: Option<&(String, String)>) -> Result<TargetKind, Failure> {
    match (target, endpoint) {
        (None, None) => Ok(TargetKind::Local),
        (None, Some(_)) => Ok(TargetKind::Aws),
        (Some((name, _)), endpoint) if name == "local" => match endpoint {
            None => Ok(TargetKind::Local),
            Some((url, place)) => Err(Failure::new(format!(
                "the endpoint URL {url} ({place}) does not go with the target local, which is the embedded cloud"
            ))
            .hint("take --target aws for an endpoint of your own, or leave the endpoint URL out")),
        },
        (Some((name, _)), _) if name == "aws" => Ok(TargetKind::Aws),
        (Some((name, place)), _) => {
            Err(Failure::new(format!("{place}: no target \"{name}\"; there are local and aws")))
        }
    }
}

fn switch(value: Option<&str>, name: &str) -> Result<bool, Failure> {
    match value {
        None | Some("0" | "false" | "no") => Ok(false),
        Some("1" | "true" | "yes") => Ok(true),
        Some(other) => Err(Failure::new(format!("{name}: \"{other}\" is neither 1 nor 0"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(flags: GlobalArgs, variables: &[(&str, &str)]) -> Result<Settings, Failure> {
        Settings::resolve(flags, |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn flags_win_over_variables_and_variables_over_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("x.toml");
        std::fs::write(&config, "prefix = 'from-file'\nregion = 'eu-west-1'\ntarget = 'aws'\n").unwrap();
        let flags = || GlobalArgs { config: Some(config.clone()), ..GlobalArgs::default() };
        assert_eq!(resolve(flags(), &[]).unwrap().prefix.to_string(), "from-file");
        let variables = [("DEPLOY_PREFIX", "from-env")];
        assert_eq!(resolve(flags(), &variables).unwrap().prefix.to_string(), "from-env");
        let with_flag = GlobalArgs { prefix: Some("from-flag".to_owned()), ..flags() };
        let settings = resolve(with_flag, &variables).unwrap();
        assert_eq!(settings.prefix.to_string(), "from-flag");
        assert_eq!(settings.target, TargetKind::Aws);
        assert_eq!(settings.region.unwrap().to_string(), "eu-west-1");
    }

    #[test]
    fn an_endpoint_means_aws_and_does_not_go_with_local() {
        let url = Some("http://127.0.0.1:4566".to_owned());
        let settings =
            resolve(GlobalArgs { endpoint_url: url.clone(), ..GlobalArgs::default() }, &[]).unwrap();
        assert_eq!(settings.target, TargetKind::Aws);
        let flags =
            GlobalArgs { endpoint_url: url, target: Some("local".to_owned()), ..GlobalArgs::default() };
        let failure = resolve(flags, &[]).unwrap_err();
        assert!(failure.message.contains("does not go with the target local"), "{}", failure.message);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (name, value, words) in [
            ("DEPLOY_TARGET", "azure", "DEPLOY_TARGET: no target \"azure\"; there are local and aws"),
            ("DEPLOY_PREFIX", "Bake_Off", "DEPLOY_PREFIX: \"Bake_Off\" is not a prefix"),
            ("DEPLOY_REGION", "Ireland", "DEPLOY_REGION: \"Ireland\" is not a region"),
            (
                "DEPLOY_ENDPOINT_URL",
                "localhost:4566",
                "DEPLOY_ENDPOINT_URL: \"localhost:4566\" is not an endpoint URL",
            ),
            ("DEPLOY_YES", "maybe", "DEPLOY_YES: \"maybe\" is neither 1 nor 0"),
        ] {
            let failure = resolve(GlobalArgs::default(), &[(name, value)]).unwrap_err();
            assert!(failure.message.starts_with(words), "{}", failure.message);
        }
    }
}
