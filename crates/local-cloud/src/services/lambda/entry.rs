use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use data_plane::function::Function;

use super::{Configuration, LATEST, LambdaError, Permission};

/// How often a version that leaves looks whether it still serves.
const RETIRE_POLL: Duration = Duration::from_millis(5);

/// A version's environments. Whoever invokes holds the `Arc`, so the count tells whether requests are in progress.
pub(super) struct Runner {
    pub function: Function,
    pub timeout: Duration,
}

impl Runner {
    /// Ends the environments once the requests that they serve have ended, which the timeout bounds.
    pub async fn retire(self: Arc<Self>) {
        let idle = async {
            while Arc::strong_count(&self) > 1 {
                tokio::time::sleep(RETIRE_POLL).await;
            }
        };
        if tokio::time::timeout(self.timeout, idle).await.is_err() {
            tracing::warn!("a function still served when it was stopped");
        }
        self.function.stop().await;
    }

    pub fn with_timeout(self: &Arc<Self>, timeout: Duration) -> Arc<Self> {
        if self.timeout == timeout {
            return Arc::clone(self);
        }
        Arc::new(Self { function: self.function.clone(), timeout })
    }
}

/// One version: settings and environments.
pub(super) struct Version {
    pub configuration: Configuration,
    pub runner: Arc<Runner>,
}

/// An alias.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html>
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    pub name: String,
    pub version: String,
    pub description: String,
    /// A second version with its share of the invocations, from 0 to 1.
    pub second: Option<(String, f64)>,
    /// Environments kept initialised for it.
    pub provisioned: u32,
}

impl Alias {
    /// Whether it points to a version.
    #[must_use]
    pub fn uses(&self, number: &str) -> bool {
        self.versions().any(|version| version == number)
    }

    /// The versions it points to.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.version.as_str()).chain(self.second.iter().map(|(version, _)| version.as_str()))
    }

    fn choose(&self) -> &str {
        match &self.second {
            // The low bits of a random UUID are uniform, which spares a source of randomness of our own.
            Some((version, share)) => {
                let [.., high, low] = uuid::Uuid::new_v4().into_bytes();
                let drawn = f64::from(u16::from_be_bytes([high, low])) / 65536.0;
                if drawn < *share { version } else { &self.version }
            }
            None => &self.version,
        }
    }
}

/// A version's number, settings, environments, the function's reservation and the environments kept for it.
pub(super) type Provisioning = (String, Configuration, Arc<Runner>, Option<u32>, u32);

/// Everything under one function's name.
pub(super) struct Entry {
    pub latest: Version,
    /// By number, with the environments that the version itself keeps.
    pub versions: BTreeMap<String, (Version, u32)>,
    next_version: u64,
    pub aliases: BTreeMap<String, Alias>,
    pub permissions: Vec<Permission>,
    pub reserved: Option<u32>,
    pub tags: BTreeMap<String, String>,
}

impl Entry {
    pub fn new(latest: Version, reserved: Option<u32>, tags: BTreeMap<String, String>) -> Self {
        Self {
            latest,
            versions: BTreeMap::new(),
            next_version: 1,
            aliases: BTreeMap::new(),
            permissions: Vec::new(),
            reserved,
            tags,
        }
    }

    /// The next number; numbers are never used twice.
    pub fn take_number(&mut self) -> String {
        let number = self.next_version;
        self.next_version += 1;
        number.to_string()
    }

    /// The newest version, where it equals what would be published.
    pub fn same_as(&self, configuration: &Configuration) -> Option<String> {
        let newest =
            self.versions.iter().max_by_key(|(number, _)| number.parse::<u64>().unwrap_or_default())?;
        let (number, (version, _)) = newest;
        let same = Configuration { modified_at: version.configuration.modified_at, ..configuration.clone() };
        (same == version.configuration).then(|| number.clone())
    }

    /// The published versions with what runs them.
    pub fn numbered(&self) -> Vec<(String, Configuration, Arc<Runner>, u32)> {
        let versions = self.versions.iter();
        versions
            .map(|(number, (version, _))| {
                (
                    number.clone(),
                    version.configuration.clone(),
                    Arc::clone(&version.runner),
                    self.provisioned(number, None),
                )
            })
            .collect()
    }

    /// The environments that a version keeps for itself and its aliases, with `changed` in the place of its namesake.
    fn provisioned(&self, number: &str, changed: Option<&Alias>) -> u32 {
        let own = self.versions.get(number).map_or(0, |(_, own)| *own);
        let others =
            self.aliases.values().filter(|alias| changed.is_none_or(|changed| changed.name != alias.name));
        let all = others.chain(changed).filter(|alias| alias.version == number);
        own + all.map(|alias| alias.provisioned).sum::<u32>()
    }

    /// The versions whose number of kept environments changes with an alias.
    pub fn provisioning(&self, alias: &Alias) -> Vec<Provisioning> {
        let versions = self.versions.iter();
        versions
            .filter_map(|(number, (version, _))| {
                let (before, after) = (self.provisioned(number, None), self.provisioned(number, Some(alias)));
                let runner = Arc::clone(&version.runner);
                (before != after)
                    .then(|| (number.clone(), version.configuration.clone(), runner, self.reserved, after))
            })
            .collect()
    }

    /// The version that a qualifier means now; an alias with weights draws one when `draw` is set.
    pub fn resolve(&self, qualifier: Option<&str>, draw: bool) -> Result<String, LambdaError> {
        let Some(qualifier) = qualifier.filter(|qualifier| *qualifier != LATEST) else {
            return Ok(LATEST.to_owned());
        };
        if let Some(alias) = self.aliases.get(qualifier) {
            return Ok(if draw { alias.choose() } else { &alias.version }.to_owned());
        }
        self.check_qualifier(Some(qualifier)).map(|()| qualifier.to_owned())
    }

    /// Refuses a qualifier that is neither a version nor an alias.
    pub fn check_qualifier(&self, qualifier: Option<&str>) -> Result<(), LambdaError> {
        match qualifier {
            None | Some(LATEST) => Ok(()),
            Some(known) if self.versions.contains_key(known) || self.aliases.contains_key(known) => Ok(()),
            Some(unknown) => Err(LambdaError::FunctionNotFound {
                arn: format!("{}:{unknown}", self.latest.configuration.arn),
            }),
        }
    }

    /// What runs the version that a qualifier means.
    pub fn runner(&self, qualifier: Option<&str>) -> Result<Arc<Runner>, LambdaError> {
        let number = self.resolve(qualifier, true)?;
        let version = self.versions.get(&number).map_or(&self.latest, |(version, _)| version);
        Ok(Arc::clone(&version.runner))
    }

    /// The settings of a version that exists.
    pub fn configuration(&self, number: &str) -> &Configuration {
        &self.versions.get(number).map_or(&self.latest, |(version, _)| version).configuration
    }

    pub fn runners(&self) -> impl Iterator<Item = &Arc<Runner>> {
        std::iter::once(&self.latest.runner).chain(self.versions.values().map(|(version, _)| &version.runner))
    }

    pub fn into_runners(self) -> Vec<Arc<Runner>> {
        let numbered = self.versions.into_values().map(|(version, _)| version.runner);
        std::iter::once(self.latest.runner).chain(numbered).collect()
    }
}
