//! The parameter store of Systems Manager.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/Welcome.html>

mod public;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use wire::SsmService;

use super::RegionContext;
use crate::wire::{ApiError, epoch_millis};

/// Old versions of a parameter are kept up to this number.
const MOST_VERSIONS: usize = 100;

/// Parameters of one region, by name, and AWS's public ones.
pub struct Ssm {
    context: Arc<RegionContext>,
    parameters: Mutex<BTreeMap<String, Parameter>>,
}

/// A parameter. It has no `Debug`, because it may hold a secret.
#[derive(Clone)]
pub struct Parameter {
    pub name: String,
    pub arn: String,
    /// `String`, `StringList` or `SecureString`.
    pub kind: String,
    /// `text` or `aws:ec2:image`.
    pub data_type: String,
    pub description: Option<String>,
    pub allowed_pattern: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// The values of the versions up to the present one, which is the last.
    pub values: Vec<String>,
    /// The number of the present version, from 1.
    pub version: u64,
    /// Milliseconds since the epoch.
    pub modified_at: i64,
}

/// What a caller says of a parameter.
#[derive(Clone, Default)]
pub struct NewParameter {
    pub name: String,
    pub kind: String,
    pub value: String,
    pub data_type: Option<String>,
    pub description: Option<String>,
    pub allowed_pattern: Option<String>,
    pub tags: BTreeMap<String, String>,
}

/// Why the parameter store refuses, in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SsmError {
    #[error("Parameter {0} not found.")]
    NotFound(String),
    #[error("Systems Manager could not find version {version} of {name}. Verify the version and try again.")]
    NoVersion { name: String, version: u64 },
    #[error(
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
    )]
    Exists,
    #[error("Parameter value, cannot be validated against allowedPattern: {0}")]
    Pattern(String),
    #[error("{0}")]
    Validation(String),
}

impl From<SsmError> for ApiError {
    fn from(error: SsmError) -> Self {
        let code = match &error {
            SsmError::NotFound(_) => "ParameterNotFound",
            SsmError::NoVersion { .. } => "ParameterVersionNotFound",
            SsmError::Exists => "ParameterAlreadyExists",
            SsmError::Pattern(_) => "ParameterPatternMismatchException",
            SsmError::Validation(_) => "ValidationException",
        };
        Self::sender(code, error.to_string())
    }
}

impl Parameter {
    /// The present value.
    #[must_use]
    pub fn value(&self) -> &str {
        self.values.last().map(String::as_str).unwrap_or_default()
    }

    /// The value of a version that is still kept.
    fn value_of(&self, version: u64) -> Option<&str> {
        let age = usize::try_from(self.version.checked_sub(version)?).ok()?;
        let index = self.values.len().checked_sub(age + 1)?;
        self.values.get(index).map(String::as_str)
    }
}

impl Ssm {
    /// The processor that a machine image of AWS's is for; `None` for an image that does not exist in this region.
    #[must_use]
    pub fn image_architecture(&self, image: &str) -> Option<&'static str> {
        public::architecture(image, &self.context.region)
    }

    pub(crate) fn new(context: Arc<RegionContext>) -> Self {
        Self { context, parameters: Mutex::default() }
    }

    fn parameters(&self) -> MutexGuard<'_, BTreeMap<String, Parameter>> {
        self.parameters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ARN of a parameter: a name that is a path brings its own slash.
    fn arn(&self, name: &str) -> String {
        self.context.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')))
    }

    /// Adds a parameter, or a version to one that is there where `overwrite` is set.
    ///
    /// # Errors
    /// It is there, or its name, type or value is not allowed.
    pub fn put(&self, new: NewParameter, overwrite: bool) -> Result<Parameter, SsmError> {
        check(&new)?;
        let mut parameters = self.parameters();
        let before = parameters.get(&new.name);
        if before.is_some() && !overwrite {
            return Err(SsmError::Exists);
        }
        let mut values = before.map(|before| before.values.clone()).unwrap_or_default();
        values.push(new.value);
        if values.len() > MOST_VERSIONS {
            values.remove(0);
        }
        let parameter = Parameter {
            arn: self.arn(&new.name),
            kind: new.kind,
            data_type: new.data_type.unwrap_or_else(|| "text".to_owned()),
            description: new.description,
            allowed_pattern: new.allowed_pattern,
            tags: new.tags,
            values,
            version: before.map_or(0, |before| before.version) + 1,
            modified_at: epoch_millis(),
            name: new.name,
        };
        parameters.insert(parameter.name.clone(), parameter.clone());
        Ok(parameter)
    }

    /// A parameter by name or ARN, as of the version that `name:version` names.
    ///
    /// # Errors
    /// There is no such parameter or version.
    pub fn parameter(&self, reference: &str) -> Result<Parameter, SsmError> {
        let name = match reference.split_once(":parameter/") {
            Some((_, path)) => path,
            None => reference,
        };
        let (name, version) = match name.rsplit_once(':') {
            Some((name, version)) => (name, version.parse::<u64>().ok()),
            None => (name, None),
        };
        let missing = || SsmError::NotFound(reference.to_owned());
        let parameters = self.parameters();
        // An ARN does not tell whether the name begins with a slash.
        let found = parameters.get(name).or_else(|| parameters.get(&format!("/{name}"))).cloned();
        let mut parameter = match found {
            Some(parameter) => parameter,
            None => public::parameter(name, &self.context.region).ok_or_else(missing)?,
        };
        if let Some(version) = version {
            let value = parameter.value_of(version).map(str::to_owned);
            let missing = || SsmError::NoVersion { name: name.to_owned(), version };
            parameter.values = vec![value.ok_or_else(missing)?];
            parameter.version = version;
        }
        Ok(parameter)
    }

    /// The parameters of the account in the order of their names.
    #[must_use]
    pub fn all(&self) -> Vec<Parameter> {
        self.parameters().values().cloned().collect()
    }

    /// Deletes a parameter and says whether there was one.
    pub fn delete(&self, name: &str) -> bool {
        self.parameters().remove(name).is_some()
    }
}

fn check(new: &NewParameter) -> Result<(), SsmError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if new.name.is_empty() || !new.name.chars().all(allowed) {
        return Err(SsmError::Validation(
            "Parameter name must not be empty and only includes a-zA-Z0-9_.-/".into(),
        ));
    }
    let reserved = new.name.trim_start_matches('/').to_ascii_lowercase();
    if reserved.starts_with("aws") || reserved.starts_with("ssm") {
        return Err(SsmError::Validation(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).".into(),
        ));
    }
    if !["String", "StringList", "SecureString"].contains(&new.kind.as_str()) {
        return Err(SsmError::Validation(format!(
            "Value '{}' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]",
            new.kind
        )));
    }
    if new.value.is_empty() || new.value.len() > 4096 {
        return Err(SsmError::Validation("Standard tier parameters support a maximum parameter value of 4096 characters, and at least one.".into()));
    }
    let Some(pattern) = &new.allowed_pattern else { return Ok(()) };
    let regex = fancy_regex::Regex::new(pattern)
        .map_err(|error| SsmError::Validation(format!("Invalid AllowedPattern {pattern}: {error}")))?;
    if regex.is_match(&new.value).unwrap_or(false) { Ok(()) } else { Err(SsmError::Pattern(pattern.clone())) }
}
